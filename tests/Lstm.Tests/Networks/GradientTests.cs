using Lstm.Cells;
using Lstm.Parameters;
using Lstm.Specs;
using Lstm.Tests.Cells;
using Lstm.Tests.Support;

namespace Lstm.Tests.Networks;

/// <summary>Every gradient of whole networks against central differences of fourth order, in double, away from kinks.</summary>
[Trait("Category", "Widths")]
public class GradientTests
{
    // Small enough to stay on one side of the kinks.
    private const double Step = 1e-4;

    // Outside training weights of batch norm have gradients so small that rounding of the loss would show.
    private const double EvaluationStep = 3e-4;

    public static TheoryData<string> Networks { get; } = new(Cases.Keys.ToArray());

    private static Dictionary<string, (int InputSize, int[] Lengths, LayerSpec[] Specs)> Cases => new()
    {
        ["stack with dropout"] = (2, [3, 0, 4, 1], [new LstmSpec(4) { Layers = 3, Dropout = 0.4 }]),
        ["bidirectional with dropout"] = (3, [2, 5, 0, 3], [new LstmSpec(3) { Layers = 2, Dropout = 0.3, Direction = LstmDirection.Bidirectional }]),
        ["reverse"] = (2, [4, 1, 0, 4], [new LstmSpec(9) { Direction = LstmDirection.Reverse }]),
        ["two biases"] = (2, [3, 3], [new LstmSpec(4) { Layers = 2, Bias = LstmBias.Two }]),
        ["no bias"] = (35, [3, 2], [new LstmSpec(3) { Bias = LstmBias.None }]),
        ["learned state"] = (2, [3, 0, 2], [new LstmSpec(3) { Layers = 2, LearnInitialState = true, Direction = LstmDirection.Bidirectional }]),
        ["peephole"] = (2, [3, 0, 5], [new LstmSpec(4) { Layers = 2, Cell = new LstmEquations { Peephole = true }, Direction = LstmDirection.Bidirectional }]),
        ["coupled gates"] = (2, [3, 0, 5], [new LstmSpec(4) { Layers = 2, Cell = new LstmEquations { CoupledGates = true }, Direction = LstmDirection.Bidirectional }]),
        ["cell clip"] = (2, [3, 0, 5], [new LstmSpec(9) { Cell = new LstmEquations { CellClip = 0.15 }, Direction = LstmDirection.Reverse }]),
        ["pre-activation clip"] = (2, [3, 0, 5], [new LstmSpec(9) { Cell = new LstmEquations { PreActivationClip = 0.3 }, Bias = LstmBias.Two }]),
        ["peephole, coupled, clipped"] = (2, [3, 0, 5], [new LstmSpec(9) { Cell = new LstmEquations { Peephole = true, CoupledGates = true, CellClip = 0.2, PreActivationClip = 0.4 }, LearnInitialState = true }]),
        ["merge sum"] = (2, [3, 0, 5], [new LstmSpec(3) { Layers = 2, Dropout = 0.3, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Sum }]),
        ["merge mean"] = (2, [3, 0, 5], [new LstmSpec(9) { Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Mean }, new DenseSpec(2)]),
        ["merge product"] = (2, [3, 0, 5], [new LstmSpec(3) { Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Product }, new DenseSpec(2)]),
        ["merge product, last"] = (2, [3, 0, 5], [new LstmSpec(4) { Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Product }, new DropoutSpec(0.3), new PoolingSpec(Pooling.Last)]),
        ["residual"] = (3, [3, 0, 5], [new LstmSpec(3) { Layers = 3, Dropout = 0.3, Shortcut = LstmShortcut.Add, Bias = LstmBias.Two }]),
        ["residual after a layer of another size"] = (2, [3, 0, 5], [new LstmSpec(4), new LstmSpec(4) { Layers = 2, Shortcut = LstmShortcut.Add }]),
        ["residual bidirectional"] = (6, [3, 0, 5], [new LstmSpec(3) { Layers = 2, Dropout = 0.2, Direction = LstmDirection.Bidirectional, Shortcut = LstmShortcut.Add }]),
        ["residual merged"] = (3, [3, 0, 5], [new LstmSpec(3) { Layers = 2, Dropout = 0.2, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Mean, Shortcut = LstmShortcut.Add }]),
        ["residual reverse, last"] = (4, [3, 0, 5], [new LstmSpec(4) { Direction = LstmDirection.Reverse, Shortcut = LstmShortcut.Add }, new PoolingSpec(Pooling.Last)]),
        ["skip"] = (2, [3, 0, 5], [new LstmSpec(3) { Layers = 3, Dropout = 0.3, Shortcut = LstmShortcut.Concatenate }, new PoolingSpec(Pooling.Last)]),
        ["skip merged with learned state"] = (2, [3, 0, 5], [new LstmSpec(3) { Layers = 2, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Sum, Shortcut = LstmShortcut.Concatenate, LearnInitialState = true }]),
        ["sigmoid within the cell"] = (2, [3, 0, 5], [With(new(LstmActivationFunction.Sigmoid, 0, 0))]),
        ["tanh within the cell"] = (2, [3, 0, 5], [With(new(LstmActivationFunction.Tanh, 0, 0))]),
        ["relu within the cell"] = (2, [3, 0, 5], [With(new(LstmActivationFunction.Relu, 0, 0))]),
        ["hardSigmoid within the cell"] = (2, [3, 0, 5], [With(new(LstmActivationFunction.HardSigmoid, 0.3, 0.45))]),
        ["leakyRelu within the cell"] = (2, [3, 0, 5], [With(new(LstmActivationFunction.LeakyRelu, 0.1, 0))]),
        ["elu within the cell"] = (2, [3, 0, 5], [With(new(LstmActivationFunction.Elu, 0.7, 0))]),
        ["softsign within the cell"] = (2, [3, 0, 5], [With(new(LstmActivationFunction.Softsign, 0, 0))]),
        ["softplus within the cell"] = (2, [3, 0, 5], [With(new(LstmActivationFunction.Softplus, 0, 0))]),
        ["scaledTanh within the cell"] = (2, [3, 0, 5], [With(new(LstmActivationFunction.ScaledTanh, 1.7, 0.6))]),
        ["affine within the cell"] = (2, [3, 0, 5], [With(new(LstmActivationFunction.Affine, 0.8, 0.1))]),
        ["thresholdedRelu within the cell"] = (2, [3, 0, 5], [With(new(LstmActivationFunction.ThresholdedRelu, 0.05, 0))]),
        ["activations with everything"] = (2, [3, 0, 5], [new LstmSpec(9)
        {
            Cell = new LstmEquations { GateActivation = new(LstmActivationFunction.HardSigmoid, 0.3, 0.45), CellActivation = new(LstmActivationFunction.Elu, 0.7), HiddenActivation = new(LstmActivationFunction.Softsign), ReverseCellActivation = new(LstmActivationFunction.Softplus), Peephole = true, CoupledGates = true, CellClip = 0.25, PreActivationClip = 0.5 }, Direction = LstmDirection.Bidirectional,
        }]),
        ["projection"] = (2, [3, 0, 5], [new LstmSpec(9) { Layers = 2, Projection = new(4), Direction = LstmDirection.Bidirectional, Bias = LstmBias.Two }]),
        ["projection larger than the cell"] = (2, [3, 0, 5], [new LstmSpec(3) { Projection = new(18), LearnInitialState = true }]),
        ["projection clipped"] = (2, [3, 0, 5], [new LstmSpec(9) { Projection = new(5) { Clip = 0.1 }, Direction = LstmDirection.Reverse }]),
        ["projection, peephole, coupled"] = (2, [3, 0, 5], [new LstmSpec(9) { Projection = new(4), Cell = new LstmEquations { Peephole = true, CoupledGates = true }, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Sum }]),
        ["no input gate"] = (2, [3, 0, 5], [new LstmSpec(9) { Cell = new LstmEquations { InputGate = false } }]),
        ["no forget gate"] = (2, [3, 0, 5], [new LstmSpec(9) { Cell = new LstmEquations { ForgetGate = false }, Direction = LstmDirection.Bidirectional }]),
        ["no output gate"] = (2, [3, 0, 5], [new LstmSpec(9) { Cell = new LstmEquations { OutputGate = false } }]),
        ["no activations of input and output"] = (2, [3, 0, 5], [new LstmSpec(9) { Cell = new LstmEquations { CellActivation = new(LstmActivationFunction.Affine, 1, 0), HiddenActivation = new(LstmActivationFunction.Affine, 1, 0) } }]),
        ["gate recurrence"] = (2, [3, 0, 5], [new LstmSpec(9) { Cell = new LstmEquations { GateRecurrence = true }, LearnInitialState = true, Direction = LstmDirection.Bidirectional }]),
        ["gate recurrence with everything"] = (2, [3, 0, 5], [new LstmSpec(9)
        {
            Cell = new LstmEquations { GateRecurrence = true, Peephole = true, CoupledGates = true, CandidateDropout = 0.2 }, Projection = new(3) { Clip = 0.15 }, Bias = LstmBias.Two,
            Regularization = new() { RecurrentDropout = 0.3, HiddenZoneout = 0.2, CellZoneout = 0.3, WeightDropout = 0.3, InputDropout = 0.3 },
        }]),
        ["custom plain cell"] = (2, [3, 0, 5], [new LstmSpec(9) { Cell = CustomCell.Of("plain", default(PlainCell)), Layers = 2, Direction = LstmDirection.Bidirectional }]),
        ["custom peephole cell"] = (2, [3, 0, 5], [new LstmSpec(9) { Cell = CustomCell.Of("peephole", default(PeepholeCell)), Direction = LstmDirection.Bidirectional, LearnInitialState = true }]),
        ["custom cell"] = (2, [3, 0, 5], [new LstmSpec(9) { Cell = CustomCell.Of("odd", new OddCell(0.5)), Layers = 2, Direction = LstmDirection.Bidirectional }, new PoolingSpec(Pooling.Last)]),
        ["custom cell, layer norm"] = (2, [3, 0, 5], [new LstmSpec(9) { Cell = CustomCell.Of("odd", new OddCell(0.5)), Normalization = new LayerNormalization(), Regularization = new() { CellZoneout = 0.2 }, Direction = LstmDirection.Bidirectional }]),
        ["custom cell, batch norm"] = (2, [3, 4, 0, 3, 5], [BatchNorm(9) with { Cell = CustomCell.Of("peephole", default(PeepholeCell)), Regularization = new() { CellZoneout = 0.2 }, Direction = LstmDirection.Bidirectional }]),
        ["custom cell with everything"] = (2, [3, 0, 5], [new LstmSpec(9)
        {
            Cell = CustomCell.Of("odd", new OddCell(0.5)), Projection = new(3) { Clip = 0.15 }, Bias = LstmBias.Two, Direction = LstmDirection.Reverse,
            Regularization = new() { RecurrentDropout = 0.3, HiddenZoneout = 0.2, CellZoneout = 0.3, WeightDropout = 0.3, InputDropout = 0.3 }, Shortcut = LstmShortcut.Concatenate,
        }]),
        ["several states"] = (2, [3, 0, 5], [new LstmSpec(9) { Cell = CustomCell.Of("slstm", default(StabilizedCell)), Layers = 2, Direction = LstmDirection.Bidirectional }]),
        ["several states, learned"] = (2, [3, 0, 5],
        [
            new LstmSpec(5)
            {
                Cell = CustomCell.Of("slstm", default(StabilizedCell)), LearnInitialState = true, Projection = new(3), Direction = LstmDirection.Reverse,
                Regularization = new() { RecurrentDropout = 0.3, HiddenZoneout = 0.2, WeightDropout = 0.3 },
            },
        ]),
        ["input dropout"] = (3, [3, 0, 5], [new LstmSpec(9) { Layers = 2, Regularization = new() { InputDropout = 0.4 } }]),
        ["recurrent dropout"] = (2, [3, 0, 5], [new LstmSpec(9) { Layers = 2, Regularization = new() { RecurrentDropout = 0.4 }, Direction = LstmDirection.Bidirectional }]),
        ["candidate dropout"] = (2, [3, 0, 5], [new LstmSpec(9) { Layers = 2, Cell = new LstmEquations { CandidateDropout = 0.4 } }]),
        ["weight dropout"] = (2, [3, 0, 5], [new LstmSpec(9) { Layers = 2, Regularization = new() { WeightDropout = 0.4 }, Direction = LstmDirection.Bidirectional }]),
        ["hidden zoneout"] = (2, [3, 0, 5], [new LstmSpec(9) { Layers = 2, Regularization = new() { HiddenZoneout = 0.4 }, Direction = LstmDirection.Bidirectional }]),
        ["cell zoneout"] = (2, [3, 0, 5], [new LstmSpec(9) { Layers = 2, Regularization = new() { CellZoneout = 0.4 }, LearnInitialState = true }]),
        ["zoneout of clipped values"] = (2, [3, 0, 5], [new LstmSpec(9) { Regularization = new() { CellZoneout = 0.4, HiddenZoneout = 0.3 }, Cell = new LstmEquations { CellClip = 0.15 }, Projection = new(4) { Clip = 0.1 }, Direction = LstmDirection.Reverse }]),
        ["layer norm"] = (2, [3, 0, 5], [Normalized(9) with { Layers = 2 }]),
        ["layer norm, two biases, whole lines"] = (5, [3, 0, 5], [Normalized(8) with { Bias = LstmBias.Two, Normalization = new LayerNormalization { Epsilon = 0.1 } }]),
        ["layer norm, no bias, one unit"] = (2, [3, 0, 5], [Normalized(1) with { Bias = LstmBias.None }]),
        ["layer norm bidirectional"] = (2, [3, 0, 5, 2], [Normalized(9) with { Layers = 2, Direction = LstmDirection.Bidirectional, LearnInitialState = true }]),
        ["layer norm, peephole, coupled, clips"] = (2, [3, 0, 5], [Normalized(9) with { Cell = new LstmEquations { Peephole = true, CoupledGates = true, CellClip = 0.15, PreActivationClip = 0.7 }, Direction = LstmDirection.Reverse }]),
        ["layer norm, missing gates"] = (2, [3, 0, 5], [Normalized(9) with { Cell = new LstmEquations { InputGate = false } }, Normalized(3) with { Cell = new LstmEquations { ForgetGate = false, OutputGate = false } }]),
        ["layer norm, activations"] = (2, [3, 0, 5], [Normalized(9) with
        {
            Cell = new LstmEquations { GateActivation = new(LstmActivationFunction.Softplus), CellActivation = new(LstmActivationFunction.Elu, 0.7), HiddenActivation = new(LstmActivationFunction.Softsign) },
            Direction = LstmDirection.Bidirectional,
        }]),
        ["layer norm, zoneout"] = (2, [3, 0, 5], [Normalized(9) with { Regularization = new() { HiddenZoneout = 0.4, CellZoneout = 0.3 }, Direction = LstmDirection.Bidirectional }]),
        ["layer norm, projection"] = (2, [3, 0, 5], [Normalized(9) with { Projection = new(4) { Clip = 0.15 }, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Mean }]),
        ["layer norm, dropouts"] = (2, [3, 0, 5], [Normalized(9) with { Layers = 2, Regularization = new() { RecurrentDropout = 0.3, WeightDropout = 0.3, InputDropout = 0.3 }, Cell = new LstmEquations { CandidateDropout = 0.2 }, Dropout = 0.2 }]),
        ["layer norm, gate recurrence"] = (2, [3, 0, 5], [Normalized(9) with { Cell = new LstmEquations { GateRecurrence = true }, LearnInitialState = true, Direction = LstmDirection.Bidirectional }]),
        ["layer norm with everything"] = (2, [3, 0, 5], [Normalized(9) with
        {
            Cell = new LstmEquations { GateRecurrence = true, Peephole = true, CoupledGates = true, CellClip = 0.25, CandidateDropout = 0.2 }, Projection = new(3) { Clip = 0.15 }, Bias = LstmBias.Two,
            Regularization = new() { RecurrentDropout = 0.3, HiddenZoneout = 0.2, CellZoneout = 0.3, WeightDropout = 0.3, InputDropout = 0.3 },
        }]),
        ["batch norm"] = (2, [3, 4, 0, 3, 5], [BatchNorm(9)]),
        ["batch norm of dense batches"] = (2, [4, 4, 4], [BatchNorm(9) with { Bias = LstmBias.None, Normalization = new BatchNormalization { Epsilon = 0.01, Steps = 1 } }]),
        ["batch norm of one sequence"] = (2, [4], [BatchNorm(3)]),
        ["batch norm, bidirectional stack"] = (2, [3, 5, 0, 3, 4], [BatchNorm(4) with { Layers = 2, Direction = LstmDirection.Bidirectional, Bias = LstmBias.Two }]),

        // Without a mask, sequences that all start alike have nothing left of h once it is normalised.
        ["batch norm, learned state"] = (2, [3, 4, 0, 3, 5], [BatchNorm(9) with { LearnInitialState = true, Regularization = new() { RecurrentDropout = 0.3 }, Direction = LstmDirection.Bidirectional }]),
        ["batch norm, reverse"] = (2, [3, 1, 0, 3, 5], [BatchNorm(9) with { Direction = LstmDirection.Reverse }]),
        ["batch norm, peephole, coupled, clipped"] = (2, [3, 4, 0, 3, 5],
            [BatchNorm(9) with { Cell = new LstmEquations { Peephole = true, CoupledGates = true, CellClip = 0.25, PreActivationClip = 0.6 }, Direction = LstmDirection.Bidirectional }]),
        ["batch norm, activations"] = (2, [3, 4, 0, 3, 5], [BatchNorm(9) with
        {
            Cell = new LstmEquations { GateActivation = new(LstmActivationFunction.HardSigmoid, 0.15, 0.5), CellActivation = new(LstmActivationFunction.Softplus), HiddenActivation = new(LstmActivationFunction.Sigmoid), OutputGate = false },
        }]),
        ["batch norm, zoneout"] = (2, [3, 4, 0, 3, 5], [BatchNorm(9) with { Regularization = new() { HiddenZoneout = 0.3, CellZoneout = 0.4 }, Direction = LstmDirection.Bidirectional }]),
        ["batch norm, projection"] = (2, [3, 4, 0, 3, 5], [BatchNorm(9) with { Projection = new(4) { Clip = 0.2 }, Direction = LstmDirection.Bidirectional }]),
        ["batch norm, dropouts"] = (2, [3, 4, 0, 3, 5],
            [BatchNorm(9) with { Regularization = new() { RecurrentDropout = 0.3, WeightDropout = 0.3, InputDropout = 0.2 }, Cell = new LstmEquations { CandidateDropout = 0.2 }, Direction = LstmDirection.Reverse }]),
        ["batch norm with everything"] = (2, [3, 4, 0, 3, 5], [BatchNorm(9) with
        {
            Cell = new LstmEquations { GateRecurrence = true, Peephole = true, CoupledGates = true, CellClip = 0.5, CandidateDropout = 0.2 }, Projection = new(3) { Clip = 0.3 }, Bias = LstmBias.Two,
            Regularization = new() { RecurrentDropout = 0.3, HiddenZoneout = 0.2, CellZoneout = 0.3, WeightDropout = 0.3, InputDropout = 0.3 },
            Direction = LstmDirection.Bidirectional,
        }]),
        ["pooling last"] = (2, [3, 0, 2], [new LstmSpec(3), new PoolingSpec(Pooling.Last), new DenseSpec(2)]),
        ["pooling last bidirectional"] = (2, [3, 0, 5], [new LstmSpec(3) { Direction = LstmDirection.Bidirectional }, new DropoutSpec(0.2), new PoolingSpec(Pooling.Last)]),
        ["pooling last reverse"] = (2, [3, 1, 5], [new LstmSpec(3) { Direction = LstmDirection.Reverse }, new PoolingSpec(Pooling.Last)]),
        ["pooling mean"] = (2, [3, 0, 5], [new LstmSpec(3) { Direction = LstmDirection.Bidirectional }, new PoolingSpec(Pooling.Mean), new DenseSpec(2)]),
        ["pooling max"] = (2, [3, 0, 5], [new LstmSpec(3), new PoolingSpec(Pooling.Max), new DenseSpec(2)]),
        ["pooling max bidirectional"] = (2, [6, 0, 5], [new LstmSpec(5) { Direction = LstmDirection.Bidirectional }, new PoolingSpec(Pooling.Max)]),
        ["embedding"] = (5, [3, 0, 6], [new EmbeddingSpec(3), new LstmSpec(2), new DenseSpec(2)]),
        ["dense none"] = (3, [3, 0, 2], [new DenseSpec(9), new LstmSpec(2)]),
        ["dense sigmoid"] = (3, [3, 0, 2], [new LstmSpec(2), new DenseSpec(9) { Activation = Activation.Sigmoid }]),
        ["dense tanh"] = (3, [3, 2], [new LstmSpec(2), new DenseSpec(33) { Activation = Activation.Tanh, Bias = false }]),
        ["dense relu"] = (3, [3, 0, 2], [new DenseSpec(9) { Activation = Activation.Relu }, new LstmSpec(3), new DenseSpec(4) { Activation = Activation.Relu }, new DenseSpec(2)]),
        ["dropout"] = (6, [3, 0, 2], [new DropoutSpec(0.5), new LstmSpec(3), new DropoutSpec(0.25)]),
        ["all of them"] = (4, [2, 0, 3],
            [new DropoutSpec(0.2), new LstmSpec(2), new DenseSpec(3) { Activation = Activation.Tanh }, new LstmSpec(3) { Direction = LstmDirection.Reverse }, new PoolingSpec(Pooling.Last), new DenseSpec(1)]),
    };

    private static LstmSpec BatchNorm(int units) => new(units) { Normalization = new BatchNormalization { Epsilon = 0.01, Steps = 3 } };

    private static LstmSpec With(LstmActivation activation)
        => new(9) { Cell = new LstmEquations { GateActivation = activation, CellActivation = activation, HiddenActivation = activation } };

    private static LstmSpec Normalized(int hiddenSize) => new(hiddenSize) { Normalization = new LayerNormalization() };

    [Theory]
    [MemberData(nameof(Networks))]
    public void Backward_equals_central_differences(string name) => Check(name, training: true);

    [Theory]
    [InlineData("batch norm")]
    [InlineData("batch norm, reverse")]
    [InlineData("batch norm, learned state")]
    [InlineData("batch norm with everything")]
    public void Backward_in_evaluation_equals_central_differences(string name) => Check(name, training: false);

    private static void Check(string name, bool training)
    {
        (int inputSize, int[] lengths, LayerSpec[] specs) = Cases[name];
        Network<double> network = Sample.Network<double>(3, inputSize, specs);
        bool learned = specs.OfType<LstmSpec>().Any(spec => spec.LearnInitialState);
        Loss loss = new(network, lengths, withState: !learned);
        using Tape<double> tape = loss.Tape;
        tape.Training = training;
        for (int b = 0; b < lengths.Length; b++)
        {
            loss.Initial.Steps[b] = training ? 1 : b;
        }

        loss.Value(backward: true);
        Gradient<double> gradient = network.CreateGradient();
        network.Backward(tape, gradient);
        foreach (Parameter parameter in network.Parameters)
        {
            if (parameter.IsStatistic)
            {
                Assert.Equal(new double[parameter.PackedLength], gradient.Flat.Slice(parameter.Offset, parameter.PackedLength).ToArray());
                continue;
            }

            double[] analytic = new double[parameter.Count], numeric = new double[parameter.Count];
            gradient.Read(parameter.Name).FlattenTo(analytic);
            for (int i = 0; i < numeric.Length; i++)
            {
                int index = parameter.Offset + parameter.IndexOf(i);
                numeric[i] = Difference(delta =>
                {
                    network.Flat[index] += delta;
                    network.Touch();
                }, loss);
            }

            Close.Relative(numeric, analytic, 1e-6, $"{name}: {parameter.Name}");
        }

        if (!network.TakesIds)
        {
            double[] analytic = [.. tape.InputGradient.Rows];
            Close.Relative(Differences(analytic.Length, (i, delta) => loss.Input.Rows[i] += delta, loss), analytic, 1e-6, $"{name}: input");
        }

        for (int entry = 0; entry < network.StateSizes.Count && !learned; entry++)
        {
            int k = entry;
            double[] h = [.. tape.InitialStateGradient.Hidden(k)], c = [.. tape.InitialStateGradient.Cell(k)];
            Close.Relative(Differences(h.Length, (i, delta) => loss.Initial.Hidden(k)[i] += delta, loss), h, 1e-6, $"{name}: initial h {k}");
            Close.Relative(Differences(c.Length, (i, delta) => loss.Initial.Cell(k)[i] += delta, loss), c, 1e-6, $"{name}: initial c {k}");
        }
    }

    [Fact]
    public void Backward_without_steps_passes_the_final_states_gradient_to_the_initial_state()
    {
        Network<double> network = Sample.Network<double>(3, 2, new LstmSpec(3) { Layers = 2 }, new PoolingSpec(Pooling.Mean));
        using Tape<double> tape = network.CreateTape();
        Gradient<double> gradient = network.CreateGradient();
        NetworkState<double> state = Sample.State(network, 2, 1), before = state.Clone();
        SequenceBatch<double> output = network.Forward(Sample.Batch<double>(1, 2, 0, 0), state, tape);
        Assert.Equal(new double[6], output.Rows.ToArray());
        Assert.Equal(Sample.Flat(before), Sample.Flat(state));
        tape.OutputGradient.Rows.Fill(1);
        tape.FinalStateGradient = Sample.State(network, 2, 5);
        network.Backward(tape, gradient);
        Assert.Equal(Sample.Flat(tape.FinalStateGradient), Sample.Flat(tape.InitialStateGradient));
        Assert.Equal(new double[gradient.Flat.Length], gradient.Flat.ToArray());
        Assert.Equal(0, tape.InputGradient.RowCount);
    }

    [Fact]
    public void Padding_that_grows_without_bounds_stays_out_of_the_gradient()
    {
        // Where z = 0, c ← 3c + 3·log 2; the bias keeps the real units from that.
        Network<float> network = Sample.Network<float>(3, 2, new LstmSpec(3)
        {
            Cell = new LstmEquations { GateActivation = new(LstmActivationFunction.Affine, 1, 3), CellActivation = new(LstmActivationFunction.Softplus) },
        });
        Parameter bias = network.Parameters.Single(parameter => parameter.Name == "lstm.bias_ih_l0");
        bias.Pack<float>([.. Enumerable.Repeat(-2.9f, bias.Count)], network.Flat);
        foreach (Parameter weight in network.Parameters.Where(parameter => parameter != bias))
        {
            weight.Pack<float>(new float[weight.Count], network.Flat);
        }

        network.Touch();
        using Tape<float> tape = network.CreateTape();
        network.Forward(Sample.Batch<float>(1, 2, 200), tape);
        tape.OutputGradient.Rows.Fill(1);
        Gradient<float> gradient = network.CreateGradient();
        network.Backward(tape, gradient);
        Assert.All(gradient.Flat.ToArray(), value => Assert.True(float.IsFinite(value)));
        Assert.All(tape.InputGradient.Rows.ToArray(), value => Assert.True(float.IsFinite(value)));
    }

    private static double[] Differences(int count, Action<int, double> move, Loss loss) =>
        [.. Enumerable.Range(0, count).Select(i => Difference(delta => move(i, delta), loss))];

    private static double Difference(Action<double> move, Loss loss)
    {
        double step = loss.Tape.Training ? Step : EvaluationStep;
        double[] at = [.. new[] { 2 * step, -step, -2 * step, -step }.Select(by =>
        {
            move(by);
            return loss.Value();
        })];
        move(2 * step);
        return ((8 * (at[1] - at[2])) - (at[0] - at[3])) / (12 * step);
    }

    /// <summary>Σ ct·output, and Σ ct·final state when a state is given.</summary>
    private sealed class Loss
    {
        private readonly Network<double> network;
        private readonly SequenceBatch<int>? ids;
        private readonly bool withState;
        private readonly NetworkState<double> finalCotangent;

        public Loss(Network<double> network, int[] lengths, bool withState)
        {
            this.network = network;
            this.withState = withState;
            ids = network.TakesIds ? Sample.Ids(1, network.InputSize, lengths) : null;
            Input = Sample.Batch<double>(1, network.InputSize, lengths);
            Initial = Sample.State(network, lengths.Length, 20);
            finalCotangent = Sample.State(network, lengths.Length, 40);
            Tape = network.CreateTape();
            Tape.DropoutSeed = 9;
        }

        public Tape<double> Tape { get; }

        public SequenceBatch<double> Input { get; }

        public NetworkState<double> Initial { get; }

        public double Value(bool backward = false)
        {
            Tape.DropoutDraw = 5;
            NetworkState<double> state = Initial.Clone();
            SequenceBatch<double> output = (withState, ids) switch
            {
                (true, null) => network.Forward(Input, state, Tape),
                (true, _) => network.Forward(ids, state, Tape),
                (false, null) => network.Forward(Input, Tape),
                (false, _) => network.Forward(ids, Tape),
            };
            SequenceBatch<double> cotangent = Sample.Batch<double>(2, network.OutputSize, output.Lengths);
            if (backward)
            {
                Tape.FinalStateGradient = withState ? finalCotangent : null;
                cotangent.Rows.CopyTo(Tape.OutputGradient.Rows);
            }

            double value = Dot(Sample.Flat(output), Sample.Flat(cotangent));
            return withState ? value + Dot(Sample.Flat(state), Sample.Flat(finalCotangent)) : value;
        }

        private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
    }
}
