using Lstm.Cells;
using Lstm.Specs;

namespace Lstm.Tests.Cases;

/// <summary>Projections, dropout and zoneout of the recurrence.</summary>
internal static class RecurrenceCases
{
    public static NetworkCase[] All =>
    [
        new(
            "projection", 2, [3, 0, 5],
            new LstmSpec(9) { Layers = 2, Projection = new(4), Direction = LstmDirection.Bidirectional, Bias = LstmBias.Two }),
        new(
            "projection larger than the cell", 2, [3, 0, 5],
            new LstmSpec(3) { Projection = new(18), LearnInitialState = true }),
        new(
            "projection clipped", 2, [3, 0, 5],
            new LstmSpec(9) { Projection = new(5) { Clip = 0.1 }, Direction = LstmDirection.Reverse }),
        new(
            "projection, peephole, coupled", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Projection = new(4), Cell = new LstmEquations { Peephole = true, CoupledGates = true },
                Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Sum,
            }),
        new(
            "gate recurrence with everything", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Cell = new LstmEquations { GateRecurrence = true, Peephole = true, CoupledGates = true, CandidateDropout = 0.2 },
                Projection = new(3) { Clip = 0.15 }, Bias = LstmBias.Two,
                Regularization = new()
                {
                    RecurrentDropout = 0.3, HiddenZoneout = 0.2, CellZoneout = 0.3, WeightDropout = 0.3, InputDropout = 0.3,
                },
            }),
        new("input dropout", 3, [3, 0, 5], new LstmSpec(9) { Layers = 2, Regularization = new() { InputDropout = 0.4 } }),
        new(
            "recurrent dropout", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Layers = 2, Regularization = new() { RecurrentDropout = 0.4 }, Direction = LstmDirection.Bidirectional,
            }),
        new(
            "candidate dropout", 2, [3, 0, 5],
            new LstmSpec(9) { Layers = 2, Cell = new LstmEquations { CandidateDropout = 0.4 } }),
        new(
            "weight dropout", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Layers = 2, Regularization = new() { WeightDropout = 0.4 }, Direction = LstmDirection.Bidirectional,
            }),
        new(
            "hidden zoneout", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Layers = 2, Regularization = new() { HiddenZoneout = 0.4 }, Direction = LstmDirection.Bidirectional,
            }),
        new(
            "cell zoneout", 2, [3, 0, 5],
            new LstmSpec(9) { Layers = 2, Regularization = new() { CellZoneout = 0.4 }, LearnInitialState = true }),
        new(
            "zoneout of clipped values", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Regularization = new() { CellZoneout = 0.4, HiddenZoneout = 0.3 }, Cell = new LstmEquations { CellClip = 0.15 },
                Projection = new(4) { Clip = 0.1 }, Direction = LstmDirection.Reverse,
            }),
        new(
            "projections of two layers", 3, [3, 0, 5],
            new LstmSpec(33)
            {
                Projection = new(19), Bias = LstmBias.Two, Direction = LstmDirection.Bidirectional, LearnInitialState = true,
            },
            new LstmSpec(9)
            {
                Projection = new(17) { Clip = 0.2 }, Direction = LstmDirection.Reverse,
                Cell = new LstmEquations { Peephole = true },
            }),
        new(
            "zoneout, then dropouts", 3, [3, 0, 5],
            new LstmSpec(19)
            {
                Regularization = new() { HiddenZoneout = 0.3, CellZoneout = 0.2 }, Direction = LstmDirection.Bidirectional,
            },
            new LstmSpec(9)
            {
                Regularization = new() { WeightDropout = 0.5, RecurrentDropout = 0.4, InputDropout = 0.3, HiddenZoneout = 0.2 },
                Cell = new LstmEquations { CandidateDropout = 0.3 }, Projection = new(5) { Clip = 0.3 },
            }),
        new(
            "projection, then projected skips", 3, [3, 0, 5],
            new LstmSpec(33) { Projection = new(19), Bias = LstmBias.Two },
            new LstmSpec(9) { Layers = 2, Projection = new(17) { Clip = 0.2 }, Shortcut = LstmShortcut.Concatenate }),
        new(
            "zoneout and dropouts of a stack", 3, [3, 0, 5],
            new LstmSpec(19)
            {
                Layers = 2,
                Regularization = new()
                {
                    HiddenZoneout = 0.3, CellZoneout = 0.2, WeightDropout = 0.5, RecurrentDropout = 0.5, InputDropout = 0.5,
                },
                Cell = new LstmEquations { CandidateDropout = 0.5 },
            }),
        new(
            "projection, four inputs", 4, [3, 0, 5],
            new LstmSpec(19) { Layers = 2, Projection = new(5) { Clip = 0.2 } }) { OnLongBatches = true },
        new(
            "projection both ways", 4, [3, 0, 5],
            new LstmSpec(9) { Projection = new(18), Direction = LstmDirection.Bidirectional }) { OnLongBatches = true },
        new(
            "dropouts", 4, [3, 0, 5],
            new LstmSpec(9)
            {
                Layers = 2, Regularization = new() { InputDropout = 0.3, RecurrentDropout = 0.3, WeightDropout = 0.3 },
                Cell = new LstmEquations { CandidateDropout = 0.2 },
            }) { OnLongBatches = true },
        new(
            "dropouts both ways", 4, [3, 0, 5],
            new LstmSpec(9)
            {
                Regularization = new() { InputDropout = 0.3, RecurrentDropout = 0.3, WeightDropout = 0.3 },
                Cell = new LstmEquations { CandidateDropout = 0.2 }, Direction = LstmDirection.Bidirectional,
            }) { OnLongBatches = true },
        new(
            "zoneout", 4, [3, 0, 5],
            new LstmSpec(9) { Layers = 2, Regularization = new() { HiddenZoneout = 0.3, CellZoneout = 0.4 } })
        { OnLongBatches = true },
        new(
            "zoneout both ways", 4, [3, 0, 5],
            new LstmSpec(9)
            {
                Regularization = new() { HiddenZoneout = 0.3, CellZoneout = 0.4 }, Direction = LstmDirection.Bidirectional,
            }) { OnLongBatches = true },
        new(
            "everything", 4, [3, 0, 5],
            new LstmSpec(9)
            {
                Layers = 2, Direction = LstmDirection.Bidirectional,
                Cell = new LstmEquations { GateRecurrence = true, Peephole = true, CoupledGates = true, CandidateDropout = 0.2 },
                Projection = new(3) { Clip = 0.15 }, Bias = LstmBias.Two, LearnInitialState = true,
                Regularization = new() { RecurrentDropout = 0.3, HiddenZoneout = 0.2, CellZoneout = 0.3, WeightDropout = 0.3 },
            }) { OnLongBatches = true },
        new(
            "everything forward", 4, [3, 0, 5],
            new LstmSpec(9)
            {
                Layers = 2,
                Cell = new LstmEquations { GateRecurrence = true, Peephole = true, CoupledGates = true, CandidateDropout = 0.2 },
                Projection = new(3) { Clip = 0.15 }, Shortcut = LstmShortcut.Concatenate, Bias = LstmBias.Two,
                LearnInitialState = true,
                Regularization = new() { RecurrentDropout = 0.3, HiddenZoneout = 0.2, CellZoneout = 0.3, WeightDropout = 0.3 },
            }) { OnLongBatches = true },
        new(
            "projection, then gate recurrence", 3, [3, 0, 5],
            new LstmSpec(19)
            {
                Projection = new(9) { Clip = 0.3 }, Regularization = new() { HiddenZoneout = 0.2, CellZoneout = 0.3 },
                Cell = new LstmEquations { CandidateDropout = 0.2 },
            },
            new LstmSpec(9)
            {
                Cell = new LstmEquations { GateRecurrence = true },
                Regularization = new() { WeightDropout = 0.3, RecurrentDropout = 0.3, InputDropout = 0.2 },
            }) { OnEveryInstructionSet = true },
        new(
            "every option of the equations", 3, [3, 0, 5],
            new LstmSpec(5)
            {
                Name = "Gedächtnis 記憶 🧠", Layers = 2, Dropout = 0.1, Direction = LstmDirection.Bidirectional,
                Bias = LstmBias.Two, Initialization = LstmInitialization.Keras, ForgetBias = 0.3, LearnInitialState = true,
                Cell = new LstmEquations
                {
                    Peephole = true, CoupledGates = true, CellClip = 3, PreActivationClip = 5.5,
                    GateActivation = new(LstmActivationFunction.HardSigmoid, 0.2, 0.5),
                    CellActivation = new(LstmActivationFunction.Softsign),
                    HiddenActivation = new(LstmActivationFunction.Elu, 0.7),
                    ReverseGateActivation = new(LstmActivationFunction.Sigmoid),
                    ReverseCellActivation = new(LstmActivationFunction.ScaledTanh, 1.5, 0.5),
                    ReverseHiddenActivation = new(LstmActivationFunction.Affine, 0.5, 0.1), OutputGate = false,
                    GateRecurrence = true, CandidateDropout = 0.3,
                },
                Projection = new(3) { Clip = 2.5 }, TruncatedGradient = true,
                Regularization = new()
                {
                    InputDropout = 0.1, RecurrentDropout = 0.2, WeightDropout = 0.4, HiddenZoneout = 0.5, CellZoneout = 0.6,
                },
            },
            new LstmSpec(3) { Cell = new LstmEquations { InputGate = false, ForgetGate = false } },
            new LstmSpec(2) { MemorySpan = 30 },
            new DropoutSpec(0.2), new PoolingSpec(Pooling.Max),
            new DenseSpec(2) { Activation = Activation.Tanh, Bias = false }),
        new(
            "everything but normalisation, streamed", 4, [3, 0, 5],
            new LstmSpec(19) { Layers = 2, Dropout = 0.2, Bias = LstmBias.Two },
            new LstmSpec(9) { Cell = new LstmEquations { Peephole = true, CellClip = 3 } },
            new LstmSpec(9)
            {
                Projection = new(5), Cell = new LstmEquations { GateRecurrence = true, CandidateDropout = 0.1 },
                Regularization = new()
                {
                    HiddenZoneout = 0.1, CellZoneout = 0.1, WeightDropout = 0.1, RecurrentDropout = 0.1, InputDropout = 0.1,
                },
            },
            new DropoutSpec(0.1), new DenseSpec(3) { Activation = Activation.Tanh }),
    ];
}
