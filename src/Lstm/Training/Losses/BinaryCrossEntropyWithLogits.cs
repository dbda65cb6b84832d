using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Simd;
using Lstm.Texts;
using Lstm.Training;
using Lstm.Training.Losses;

namespace Lstm;

/// <summary>The cross-entropy of independent yes-or-no decisions, each given by a logit x: the probability is σ(x).</summary>
/// <remarks>
/// l = −p·t·log σ(x) − (1 − t)·log(1 − σ(x)), computed as (1 − t)·x + (1 + (p − 1)·t)·log(1 + e⁻ˣ), which no x overflows;
/// ∂l/∂x = (1 + (p − 1)·t)·σ(x) − p·t. t is 0 or 1, or a probability; p weighs the positive side and is 1 unless given.
/// <see cref="Loss{T}"/> says how values are put together; p does not count in its Σ w, as in PyTorch.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class BinaryCrossEntropyWithLogits<T> : Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Makes the loss.</summary>
    /// <param name="positiveWeights">
    /// p: one for all features or one for each, finite in <typeparamref name="T"/> and at least 0; none for 1.
    /// </param>
    /// <exception cref="ArgumentException">A weight is negative or not finite, or becomes 0.</exception>
    public BinaryCrossEntropyWithLogits(params ReadOnlySpan<double> positiveWeights)
    {
        T[] weights = new T[Math.Max(1, positiveWeights.Length)];
        weights[0] = T.One;
        for (int i = 0; i < positiveWeights.Length; i++)
        {
            weights[i] = NumberCheck<T>.Weight(positiveWeights[i], "Positive weight", i, nameof(positiveWeights));
        }

        Rows = new ElementLoss<LogitError, T>(weights);
    }

    /// <summary><see cref="LossUnit.Element"/>: the mean is over all values of all rows.</summary>
    public override LossUnit Unit => LossUnit.Element;

    internal override RowLoss<T> Rows { get; }
}

internal readonly struct LogitError : IElementLoss
{
    public static bool Decides => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Apply<TSimd, TVec, T>(TVec y, TVec target, TVec parameter, out TVec slope)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVec one = TSimd.Constant(1);
        TVec factor = TSimd.MultiplyAdd(TSimd.Subtract(parameter, one), target, one);
        TVec positive = TSimd.Multiply(parameter, target);
        slope = TSimd.Subtract(TSimd.Multiply(factor, Elementary<TSimd, TVec, T>.Sigmoid(y)), positive);
        TVec softplus = Elementary<TSimd, TVec, T>.Softplus(TSimd.Subtract(TSimd.Zero, y));
        return TSimd.MultiplyAdd(TSimd.Subtract(one, target), y, TSimd.Multiply(factor, softplus));
    }
}
