using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;
using Lstm.Texts;
using Lstm.Training;
using Lstm.Training.Losses;

namespace Lstm;

/// <summary>
/// The Huber loss (1964): quadratic for small errors and linear for large ones, which limits the effect of outliers.
/// </summary>
/// <remarks>
/// With d = y − t: l = ½·d² where |d| ≤ δ, and δ·(|d| − ½·δ) beyond; ∂l/∂y = d clamped to ±δ. PyTorch's smooth L1 loss
/// with β is the Huber loss with δ = β, divided by β. <see cref="Loss{T}"/> describes how the values are combined.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class HuberLoss<T> : Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Initializes a Huber loss.</summary>
    /// <param name="delta">The error δ above which the loss is linear, finite and above 0 in <typeparamref name="T"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="delta"/> is not finite, or not above 0.</exception>
    public HuberLoss(double delta = 1)
    {
        if (!(double.IsFinite(delta) && delta > 0))
        {
            throw new ArgumentOutOfRangeException(nameof(delta), delta, "δ has to be finite and above 0.");
        }

        Delta = NumberCheck<T>.Check(delta, nameof(delta));
        Rows = new ElementLoss<HuberError, T>(T.CreateChecked(delta));
    }

    /// <summary>The error δ above which the loss is linear.</summary>
    public double Delta { get; }

    /// <summary>Gets <see cref="LossUnit.Element"/>: the mean is taken over all values of all rows.</summary>
    public override LossUnit Unit => LossUnit.Element;

    internal override RowLoss<T> Rows { get; }
}

internal readonly struct HuberError : IElementLoss
{
    public static bool Decides => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Apply<TSimd, TVec, T>(TVec y, TVec target, TVec parameter, out TVec slope)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVec d = TSimd.Subtract(y, target);
        TVec size = TSimd.Abs(d);
        TVec far = TSimd.GreaterThan(size, parameter);
        slope = TSimd.Select(far, TSimd.CopySign(parameter, d), d);
        TVec half = TSimd.Constant(0.5);
        TVec near = TSimd.Multiply(TSimd.Multiply(d, d), half);
        return TSimd.Select(far, TSimd.Multiply(parameter, TSimd.NegatedMultiplyAdd(parameter, half, size)), near);
    }
}
