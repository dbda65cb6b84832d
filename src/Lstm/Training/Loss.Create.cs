using Lstm.Training;

namespace Lstm;

/// <summary>
/// Creates losses for networks of <see cref="float"/>. For <see cref="double"/> use the constructors, such as
/// <c>new MeanSquaredError&lt;double&gt;()</c>.
/// </summary>
public static class Loss
{
    /// <summary>Creates the mean squared error, (y − t)², for targets that are real numbers.</summary>
    /// <param name="reduction">Whether the loss is the mean or the sum over its units. Default the mean.</param>
    public static MeanSquaredError<float> MeanSquaredError(Reduction reduction = Reduction.Mean)
        => new() { Reduction = reduction };

    /// <summary>Creates the mean absolute error, |y − t|, for targets with outliers.</summary>
    /// <param name="reduction">Whether the loss is the mean or the sum over its units. Default the mean.</param>
    public static MeanAbsoluteError<float> MeanAbsoluteError(Reduction reduction = Reduction.Mean)
        => new() { Reduction = reduction };

    /// <summary>
    /// Creates the Huber loss, which is quadratic up to an error of <paramref name="delta"/> and linear beyond.
    /// </summary>
    /// <param name="delta">The error δ above which the loss is linear, finite and above 0. Default 1.</param>
    /// <param name="reduction">Whether the loss is the mean or the sum over its units. Default the mean.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="delta"/> is not above 0 and finite in float.</exception>
    public static HuberLoss<float> Huber(double delta = 1, Reduction reduction = Reduction.Mean)
        => new(delta) { Reduction = reduction };

    /// <summary>Creates the binary cross-entropy of logits and targets 0 … 1.</summary>
    /// <param name="reduction">Whether the loss is the mean or the sum over its units. Default the mean.</param>
    public static BinaryCrossEntropyWithLogits<float> BinaryCrossEntropyWithLogits(Reduction reduction = Reduction.Mean)
        => new() { Reduction = reduction };

    /// <summary>Creates the cross-entropy of logits and integer labels, for one class among several.</summary>
    /// <param name="labelSmoothing">The part of each label that is spread evenly over all classes, 0 … 1. Default 0.</param>
    /// <param name="reduction">Whether the loss is the mean or the sum over its units. Default the mean.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="labelSmoothing"/> is outside 0 … 1.</exception>
    public static SoftmaxCrossEntropy<float> SoftmaxCrossEntropy(double labelSmoothing = 0, Reduction reduction = Reduction.Mean)
        => new() { LabelSmoothing = labelSmoothing, Reduction = reduction };
}
