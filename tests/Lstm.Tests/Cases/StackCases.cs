using Lstm.Specs;

namespace Lstm.Tests.Cases;

/// <summary>Stacks, directions, merges, shortcuts, biases and learned states of plain layers.</summary>
internal static class StackCases
{
    public static NetworkCase[] All =>
    [
        new("stack with dropout", 2, [3, 0, 4, 1], new LstmSpec(4) { Layers = 3, Dropout = 0.4 }),
        new(
            "bidirectional with dropout", 3, [2, 5, 0, 3],
            new LstmSpec(3) { Layers = 2, Dropout = 0.3, Direction = LstmDirection.Bidirectional }),
        new("reverse", 2, [4, 1, 0, 4], new LstmSpec(9) { Direction = LstmDirection.Reverse }),
        new("two biases", 2, [3, 3], new LstmSpec(4) { Layers = 2, Bias = LstmBias.Two }),
        new("no bias", 35, [3, 2], new LstmSpec(3) { Bias = LstmBias.None }),
        new(
            "learned state", 2, [3, 0, 2],
            new LstmSpec(3) { Layers = 2, LearnInitialState = true, Direction = LstmDirection.Bidirectional }),
        new(
            "merge sum", 2, [3, 0, 5],
            new LstmSpec(3) { Layers = 2, Dropout = 0.3, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Sum }),
        new(
            "merge mean", 2, [3, 0, 5],
            new LstmSpec(9) { Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Mean },
            new DenseSpec(2)),
        new(
            "merge product", 2, [3, 0, 5],
            new LstmSpec(3) { Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Product },
            new DenseSpec(2)),
        new(
            "residual", 3, [3, 0, 5],
            new LstmSpec(3) { Layers = 3, Dropout = 0.3, Shortcut = LstmShortcut.Add, Bias = LstmBias.Two }),
        new(
            "residual after a layer of another size", 2, [3, 0, 5],
            new LstmSpec(4), new LstmSpec(4) { Layers = 2, Shortcut = LstmShortcut.Add }),
        new(
            "residual bidirectional", 6, [3, 0, 5],
            new LstmSpec(3) { Layers = 2, Dropout = 0.2, Direction = LstmDirection.Bidirectional, Shortcut = LstmShortcut.Add }),
        new(
            "residual merged", 3, [3, 0, 5],
            new LstmSpec(3)
            {
                Layers = 2, Dropout = 0.2, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Mean,
                Shortcut = LstmShortcut.Add,
            }),
        new(
            "skip merged with learned state", 2, [3, 0, 5],
            new LstmSpec(3)
            {
                Layers = 2, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Sum, Shortcut = LstmShortcut.Concatenate,
                LearnInitialState = true,
            }),
        new(
            "bidirectional stack, learned state", 35, [3, 0, 5],
            new LstmSpec(9) { Layers = 2, Dropout = 0.2, Direction = LstmDirection.Bidirectional, LearnInitialState = true }),
        new(
            "reverse, no bias, dropout", 4, [3, 0, 5],
            new LstmSpec(17) { Direction = LstmDirection.Reverse, Bias = LstmBias.None },
            new DropoutSpec(0.4)),
        new(
            "merged twice", 3, [3, 0, 5],
            new LstmSpec(9) { Layers = 2, Dropout = 0.2, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Product },
            new DenseSpec(3), new LstmSpec(5) { Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Mean })
        { HasSmallGradients = true },
        new(
            "wide residual", 35, [3, 0, 5],
            new LstmSpec(35) { Layers = 2, Dropout = 0.2, Shortcut = LstmShortcut.Add },
            new DenseSpec(5)),
        new(
            "skip, learned state", 3, [3, 0, 5],
            new LstmSpec(17) { Layers = 3, Dropout = 0.2, Shortcut = LstmShortcut.Concatenate, LearnInitialState = true }),
        new("no bias, two layers", 3, [3, 0, 5], new LstmSpec(19) { Layers = 2, Bias = LstmBias.None }),
        new("wide layer", 45, [3, 0, 5], new LstmSpec(33) { Bias = LstmBias.None }, new DropoutSpec(0.3)),
        new(
            "learned state, then a stack", 5, [3, 0, 5],
            new LstmSpec(7) { LearnInitialState = true },
            new LstmSpec(9) { Layers = 2 }),
        new(
            "residual with two biases", 19, [3, 0, 5],
            new LstmSpec(19) { Layers = 2, Bias = LstmBias.Two, Dropout = 0.5, Shortcut = LstmShortcut.Add },
            new DenseSpec(2)),
        new(
            "skip with two biases", 3, [3, 0, 5],
            new LstmSpec(9) { Layers = 3, Bias = LstmBias.Two, Shortcut = LstmShortcut.Concatenate, LearnInitialState = true }),
        new("one layer", 4, [3, 0, 5], new LstmSpec(19)) { OnLongBatches = true },
        new("stack", 4, [3, 0, 5], new LstmSpec(9) { Layers = 3, Bias = LstmBias.Two }) { OnLongBatches = true },
        new(
            "learned state, four inputs", 4, [3, 0, 5],
            new LstmSpec(9) { Layers = 2, LearnInitialState = true },
            new DenseSpec(2)) { OnLongBatches = true },
        new(
            "learned state in reverse", 4, [3, 0, 5],
            new LstmSpec(9) { Direction = LstmDirection.Reverse, LearnInitialState = true }) { OnLongBatches = true },
        new(
            "learned state both ways", 4, [3, 0, 5],
            new LstmSpec(9) { Direction = LstmDirection.Bidirectional, LearnInitialState = true }) { OnLongBatches = true },
        new(
            "reverse, four inputs", 4, [3, 0, 5],
            new LstmSpec(9) { Direction = LstmDirection.Reverse }) { OnLongBatches = true },
        new(
            "bidirectional", 4, [3, 0, 5],
            new LstmSpec(17) { Direction = LstmDirection.Bidirectional }) { OnLongBatches = true },
        new(
            "bidirectional stack", 4, [3, 0, 5],
            new LstmSpec(9) { Layers = 2, Dropout = 0.3, Direction = LstmDirection.Bidirectional, Bias = LstmBias.Two },
            new DenseSpec(3)) { OnLongBatches = true },
        new(
            "merged", 4, [3, 0, 5],
            new LstmSpec(9) { Layers = 2, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Product })
        { OnLongBatches = true },
        new(
            "forward, both ways, forward", 4, [3, 0, 5],
            new LstmSpec(9), new DenseSpec(4), new LstmSpec(5) { Direction = LstmDirection.Bidirectional },
            new DropoutSpec(0.2), new LstmSpec(7), new DenseSpec(3)) { OnLongBatches = true },
        new(
            "residual, four inputs", 4, [3, 0, 5],
            new LstmSpec(4) { Layers = 2, Dropout = 0.2, Shortcut = LstmShortcut.Add }) { OnLongBatches = true },
        new(
            "skip, four inputs", 4, [3, 0, 5],
            new LstmSpec(5) { Layers = 2, Shortcut = LstmShortcut.Concatenate },
            new DenseSpec(3)) { OnLongBatches = true },
        new(
            "residual both ways", 4, [3, 0, 5],
            new LstmSpec(4)
            {
                Layers = 2, Dropout = 0.2, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Mean,
                Shortcut = LstmShortcut.Add,
            }) { OnLongBatches = true },
        new("plain", 3, [3, 0, 5], new LstmSpec(5), new DenseSpec(2)),
        new("one unit", 1, [1], new LstmSpec(1)),
        new("no steps", 2, [0, 0], new LstmSpec(5), new DenseSpec(2)),
        new(
            "merged skips", 4, [3, 0, 5],
            new LstmSpec(9)
            {
                Layers = 2, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Product,
                Shortcut = LstmShortcut.Concatenate,
            }),
        new(
            "residual, then skip", 4, [3, 0, 5],
            new LstmSpec(4) { Layers = 2, Shortcut = LstmShortcut.Add },
            new LstmSpec(9) { Shortcut = LstmShortcut.Concatenate },
            new DenseSpec(3)),
        new(
            "PyTorch start", 3, [3, 0, 5],
            new LstmSpec(5) { Initialization = LstmInitialization.PyTorchUniform, Bias = LstmBias.Two }, new DenseSpec(2)),
    ];
}
