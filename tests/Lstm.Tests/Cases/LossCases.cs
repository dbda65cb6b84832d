namespace Lstm.Tests.Cases;

/// <summary>Losses, over small networks.</summary>
internal static class LossCases
{
    public static NetworkCase[] All =>
    [
        new("loss mse, summed", 2, [3, 0, 5], new LstmSpec(3), new DenseSpec(3)) { Loss = CaseLoss.SquaredSum },
        new("loss l1", 2, [3, 0, 5], new LstmSpec(3), new DenseSpec(3)) { Loss = CaseLoss.Absolute },
        new("loss huber", 2, [3, 0, 5], new LstmSpec(3), new DenseSpec(3)) { Loss = CaseLoss.Huber },
        new("loss huber of half", 2, [3, 0, 5], new LstmSpec(3), new DenseSpec(3)) { Loss = CaseLoss.NarrowHuber },
        new("loss bce", 2, [3, 0, 5], new LstmSpec(3), new DenseSpec(3)) { Loss = CaseLoss.Binary },
        new("loss bce, weighted", 2, [3, 0, 5], new LstmSpec(3), new DenseSpec(3)) { Loss = CaseLoss.WeightedBinary },
        new("loss softmax", 2, [3, 0, 5], new LstmSpec(3), new DenseSpec(3)) { Loss = CaseLoss.Softmax },
        new(
            "loss softmax, all options", 2, [3, 0, 5],
            new LstmSpec(3), new DenseSpec(3)) { Loss = CaseLoss.EveryOptionOfSoftmax },
        new(
            "loss of a pooled row", 2, [3, 0, 5],
            new LstmSpec(3), new PoolingSpec(Pooling.Mean), new DenseSpec(4)) { Loss = CaseLoss.Softmax },
    ];
}
