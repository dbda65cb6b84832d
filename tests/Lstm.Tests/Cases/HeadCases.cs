using Lstm.Specs;

namespace Lstm.Tests.Cases;

/// <summary>What stands before and behind LSTM layers: dense layers, dropout, pooling, embeddings.</summary>
internal static class HeadCases
{
    public static NetworkCase[] All =>
    [
        new(
            "merge product, last", 2, [3, 0, 5],
            new LstmSpec(4) { Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Product },
            new DropoutSpec(0.3), new PoolingSpec(Pooling.Last)),
        new(
            "residual reverse, last", 4, [3, 0, 5],
            new LstmSpec(4) { Direction = LstmDirection.Reverse, Shortcut = LstmShortcut.Add },
            new PoolingSpec(Pooling.Last)),
        new(
            "skip", 2, [3, 0, 5],
            new LstmSpec(3) { Layers = 3, Dropout = 0.3, Shortcut = LstmShortcut.Concatenate },
            new PoolingSpec(Pooling.Last)),
        new("pooling last", 2, [3, 0, 2], new LstmSpec(3), new PoolingSpec(Pooling.Last), new DenseSpec(2)),
        new(
            "pooling last bidirectional", 2, [3, 0, 5],
            new LstmSpec(3) { Direction = LstmDirection.Bidirectional },
            new DropoutSpec(0.2), new PoolingSpec(Pooling.Last)),
        new(
            "pooling last reverse", 2, [3, 1, 5],
            new LstmSpec(3) { Direction = LstmDirection.Reverse },
            new PoolingSpec(Pooling.Last)),
        new(
            "pooling mean", 2, [3, 0, 5],
            new LstmSpec(3) { Direction = LstmDirection.Bidirectional },
            new PoolingSpec(Pooling.Mean), new DenseSpec(2)),
        new("pooling max", 2, [3, 0, 5], new LstmSpec(3), new PoolingSpec(Pooling.Max), new DenseSpec(2)),
        new(
            "pooling max bidirectional", 2, [6, 0, 5],
            new LstmSpec(5) { Direction = LstmDirection.Bidirectional },
            new PoolingSpec(Pooling.Max)),
        new("embedding", 5, [3, 0, 6], new EmbeddingSpec(3), new LstmSpec(2), new DenseSpec(2)),
        new("dense none", 3, [3, 0, 2], new DenseSpec(9), new LstmSpec(2)),
        new("dense sigmoid", 3, [3, 0, 2], new LstmSpec(2), new DenseSpec(9) { Activation = Activation.Sigmoid }),
        new("dense tanh", 3, [3, 2], new LstmSpec(2), new DenseSpec(33) { Activation = Activation.Tanh, Bias = false }),
        new(
            "dense relu", 3, [3, 0, 2],
            new DenseSpec(9) { Activation = Activation.Relu },
            new LstmSpec(3), new DenseSpec(4) { Activation = Activation.Relu },
            new DenseSpec(2)),
        new("dropout", 6, [3, 0, 2], new DropoutSpec(0.5), new LstmSpec(3), new DropoutSpec(0.25)),
        new(
            "all of them", 4, [2, 0, 3],
            new DropoutSpec(0.2), new LstmSpec(2), new DenseSpec(3) { Activation = Activation.Tanh },
            new LstmSpec(3) { Direction = LstmDirection.Reverse },
            new PoolingSpec(Pooling.Last), new DenseSpec(1)),
        new(
            "stack of odd sizes", 3, [3, 0, 5],
            new LstmSpec(11) { Layers = 3, Dropout = 0.3, Bias = LstmBias.Two },
            new DenseSpec(5) { Activation = Activation.Tanh }),
        new(
            "last of both ways", 3, [3, 0, 5],
            new LstmSpec(7) { Direction = LstmDirection.Bidirectional },
            new PoolingSpec(Pooling.Last), new DenseSpec(2)),
        new(
            "mean of odd sizes", 3, [3, 0, 5],
            new LstmSpec(19), new PoolingSpec(Pooling.Mean), new DenseSpec(2) { Activation = Activation.Sigmoid }),
        new(
            "max of both ways with dropout", 3, [3, 0, 5],
            new LstmSpec(5) { Direction = LstmDirection.Bidirectional },
            new DropoutSpec(0.1), new PoolingSpec(Pooling.Max)),
        new("embedding of odd sizes", 13, [3, 0, 5], new EmbeddingSpec(7), new LstmSpec(9), new DenseSpec(13)),
        new("dense alone", 4, [3, 0, 5], new DenseSpec(70) { Activation = Activation.Relu }, new DenseSpec(3) { Bias = false }),
        new(
            "narrow stack", 3, [3, 0, 5],
            new LstmSpec(19) { Layers = 2, Bias = LstmBias.Two, Dropout = 0.5 },
            new DenseSpec(2) { Activation = Activation.Tanh }),
        new("embedding of 17 units", 11, [3, 0, 5], new EmbeddingSpec(6) { Name = "ids" }, new LstmSpec(17), new DenseSpec(11)),
        new(
            "dense relu and sigmoid", 4, [3, 0, 5],
            new DenseSpec(21) { Activation = Activation.Relu },
            new DenseSpec(3) { Activation = Activation.Sigmoid, Bias = false }),
        new(
            "stack with dropout and dense layers", 4, [3, 0, 5],
            new DropoutSpec(0.2), new DenseSpec(5) { Activation = Activation.Tanh },
            new LstmSpec(9) { Layers = 2, Dropout = 0.3 },
            new DropoutSpec(0.1), new DenseSpec(3)) { OnLongBatches = true },
        new(
            "pooled", 4, [3, 0, 5],
            new LstmSpec(9), new PoolingSpec(Pooling.Last), new LstmSpec(5), new DenseSpec(2)) { OnLongBatches = true },
        new(
            "pooled both ways", 4, [3, 0, 5],
            new LstmSpec(9) { Direction = LstmDirection.Bidirectional },
            new PoolingSpec(Pooling.Max), new DenseSpec(2)) { OnLongBatches = true },
        new("mean", 4, [3, 0, 5], new LstmSpec(9), new DenseSpec(4), new PoolingSpec(Pooling.Mean)) { OnLongBatches = true },
        new(
            "both ways, dropout, tanh", 3, [3, 0, 5],
            new LstmSpec(19) { Layers = 2, Direction = LstmDirection.Bidirectional, Dropout = 0.3 },
            new DenseSpec(5) { Activation = Activation.Tanh }) { OnEveryInstructionSet = true },
        new(
            "last of a learned state", 37, [3, 0, 5],
            new LstmSpec(9) { Bias = LstmBias.Two, LearnInitialState = true },
            new PoolingSpec(Pooling.Last),
            new DenseSpec(2) { Activation = Activation.Sigmoid }) { OnEveryInstructionSet = true },
        new(
            "mean, relu", 2, [3, 0, 5],
            new LstmSpec(5), new PoolingSpec(Pooling.Mean), new DenseSpec(20) { Activation = Activation.Relu },
            new DenseSpec(1)) { OnEveryInstructionSet = true },
        new(
            "max of reverse", 2, [3, 0, 5],
            new LstmSpec(17) { Direction = LstmDirection.Reverse },
            new DropoutSpec(0.2), new PoolingSpec(Pooling.Max)) { OnEveryInstructionSet = true },
        new(
            "embedding, Keras start", 13, [3, 0, 5],
            new EmbeddingSpec(6), new LstmSpec(8) { Initialization = LstmInitialization.Keras },
            new DenseSpec(13)) { OnEveryInstructionSet = true },
        new(
            "last of ids", 11, [3, 0, 5],
            new EmbeddingSpec(4), new LstmSpec(17) { Bias = LstmBias.None },
            new PoolingSpec(Pooling.Last)),
        new("pooling alone", 3, [3, 0, 5], new PoolingSpec(Pooling.Mean)),
        new(
            "named layers", 3, [1, 2],
            new LstmSpec(3) { Name = "first" },
            new DropoutSpec(0.1) { Name = "second" },
            new PoolingSpec(Pooling.Last) { Name = "third" },
            new DenseSpec(2) { Name = "fourth" }),
        new(
            "max of a learned state both ways", 4, [3, 0, 5],
            new LstmSpec(9) { Direction = LstmDirection.Bidirectional, LearnInitialState = true },
            new PoolingSpec(Pooling.Max), new DenseSpec(2)),
        new(
            "embedding, softmax", 11, [3, 0, 5],
            new EmbeddingSpec(5), new LstmSpec(9), new DenseSpec(11)) { Loss = CaseLoss.Softmax },
    ];
}
