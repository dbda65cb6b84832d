using Lstm.Cells;
using Lstm.Specs;
using Lstm.Tests.Cells;

namespace Lstm.Tests.Cases;

/// <summary>Layer normalisation with every other option.</summary>
internal static class LayerNormCases
{
    public static NetworkCase[] All =>
    [
        new(
            "custom cell, layer norm", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Cell = CustomCell.Of("odd", new OddCell(0.5)), Normalization = new LayerNormalization(),
                Regularization = new() { CellZoneout = 0.2 }, Direction = LstmDirection.Bidirectional,
            }),
        new("layer norm", 2, [3, 0, 5], Normalized(9) with { Layers = 2 }),
        new(
            "layer norm, two biases, whole lines", 5, [3, 0, 5],
            Normalized(8) with { Bias = LstmBias.Two, Normalization = new LayerNormalization { Epsilon = 0.1 } }),
        new("layer norm, no bias, one unit", 2, [3, 0, 5], Normalized(1) with { Bias = LstmBias.None }),
        new(
            "layer norm bidirectional", 2, [3, 0, 5, 2],
            Normalized(9) with { Layers = 2, Direction = LstmDirection.Bidirectional, LearnInitialState = true }),
        new(
            "layer norm, peephole, coupled, clips", 2, [3, 0, 5],
            Normalized(9) with
            {
                Cell = new LstmEquations { Peephole = true, CoupledGates = true, CellClip = 0.15, PreActivationClip = 0.7 },
                Direction = LstmDirection.Reverse,
            }),
        new(
            "layer norm, missing gates", 2, [3, 0, 5],
            Normalized(9) with { Cell = new LstmEquations { InputGate = false } },
            Normalized(3) with { Cell = new LstmEquations { ForgetGate = false, OutputGate = false } }),
        new(
            "layer norm, activations", 2, [3, 0, 5],
            Normalized(9) with
            {
                Cell = new LstmEquations
                {
                    GateActivation = new(LstmActivationFunction.Softplus),
                    CellActivation = new(LstmActivationFunction.Elu, 0.7),
                    HiddenActivation = new(LstmActivationFunction.Softsign),
                },
                Direction = LstmDirection.Bidirectional,
            }),
        new(
            "layer norm, zoneout", 2, [3, 0, 5],
            Normalized(9) with
            {
                Regularization = new() { HiddenZoneout = 0.4, CellZoneout = 0.3 }, Direction = LstmDirection.Bidirectional,
            }),
        new(
            "layer norm, projection", 2, [3, 0, 5],
            Normalized(9) with
            {
                Projection = new(4) { Clip = 0.15 }, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Mean,
            }),
        new(
            "layer norm, dropouts", 2, [3, 0, 5],
            Normalized(9) with
            {
                Layers = 2, Regularization = new() { RecurrentDropout = 0.3, WeightDropout = 0.3, InputDropout = 0.3 },
                Cell = new LstmEquations { CandidateDropout = 0.2 }, Dropout = 0.2,
            }),
        new(
            "layer norm, gate recurrence", 2, [3, 0, 5],
            Normalized(9) with
            {
                Cell = new LstmEquations { GateRecurrence = true }, LearnInitialState = true,
                Direction = LstmDirection.Bidirectional,
            }),
        new(
            "layer norm with everything", 2, [3, 0, 5],
            Normalized(9) with
            {
                Cell = new LstmEquations
                {
                    GateRecurrence = true, Peephole = true, CoupledGates = true, CellClip = 0.25, CandidateDropout = 0.2,
                },
                Projection = new(3) { Clip = 0.15 }, Bias = LstmBias.Two,
                Regularization = new()
                {
                    RecurrentDropout = 0.3, HiddenZoneout = 0.2, CellZoneout = 0.3, WeightDropout = 0.3, InputDropout = 0.3,
                },
            }),
        new(
            "layer norm of three layers", 3, [3, 0, 5],
            new LstmSpec(19)
            {
                Normalization = new LayerNormalization(), Bias = LstmBias.Two, Regularization = new() { WeightDropout = 0.2 },
                Cell = new LstmEquations { CandidateDropout = 0.2, Peephole = true },
            },
            new LstmSpec(9)
            {
                Normalization = new LayerNormalization(), Direction = LstmDirection.Bidirectional,
                Regularization = new() { HiddenZoneout = 0.3, CellZoneout = 0.2, RecurrentDropout = 0.2 },
                Cell = new LstmEquations { GateRecurrence = true },
            },
            new LstmSpec(35)
            {
                Normalization = new LayerNormalization(), Direction = LstmDirection.Reverse, Projection = new(5),
                Cell = new LstmEquations
                {
                    CoupledGates = true, HiddenActivation = new(LstmActivationFunction.Softsign),
                    GateActivation = new(LstmActivationFunction.Softplus),
                },
            }),
        new(
            "layer norm forward", 3, [3, 0, 5],
            new LstmSpec(17)
            {
                Normalization = new LayerNormalization(), Layers = 2, Regularization = new() { RecurrentDropout = 0.3 },
                Dropout = 0.2,
            },
            new LstmSpec(16) { Normalization = new LayerNormalization(), Bias = LstmBias.None }),
        new(
            "layer norms forward", 40, [3, 0, 5],
            new LstmSpec(19)
            {
                Normalization = new LayerNormalization(), Layers = 2, Bias = LstmBias.Two, LearnInitialState = true,
            },
            new LstmSpec(33)
            {
                Normalization = new LayerNormalization(), Cell = new LstmEquations { Peephole = true },
                Regularization = new() { HiddenZoneout = 0.2, CellZoneout = 0.3 },
            },
            new LstmSpec(9)
            {
                Normalization = new LayerNormalization(), Projection = new(5),
                Cell = new LstmEquations { GateRecurrence = true }, Bias = LstmBias.None,
            }),
        new(
            "layer norm, four inputs", 4, [3, 0, 5],
            new LstmSpec(9)
            {
                Layers = 2, Normalization = new LayerNormalization(),
                Regularization = new() { HiddenZoneout = 0.3, CellZoneout = 0.4 },
            }) { OnLongBatches = true },
        new(
            "layer norm both ways", 4, [3, 0, 5],
            new LstmSpec(9)
            {
                Normalization = new LayerNormalization(), Cell = new LstmEquations { GateRecurrence = true, Peephole = true },
                Projection = new(5), Direction = LstmDirection.Bidirectional,
            }) { OnLongBatches = true },
        new(
            "layer norm both ways, then projected", 3, [3, 0, 5],
            new LstmSpec(19) { Normalization = new LayerNormalization(), Direction = LstmDirection.Bidirectional },
            new LstmSpec(9)
            {
                Normalization = new LayerNormalization(), Cell = new LstmEquations { Peephole = true }, Projection = new(5),
                Regularization = new() { HiddenZoneout = 0.3, CellZoneout = 0.2, RecurrentDropout = 0.2 },
            }) { OnEveryInstructionSet = true },
        new(
            "layer norm, other epsilon", 3, [3, 0, 5],
            new LstmSpec(9)
            {
                Normalization = new LayerNormalization { Epsilon = 1e-3 }, Layers = 2, Direction = LstmDirection.Bidirectional,
            }),
        new(
            "layer norm both ways, then zoneout and projection", 4, [3, 0, 5],
            new LstmSpec(9) { Normalization = new LayerNormalization(), Direction = LstmDirection.Bidirectional },
            new LstmSpec(4)
            {
                Normalization = new LayerNormalization(), Projection = new(3),
                Regularization = new() { HiddenZoneout = 0.2, CellZoneout = 0.2 },
            }),
        new(
            "layer norm, dense", 4, [3, 0, 5],
            new LstmSpec(9) { Normalization = new LayerNormalization(), Layers = 2 }, new DenseSpec(3)),
    ];

    private static LstmSpec Normalized(int units) => new(units) { Normalization = new LayerNormalization() };
}
