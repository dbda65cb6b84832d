using Lstm.Cells;
using Lstm.Specs;
using Lstm.Tests.Cells;

namespace Lstm.Tests.Cases;

/// <summary>Custom cells alone and within every structure around a cell.</summary>
internal static class CustomCellCases
{
    public static NetworkCase[] All =>
    [
        new(
            "custom plain cell", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Cell = CustomCell.Of("plain", default(PlainCell)), Layers = 2, Direction = LstmDirection.Bidirectional,
            }),
        new(
            "custom peephole cell", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Cell = CustomCell.Of("peephole", default(PeepholeCell)), Direction = LstmDirection.Bidirectional,
                LearnInitialState = true,
            }),
        new(
            "custom cell", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Cell = CustomCell.Of("odd", new OddCell(0.5)), Layers = 2, Direction = LstmDirection.Bidirectional,
            },
            new PoolingSpec(Pooling.Last)),
        new(
            "custom cell with everything", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Cell = CustomCell.Of("odd", new OddCell(0.5)), Projection = new(3) { Clip = 0.15 }, Bias = LstmBias.Two,
                Direction = LstmDirection.Reverse,
                Regularization = new()
                {
                    RecurrentDropout = 0.3, HiddenZoneout = 0.2, CellZoneout = 0.3, WeightDropout = 0.3, InputDropout = 0.3,
                },
                Shortcut = LstmShortcut.Concatenate,
            }),
        new(
            "custom cells both ways", 3, [3, 0, 5],
            new LstmSpec(19)
            {
                Cell = CustomCell.Of("odd", new OddCell(0.5)), Layers = 2, Dropout = 0.2,
                Direction = LstmDirection.Bidirectional,
            },
            new LstmSpec(9)
            {
                Cell = CustomCell.Of("peephole", default(PeepholeCell)), Regularization = new() { CellZoneout = 0.2 },
            }),
        new(
            "custom cells forward", 3, [3, 0, 5],
            new LstmSpec(33) { Cell = CustomCell.Of("odd", new OddCell(0.5)), Bias = LstmBias.Two },
            new LstmSpec(9) { Cell = CustomCell.Of("peephole", default(PeepholeCell)) },
            new LstmSpec(5) { Cell = CustomCell.Of("odd", new OddCell(1)), Regularization = new() { CellZoneout = 0.2 } }),
        new(
            "custom cell, four inputs", 4, [3, 0, 5],
            new LstmSpec(9) { Layers = 2, Cell = CustomCell.Of("odd", new OddCell(0.5)) },
            new LstmSpec(9) { Cell = CustomCell.Of("odd", new OddCell(0.5)), Direction = LstmDirection.Bidirectional })
        { OnLongBatches = true },
        new(
            "custom cells of a stack", 4, [3, 0, 5],
            new LstmSpec(19) { Cell = CustomCell.Of("odd", new OddCell(0.5)), Layers = 2 },
            new LstmSpec(9) { Cell = CustomCell.Of("plain", default(PlainCell)) },
            new LstmSpec(9) { Cell = CustomCell.Of("slstm", default(StabilizedCell)) },
            new DenseSpec(3)),
        new(
            "several states", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Cell = CustomCell.Of("slstm", default(StabilizedCell)), Layers = 2, Direction = LstmDirection.Bidirectional,
            }),
        new(
            "several states, learned", 2, [3, 0, 5],
            new LstmSpec(5)
            {
                Cell = CustomCell.Of("slstm", default(StabilizedCell)), LearnInitialState = true, Projection = new(3),
                Direction = LstmDirection.Reverse,
                Regularization = new() { RecurrentDropout = 0.3, HiddenZoneout = 0.2, WeightDropout = 0.3 },
            }),
        new(
            "several states both ways", 3, [3, 0, 5],
            new LstmSpec(19)
            {
                Cell = CustomCell.Of("slstm", default(StabilizedCell)), Layers = 2, Dropout = 0.2,
                Direction = LstmDirection.Bidirectional,
            },
            new LstmSpec(9)
            {
                Cell = CustomCell.Of("slstm", default(StabilizedCell)), LearnInitialState = true, Projection = new(5),
                Regularization = new() { HiddenZoneout = 0.2 },
            }),
        new(
            "several states forward", 3, [3, 0, 5],
            new LstmSpec(33) { Cell = CustomCell.Of("slstm", default(StabilizedCell)), Layers = 2, Bias = LstmBias.Two },
            new LstmSpec(5)
            {
                Cell = CustomCell.Of("slstm", default(StabilizedCell)), LearnInitialState = true, Projection = new(3),
            },
            new LstmSpec(1) { Cell = CustomCell.Of("slstm", default(StabilizedCell)) })
        { DifferenceStep = 1e-3 },
        new(
            "several states, four inputs", 4, [3, 0, 5],
            new LstmSpec(9)
            {
                Layers = 2, Cell = CustomCell.Of("slstm", default(StabilizedCell)), LearnInitialState = true,
            },
            new LstmSpec(9)
            {
                Cell = CustomCell.Of("slstm", default(StabilizedCell)), Direction = LstmDirection.Bidirectional,
            })
        { OnLongBatches = true },
    ];
}
