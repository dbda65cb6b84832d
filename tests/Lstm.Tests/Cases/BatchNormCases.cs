using Lstm.Cells;
using Lstm.Specs;
using Lstm.Tests.Cells;

namespace Lstm.Tests.Cases;

/// <summary>Batch normalisation with every other option.</summary>
internal static class BatchNormCases
{
    public static NetworkCase[] All =>
    [
        new(
            "custom cell, batch norm", 2, [3, 4, 0, 3, 5],
            BatchNorm(9) with
            {
                Cell = CustomCell.Of("peephole", default(PeepholeCell)), Regularization = new() { CellZoneout = 0.2 },
                Direction = LstmDirection.Bidirectional,
            }),
        new("batch norm", 2, [3, 4, 0, 3, 5], BatchNorm(9)),
        new(
            "batch norm of dense batches", 2, [4, 4, 4],
            BatchNorm(9) with { Bias = LstmBias.None, Normalization = new BatchNormalization { Epsilon = 0.01, Steps = 1 } }),
        new("batch norm of one sequence", 2, [4], BatchNorm(3)),
        new(
            "batch norm, bidirectional stack", 2, [3, 5, 0, 3, 4],
            BatchNorm(4) with { Layers = 2, Direction = LstmDirection.Bidirectional, Bias = LstmBias.Two }),
        // Without a mask, sequences that all start alike have nothing left of h once it is normalised.
        new(
            "batch norm, learned state", 2, [3, 4, 0, 3, 5],
            BatchNorm(9) with
            {
                LearnInitialState = true, Regularization = new() { RecurrentDropout = 0.3 },
                Direction = LstmDirection.Bidirectional,
            }),
        new("batch norm, reverse", 2, [3, 1, 0, 3, 5], BatchNorm(9) with { Direction = LstmDirection.Reverse }),
        new(
            "batch norm, peephole, coupled, clipped", 2, [3, 4, 0, 3, 5],
            BatchNorm(9) with
            {
                Cell = new LstmEquations { Peephole = true, CoupledGates = true, CellClip = 0.25, PreActivationClip = 0.6 },
                Direction = LstmDirection.Bidirectional,
            }),
        new(
            "batch norm, activations", 2, [3, 4, 0, 3, 5],
            BatchNorm(9) with
            {
                Cell = new LstmEquations
                {
                    GateActivation = new(LstmActivationFunction.HardSigmoid, 0.15, 0.5),
                    CellActivation = new(LstmActivationFunction.Softplus),
                    HiddenActivation = new(LstmActivationFunction.Sigmoid), OutputGate = false,
                },
            }),
        new(
            "batch norm, zoneout", 2, [3, 4, 0, 3, 5],
            BatchNorm(9) with
            {
                Regularization = new() { HiddenZoneout = 0.3, CellZoneout = 0.4 }, Direction = LstmDirection.Bidirectional,
            }),
        new(
            "batch norm, projection", 2, [3, 4, 0, 3, 5],
            BatchNorm(9) with { Projection = new(4) { Clip = 0.2 }, Direction = LstmDirection.Bidirectional }),
        new(
            "batch norm, dropouts", 2, [3, 4, 0, 3, 5],
            BatchNorm(9) with
            {
                Regularization = new() { RecurrentDropout = 0.3, WeightDropout = 0.3, InputDropout = 0.2 },
                Cell = new LstmEquations { CandidateDropout = 0.2 }, Direction = LstmDirection.Reverse,
            }),
        new(
            "batch norm with everything", 2, [3, 4, 0, 3, 5],
            BatchNorm(9) with
            {
                Cell = new LstmEquations
                {
                    GateRecurrence = true, Peephole = true, CoupledGates = true, CellClip = 0.5, CandidateDropout = 0.2,
                },
                Projection = new(3) { Clip = 0.3 }, Bias = LstmBias.Two,
                Regularization = new()
                {
                    RecurrentDropout = 0.3, HiddenZoneout = 0.2, CellZoneout = 0.3, WeightDropout = 0.3, InputDropout = 0.3,
                },
                Direction = LstmDirection.Bidirectional,
            }),
        new(
            "batch norm, momentum", 3, [3, 4, 0, 3, 5],
            new LstmSpec(5)
            {
                Normalization = new BatchNormalization { Epsilon = 0.01, Steps = 9, Momentum = 0.5 }, Projection = new(7),
                Bias = LstmBias.Two,
            },
            new DenseSpec(3)),
        new(
            "batch norm, projected", 4, [3, 4, 0, 3, 5],
            new LstmSpec(19) { Normalization = new BatchNormalization { Steps = 9 }, Projection = new(7), Bias = LstmBias.Two },
            new DenseSpec(3)),
    ];

    private static LstmSpec BatchNorm(int units)
        => new(units) { Normalization = new BatchNormalization { Epsilon = 0.01, Steps = 3 } };
}
