using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Simd;
using Lstm.Texts;
using Lstm.Training;
using Lstm.Training.Losses;

namespace Lstm;

/// <summary>The binary cross-entropy of independent decisions, each with a logit x whose probability is σ(x).</summary>
/// <remarks>
/// l = −p·t·log σ(x) − (1 − t)·log(1 − σ(x)), computed as (1 − t)·x + (1 + (p − 1)·t)·log(1 + e⁻ˣ), which does not overflow for
/// any x; ∂l/∂x = (1 + (p − 1)·t)·σ(x) − p·t. The target t is 0, 1 or a probability. The weight p of the positive class is 1 by
/// default. <see cref="Loss{T}"/> describes how the values are combined. p is not part of Σ w, as in PyTorch.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class BinaryCrossEntropyWithLogits<T> : Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Initializes a binary cross-entropy loss.</summary>
    /// <param name="positiveWeights">
    /// The weights p of the positive class: one for all features or one for each feature, finite in <typeparamref name="T"/> and
    /// at least 0. Default 1.
    /// </param>
    /// <exception cref="ArgumentException">
    /// A weight is negative or not finite, or is above 0 and rounded to 0 in <typeparamref name="T"/>.
    /// </exception>
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

    /// <summary>Gets <see cref="LossUnit.Element"/>: the mean is taken over all values of all rows.</summary>
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
