using System.Numerics;
using Lstm.Training;

namespace Lstm.Tests.Cases;

/// <summary>The loss of a case: every loss of the library, and every option of it in one of them.</summary>
internal enum CaseLoss
{
    Squared,
    SquaredSum,
    Absolute,
    Huber,
    NarrowHuber,
    Binary,
    WeightedBinary,
    Softmax,
    EveryOptionOfSoftmax,
}

internal static class CaseLosses
{
    public static bool TakesLabels(this CaseLoss loss) => loss is CaseLoss.Softmax or CaseLoss.EveryOptionOfSoftmax;

    /// <summary>The loss for outputs of three values, or of any number if it has no weights of them.</summary>
    public static Loss<T> Create<T>(this CaseLoss loss)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => loss switch
        {
            CaseLoss.Squared => new MeanSquaredError<T>(),
            CaseLoss.SquaredSum => new MeanSquaredError<T> { Reduction = Reduction.Sum },
            CaseLoss.Absolute => new MeanAbsoluteError<T>(),
            CaseLoss.Huber => new HuberLoss<T>(),
            CaseLoss.NarrowHuber => new HuberLoss<T>(0.5),
            CaseLoss.Binary => new BinaryCrossEntropyWithLogits<T>(),
            CaseLoss.WeightedBinary => new BinaryCrossEntropyWithLogits<T>(0.5, 1, 2),
            CaseLoss.Softmax => new SoftmaxCrossEntropy<T>(),
            _ => new SoftmaxCrossEntropy<T>(1, 0.5, 2) { LabelSmoothing = 0.1, IgnoredLabel = 1, Reduction = Reduction.Sum },
        };
}
