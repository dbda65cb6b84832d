using Lstm.Specs;

namespace Lstm.Tests.Cases;

/// <summary>Layers without recurrence of their own: activations, layer normalisation, repetition, poolings by step.</summary>
internal static class SmallLayerCases
{
    public static NetworkCase[] All =>
    [
        new("sigmoid layer", 3, [3, 0, 2], new LstmSpec(9), new ActivationSpec(ActivationFunction.Sigmoid)),
        new("tanh layer", 3, [3, 0, 2], new ActivationSpec(ActivationFunction.Tanh) { Name = "bounded" }, new LstmSpec(9)),
        new("relu layer", 3, [3, 0, 2], new LstmSpec(5), new ActivationSpec(ActivationFunction.Relu), new DenseSpec(2)),
        new(
            "hardSigmoid layer", 3, [3, 0, 2],
            new LstmSpec(5), new ActivationSpec(ActivationFunction.HardSigmoid) { Alpha = 0.3, Beta = 0.4 }),
        new(
            "leakyRelu layer", 3, [3, 0, 2],
            new LstmSpec(5), new ActivationSpec(ActivationFunction.LeakyRelu) { Alpha = 0.1 }),
        new("elu layer", 3, [3, 0, 2], new LstmSpec(5), new ActivationSpec(ActivationFunction.Elu) { Alpha = 0.7 }),
        new("softsign layer", 3, [3, 0, 2], new LstmSpec(5), new ActivationSpec(ActivationFunction.Softsign)),
        new(
            "softplus layer", 3, [3, 0, 2],
            new LstmSpec(17), new ActivationSpec(ActivationFunction.Softplus)) { OnEveryInstructionSet = true },
        new(
            "scaledTanh layer", 3, [3, 0, 2],
            new LstmSpec(5), new ActivationSpec(ActivationFunction.ScaledTanh) { Alpha = 1.7, Beta = 0.6 }),
        new(
            "affine layer", 3, [3, 0, 2],
            new LstmSpec(5), new ActivationSpec(ActivationFunction.Affine) { Alpha = 0.8, Beta = 0.1 }),
        new(
            "thresholdedRelu layer", 3, [3, 0, 2],
            new LstmSpec(5), new ActivationSpec(ActivationFunction.ThresholdedRelu) { Alpha = 0.05 }),
        new(
            "softmax layer", 3, [3, 0, 2],
            new LstmSpec(4), new DenseSpec(11),
            new ActivationSpec(ActivationFunction.Softmax)) { OnLongBatches = true, OnEveryInstructionSet = true },
        new(
            "logSoftmax layer", 3, [3, 0, 2],
            new DenseSpec(11), new ActivationSpec(ActivationFunction.LogSoftmax),
            new LstmSpec(4)) { OnEveryInstructionSet = true },
        new(
            "layer norm layer", 3, [3, 0, 2],
            new LstmSpec(9), new LayerNormSpec(),
            new DenseSpec(2)) { OnLongBatches = true, OnEveryInstructionSet = true },
        new(
            "layer norm layer first", 5, [3, 0, 2],
            new LayerNormSpec { Epsilon = 0.1, Name = "scaled" }, new LstmSpec(4), new LayerNormSpec()),
        new(
            "layer norm layer of the first values", 5, [3, 0, 2],
            new LayerNormSpec { Features = 1 }, new LstmSpec(4) { Shortcut = LstmShortcut.Concatenate },
            new LayerNormSpec { Features = 4 }, new DenseSpec(2)) { OnLongBatches = true, OnEveryInstructionSet = true },
        new(
            "repeat last", 3, [3, 0, 2],
            new LstmSpec(4), new PoolingSpec(Pooling.Last), new RepeatLastSpec(4), new LstmSpec(3),
            new DenseSpec(2)) { OnLongBatches = true },
        new(
            "repeat last of steps", 3, [3, 0, 2],
            new LstmSpec(4), new RepeatLastSpec(2) { Name = "again" }, new LstmSpec(3), new PoolingSpec(Pooling.Mean)),
        new(
            "pooling last step bidirectional", 2, [3, 0, 5],
            new LstmSpec(3) { Direction = LstmDirection.Bidirectional },
            new PoolingSpec(Pooling.LastStep)),
        new(
            "pooling first step bidirectional", 2, [3, 0, 5],
            new LstmSpec(3) { Direction = LstmDirection.Bidirectional },
            new PoolingSpec(Pooling.FirstStep)),
    ];
}
