using Lstm.Cells;

namespace Lstm.Tests.Cases;

/// <summary>Variants of the equations, and the truncated gradient.</summary>
internal static class EquationCases
{
    public static NetworkCase[] All =>
    [
        new(
            "peephole", 2, [3, 0, 5],
            new LstmSpec(4)
            {
                Layers = 2, Cell = new LstmEquations { Peephole = true }, Direction = LstmDirection.Bidirectional,
            }),
        new(
            "coupled gates", 2, [3, 0, 5],
            new LstmSpec(4)
            {
                Layers = 2, Cell = new LstmEquations { CoupledGates = true }, Direction = LstmDirection.Bidirectional,
            }),
        new(
            "cell clip", 2, [3, 0, 5],
            new LstmSpec(9) { Cell = new LstmEquations { CellClip = 0.15 }, Direction = LstmDirection.Reverse }),
        new(
            "pre-activation clip", 2, [3, 0, 5],
            new LstmSpec(9) { Cell = new LstmEquations { PreActivationClip = 0.3 }, Bias = LstmBias.Two }),
        new(
            "peephole, coupled, clipped", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Cell = new LstmEquations { Peephole = true, CoupledGates = true, CellClip = 0.2, PreActivationClip = 0.4 },
                LearnInitialState = true,
            }),
        new("sigmoid within the cell", 2, [3, 0, 5], With(new(LstmActivationFunction.Sigmoid, 0, 0))),
        new("tanh within the cell", 2, [3, 0, 5], With(new(LstmActivationFunction.Tanh, 0, 0))),
        new("relu within the cell", 2, [3, 0, 5], With(new(LstmActivationFunction.Relu, 0, 0))),
        new("hardSigmoid within the cell", 2, [3, 0, 5], With(new(LstmActivationFunction.HardSigmoid, 0.3, 0.45))),
        new("leakyRelu within the cell", 2, [3, 0, 5], With(new(LstmActivationFunction.LeakyRelu, 0.1, 0))),
        new("elu within the cell", 2, [3, 0, 5], With(new(LstmActivationFunction.Elu, 0.7, 0))),
        new("softsign within the cell", 2, [3, 0, 5], With(new(LstmActivationFunction.Softsign, 0, 0))),
        new("softplus within the cell", 2, [3, 0, 5], With(new(LstmActivationFunction.Softplus, 0, 0))) { Damping = 0.1 },
        new("scaledTanh within the cell", 2, [3, 0, 5], With(new(LstmActivationFunction.ScaledTanh, 1.7, 0.6))),
        new("affine within the cell", 2, [3, 0, 5], With(new(LstmActivationFunction.Affine, 0.8, 0.1))),
        new("thresholdedRelu within the cell", 2, [3, 0, 5], With(new(LstmActivationFunction.ThresholdedRelu, 0.05, 0))),
        new(
            "activations with everything", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Cell = new LstmEquations
                {
                    GateActivation = new(LstmActivationFunction.HardSigmoid, 0.3, 0.45),
                    CellActivation = new(LstmActivationFunction.Elu, 0.7),
                    HiddenActivation = new(LstmActivationFunction.Softsign),
                    ReverseCellActivation = new(LstmActivationFunction.Softplus), Peephole = true, CoupledGates = true,
                    CellClip = 0.25, PreActivationClip = 0.5,
                },
                Direction = LstmDirection.Bidirectional,
            }),
        new("no input gate", 2, [3, 0, 5], new LstmSpec(9) { Cell = new LstmEquations { InputGate = false } }),
        new(
            "no forget gate", 2, [3, 0, 5],
            new LstmSpec(9) { Cell = new LstmEquations { ForgetGate = false }, Direction = LstmDirection.Bidirectional }),
        new("no output gate", 2, [3, 0, 5], new LstmSpec(9) { Cell = new LstmEquations { OutputGate = false } }),
        new(
            "no activations of input and output", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Cell = new LstmEquations
                {
                    CellActivation = new(LstmActivationFunction.Affine, 1, 0),
                    HiddenActivation = new(LstmActivationFunction.Affine, 1, 0),
                },
            }),
        new(
            "gate recurrence", 2, [3, 0, 5],
            new LstmSpec(9)
            {
                Cell = new LstmEquations { GateRecurrence = true }, LearnInitialState = true,
                Direction = LstmDirection.Bidirectional,
            }),
        new(
            "equations of four layers", 3, [3, 0, 5],
            new LstmSpec(19)
            {
                Cell = new LstmEquations
                {
                    GateActivation = new(LstmActivationFunction.Softplus),
                    HiddenActivation = new(LstmActivationFunction.Softsign),
                    ReverseCellActivation = new(LstmActivationFunction.Elu, 1),
                },
                Direction = LstmDirection.Bidirectional,
            },
            new LstmSpec(19) { Cell = new LstmEquations { Peephole = true }, Direction = LstmDirection.Bidirectional },
            new LstmSpec(9) { Cell = new LstmEquations { CoupledGates = true, PreActivationClip = 0.5 } },
            new LstmSpec(17)
            {
                Cell = new LstmEquations { Peephole = true, CoupledGates = true, CellClip = 0.3, PreActivationClip = 0.4 },
                Direction = LstmDirection.Reverse,
            }),
        new(
            "gate recurrence, missing gates, truncated gradient", 3, [3, 0, 5],
            new LstmSpec(19)
            {
                Cell = new LstmEquations { GateRecurrence = true }, LearnInitialState = true,
                Direction = LstmDirection.Bidirectional,
            },
            new LstmSpec(9) { Cell = new LstmEquations { ForgetGate = false }, TruncatedGradient = true },
            new LstmSpec(9) { Cell = new LstmEquations { InputGate = false, OutputGate = false, GateRecurrence = true } }),
        new(
            "equations of three layers", 3, [3, 0, 5],
            new LstmSpec(33) { Cell = new LstmEquations { Peephole = true }, Bias = LstmBias.Two },
            new LstmSpec(9)
            {
                Cell = new LstmEquations
                {
                    GateActivation = new(LstmActivationFunction.HardSigmoid, 0.2, 0.5),
                    CellActivation = new(LstmActivationFunction.Softplus),
                    HiddenActivation = new(LstmActivationFunction.Affine, 0.5, 0.1),
                },
            },
            new LstmSpec(19)
            {
                Cell = new LstmEquations { Peephole = true, CoupledGates = true, CellClip = 0.3, PreActivationClip = 0.4 },
            }),
        new(
            "gate recurrence, then missing gates", 3, [3, 0, 5],
            new LstmSpec(19) { Cell = new LstmEquations { GateRecurrence = true }, LearnInitialState = true },
            new LstmSpec(9) { Cell = new LstmEquations { ForgetGate = false } },
            new LstmSpec(9) { Cell = new LstmEquations { InputGate = false, OutputGate = false } }),
        new(
            "peephole, coupled, clipped, four inputs", 4, [3, 0, 5],
            new LstmSpec(9)
            {
                Layers = 2,
                Cell = new LstmEquations { Peephole = true, CoupledGates = true, CellClip = 0.2, PreActivationClip = 0.4 },
            }) { OnLongBatches = true },
        new(
            "peephole both ways", 4, [3, 0, 5],
            new LstmSpec(9) { Cell = new LstmEquations { Peephole = true }, Direction = LstmDirection.Bidirectional })
        { OnLongBatches = true },
        new(
            "gate recurrence, four inputs", 4, [3, 0, 5],
            new LstmSpec(9) { Layers = 2, Cell = new LstmEquations { GateRecurrence = true }, LearnInitialState = true })
        { OnLongBatches = true },
        new(
            "gate recurrence both ways", 4, [3, 0, 5],
            new LstmSpec(9) { Cell = new LstmEquations { GateRecurrence = true }, Direction = LstmDirection.Bidirectional })
        { OnLongBatches = true },
        new(
            "truncated gradient", 4, [3, 0, 5],
            new LstmSpec(9) { Layers = 2, TruncatedGradient = true }) { OnLongBatches = true },
        new(
            "peephole, coupled, activations", 3, [3, 0, 5],
            new LstmSpec(9) { Cell = new LstmEquations { Peephole = true, CellClip = 0.4 } },
            new LstmSpec(17) { Cell = new LstmEquations { Peephole = true, CoupledGates = true, PreActivationClip = 0.3 } },
            new LstmSpec(5)
            {
                Cell = new LstmEquations
                {
                    GateActivation = new(LstmActivationFunction.Softplus), CellActivation = new(LstmActivationFunction.Elu, 1),
                    HiddenActivation = new(LstmActivationFunction.Softsign),
                },
            }) { OnEveryInstructionSet = true },
        new(
            "reverse activations", 3, [3, 0, 5],
            new LstmSpec(5)
            {
                Direction = LstmDirection.Bidirectional,
                Cell = new LstmEquations
                {
                    ReverseGateActivation = new(LstmActivationFunction.HardSigmoid, 0.3, 0.45),
                    ReverseHiddenActivation = new(LstmActivationFunction.Softsign),
                },
            }),
    ];

    private static LstmSpec With(LstmActivation activation)
        => new(9)
        {
            Cell = new LstmEquations { GateActivation = activation, CellActivation = activation, HiddenActivation = activation },
        };
}
