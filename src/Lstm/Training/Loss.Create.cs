using Lstm.Training;

namespace Lstm;

/// <summary>
/// Makes losses in <see cref="float"/>. <c>new MeanSquaredError&lt;double&gt;()</c> and the like make those in double.
/// </summary>
public static class Loss
{
    /// <summary>Makes the mean of (y − t)², for targets that are real numbers.</summary>
    /// <param name="reduction">Mean or sum of the units.</param>
    public static MeanSquaredError<float> MeanSquaredError(Reduction reduction = Reduction.Mean)
        => new() { Reduction = reduction };

    /// <summary>Makes the mean of |y − t|, for targets with outliers.</summary>
    /// <param name="reduction">Mean or sum of the units.</param>
    public static MeanAbsoluteError<float> MeanAbsoluteError(Reduction reduction = Reduction.Mean)
        => new() { Reduction = reduction };

    /// <summary>Makes the Huber loss: squared up to <paramref name="delta"/>, linear beyond.</summary>
    /// <param name="delta">Where the loss becomes linear, above 0.</param>
    /// <param name="reduction">Mean or sum of the units.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="delta"/> is not above 0 and finite in float.</exception>
    public static HuberLoss<float> Huber(double delta = 1, Reduction reduction = Reduction.Mean)
        => new(delta) { Reduction = reduction };

    /// <summary>Makes the cross-entropy of yes-or-no targets 0 … 1, given by logits.</summary>
    /// <param name="reduction">Mean or sum of the units.</param>
    public static BinaryCrossEntropyWithLogits<float> BinaryCrossEntropyWithLogits(Reduction reduction = Reduction.Mean)
        => new() { Reduction = reduction };

    /// <summary>Makes the cross-entropy of one class among several, given by logits and integer labels.</summary>
    /// <param name="labelSmoothing">How much of each label is spread evenly over all classes, 0 … 1.</param>
    /// <param name="reduction">Mean or sum of the units.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="labelSmoothing"/> is outside 0 … 1.</exception>
    public static SoftmaxCrossEntropy<float> SoftmaxCrossEntropy(double labelSmoothing = 0, Reduction reduction = Reduction.Mean)
        => new() { LabelSmoothing = labelSmoothing, Reduction = reduction };
}
