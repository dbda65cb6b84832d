using System.Numerics.Tensors;
using Lstm.Cells;
using Lstm.Diagnostics;
using Lstm.Specs;
using Lstm.Tests.Support;
using static Lstm.Tests.Sequences.SequenceBatchTests;

namespace Lstm.Tests.Networks;

/// <summary>What does not fit is refused, by the argument's name and with both sizes, before anything changes.</summary>
public class BadInputTests
{
    private readonly Network<double> network = Sample.Network<double>(1, 3, new LstmSpec(4) { Layers = 2 }, new DenseSpec(2));
    private readonly Network<double> embedding = Sample.Network<double>(1, 7, new EmbeddingSpec(3), new LstmSpec(4));
    private readonly SequenceBatch<double> batch = Sample.Batch<double>(1, 3, 4, 0, 2);

    public static TheoryData<string> BadSpecs { get; } = new(Bad.Keys.ToArray());

    private static Dictionary<string, (LayerSpec Spec, string[] Said)> Bad => new()
    {
        ["hidden size 0"] = (new LstmSpec(0), ["HiddenSize", "'lstm'", "0"]),
        ["hidden size -1"] = (new LstmSpec(-1) { Name = "mine" }, ["HiddenSize", "'mine'", "-1"]),
        ["no layers"] = (new LstmSpec(2) { Layers = 0 }, ["Layers", "0"]),
        ["dropout 1"] = (new LstmSpec(2) { Dropout = 1 }, ["Dropout", "is 1;", "0 ≤ p < 1"]),
        ["dropout below 0"] = (new LstmSpec(2) { Dropout = -0.5 }, ["Dropout", "-0.5"]),
        ["dropout NaN"] = (new LstmSpec(2) { Dropout = double.NaN }, ["Dropout", "NaN"]),
        ["projection size 0"] = (new LstmSpec(2) { Projection = new(0) }, ["Projection.Size", "0"]),
        ["no cell"] = (new LstmSpec(2) { Cell = null! }, ["Cell", "is null", "new LstmEquations()"]),
        ["no regularization"] =
            (new LstmSpec(2) { Regularization = null! }, ["Regularization", "is null", "new LstmRegularization()"]),
        ["projection clip 0"] = (new LstmSpec(2) { Projection = new(2) { Clip = 0 } }, ["Projection.Clip", "0"]),
        ["coupled without forget gate"] = (
            new LstmSpec(2) { Cell = new LstmEquations { CoupledGates = true, ForgetGate = false } },
            ["CoupledGates", "ForgetGate are true"]),
        ["zoneout 1"] = (new LstmSpec(2) { Regularization = new() { CellZoneout = 1 } }, ["CellZoneout", "is 1;"]),
        ["zoneout NaN"] = (new LstmSpec(2) { Regularization = new() { HiddenZoneout = double.NaN } }, ["HiddenZoneout", "NaN"]),
        ["weight dropout below 0"] =
            (new LstmSpec(2) { Regularization = new() { WeightDropout = -0.1 } }, ["WeightDropout", "-0.1"]),
        ["recurrent dropout 1"] =
        (new LstmSpec(2) { Regularization = new() { RecurrentDropout = 1 } }, ["RecurrentDropout", "is 1;"]),
        ["input dropout 2"] = (new LstmSpec(2) { Regularization = new() { InputDropout = 2 } }, ["InputDropout", "is 2;"]),
        ["candidate dropout 1"] =
            (new LstmSpec(2) { Cell = new LstmEquations { CandidateDropout = 1 } }, ["CandidateDropout", "is 1;"]),
        ["direction"] = (new LstmSpec(2) { Direction = (LstmDirection)7 }, ["Direction", "7"]),
        ["bias"] = (new LstmSpec(2) { Bias = (LstmBias)3 }, ["Bias", "3"]),
        ["initialization"] = (new LstmSpec(2) { Initialization = (LstmInitialization)9 }, ["Initialization", "9"]),
        ["infinite forget bias"] = (new LstmSpec(2) { ForgetBias = double.PositiveInfinity }, ["ForgetBias"]),
        ["cell clip 0"] = (new LstmSpec(2) { Cell = new LstmEquations { CellClip = 0 } }, ["CellClip", "0"]),
        ["cell clip NaN"] = (new LstmSpec(2) { Cell = new LstmEquations { CellClip = double.NaN } }, ["CellClip", "NaN"]),
        ["pre-activation clip below 0"] =
            (new LstmSpec(2) { Cell = new LstmEquations { PreActivationClip = -1 } }, ["PreActivationClip", "-1"]),
        ["leaky below 0"] = (
        new LstmSpec(2) { Cell = new LstmEquations { CellActivation = new(LstmActivationFunction.LeakyRelu, -0.1) } },
        ["CellActivation", "-0.1"]),
        ["scaled by 0"] = (
            new LstmSpec(2) { Cell = new LstmEquations { GateActivation = new(LstmActivationFunction.ScaledTanh, 0, 1) } },
            ["GateActivation", "ScaledTanh"]),
        ["unknown activation"] = (
            new LstmSpec(2) { Cell = new LstmEquations { ReverseHiddenActivation = new((LstmActivationFunction)99) } },
            ["ReverseHiddenActivation", "99"]),
        ["infinite alpha"] = (
            new LstmSpec(2)
            {
                Cell = new LstmEquations { HiddenActivation = new(LstmActivationFunction.Affine, double.PositiveInfinity) },
            },
            ["HiddenActivation"]),
        ["forget bias without a bias"] = (new LstmSpec(2) { ForgetBias = 1, Bias = LstmBias.None }, ["ForgetBias"]),
        ["memory span 1"] = (new LstmSpec(2) { MemorySpan = 1 }, ["MemorySpan", "is 1;", "at least 2"]),
        ["memory span without a bias"] =
            (new LstmSpec(2) { MemorySpan = 9, Bias = LstmBias.None }, ["MemorySpan", "null beside Bias = None"]),
        ["memory span without a forget gate"] =
        (new LstmSpec(2) { MemorySpan = 9, Cell = new LstmEquations { ForgetGate = false } }, ["MemorySpan", "forget gate"]),
        ["memory span of hard gates"] = (
            new LstmSpec(2)
            {
                MemorySpan = 9,
                Cell = new LstmEquations { GateActivation = new(LstmActivationFunction.HardSigmoid, 0.2, 0.5) },
            },
            ["MemorySpan", "logistic"]),
        ["forget bias without a forget gate"] =
            (new LstmSpec(2) { ForgetBias = 1, Cell = new LstmEquations { ForgetGate = false } }, ["ForgetBias", "forget gate"]),
        ["activation in reverse of a forward layer"] = (
        new LstmSpec(2) { Cell = new LstmEquations { ReverseCellActivation = new(LstmActivationFunction.Relu) } },
        ["ReverseCellActivation", "Bidirectional"]),
        ["zoneout too small for float"] =
            (new LstmSpec(2) { Regularization = new() { CellZoneout = 1e-50 } }, ["CellZoneout", "1E-50"]),
        ["control character in a name"] = (new DenseSpec(1) { Name = "a\n" }, ["control character"]),
        ["memory span and a forget bias"] = (new LstmSpec(2) { MemorySpan = 9, ForgetBias = 1 }, ["MemorySpan", "ForgetBias"]),
        ["dense size 0"] = (new DenseSpec(0), ["OutputSize", "'dense'", "0"]),
        ["activation"] = (new DenseSpec(1) { Activation = (Activation)44 }, ["Activation", "44"]),
        ["embedding size 0"] = (new EmbeddingSpec(0), ["OutputSize", "'embedding'", "0"]),
        ["pooling"] = (new PoolingSpec((Pooling)5), ["Pooling", "5"]),
        ["dropout rate"] = (new DropoutSpec(1.5), ["Rate", "'dropout'", "1.5"]),
        ["empty name"] = (new DenseSpec(1) { Name = "" }, ["''"]),
        ["name with a dot"] = (new DenseSpec(1) { Name = "a.b" }, ["'a.b'"]),
    };

    [Theory]
    [MemberData(nameof(BadSpecs))]
    public void Create_of_a_bad_spec_throws(string name)
        => Throws("layers", () => Network.Create<float>(3, Bad[name].Spec), Bad[name].Said);

    [Fact]
    public void Create_of_specs_that_do_not_go_together_throws()
    {
        Throws("inputSize", () => Network.Create<float>(0, new DenseSpec(1)), "0");
        Throws("layers", () => Network.Create<float>(1), "0");
        Throws("layers", () => Network.Create<float>(1, new DenseSpec(1) { Name = "x" }, new LstmSpec(1) { Name = "x" }), "'x'");
        Throws("layers", () => Network.Create<float>(1, new DenseSpec(1), new EmbeddingSpec(1)), "'embedding'", "'dense'");
        Assert.Throws<ArgumentNullException>("layers", () => Network.Create<float>(1, new DenseSpec(1), null!));
        Assert.Throws<NotSupportedException>(() => Network.Create<Half>(1, new DenseSpec(1)));
        Network<float> named = Network.Create<float>(1, new LstmSpec(1), new LstmSpec(1) { Name = "lstm" }, new LstmSpec(1));
        Assert.Equal(["lstm_1", "lstm", "lstm_2"], named.Layers.Select(layer => layer.Name));
    }

    [Fact]
    public void Create_of_sizes_beyond_all_memory_throws()
    {
        Assert.ThrowsAny<Exception>(() => Network.Create<float>(1 << 16, new DenseSpec(1 << 16)));
        Assert.ThrowsAny<Exception>(() => Network.Create<float>(1, new LstmSpec(1 << 16)));
        Throws("layers", () => Network.Create<float>(1, new LstmSpec(int.MaxValue)), "'lstm'");
        Throws("layers", () => Network.Create<float>(1, new LstmSpec(1 << 30)), "'lstm'");
        Throws("layers", () => Network.Create<float>(1, new DenseSpec(int.MaxValue)), "'dense'");
        Assert.ThrowsAny<Exception>(() => Network.Create<float>(int.MaxValue, new EmbeddingSpec(2)));
        Assert.ThrowsAny<Exception>(() => Network.Create<float>(1, new DenseSpec(int.MaxValue)));
    }

    [Fact]
    public void CreateTapeCreateWorkspace_OpenStream_and_CreateState_of_none_throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>("workers", () => network.CreateTape(-1));
        Assert.Throws<ArgumentOutOfRangeException>("workers", () => network.CreateWorkspace(-1));
        Assert.Throws<ArgumentOutOfRangeException>("sessions", () => network.OpenStream(0));
        Assert.Throws<ArgumentOutOfRangeException>("workers", () => network.OpenStream(1, -1));
        Assert.Throws<ArgumentOutOfRangeException>("count", () => network.CreateState(0));
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    [Fact]
    public void States_streams_and_records_of_more_than_memory_can_hold_throw_by_name_and_number()
    {
        const int Many = 1_000_000_000;
        Network<float> wide = Network.Create<float>(1, new LstmSpec(64));
        Throws("count", () => wide.CreateState(Many), $"{Many}", $"{128L * Many}", "several states");
        Throws("sessions", () => wide.OpenStream(Many), $"{Many}", $"{128L * Many}");
        Throws("count", () => new LstmCell<float>(1, 64).CreateStep(Many), $"{Many}", $"{128L * Many}");
        Throws("count", () => new LstmCell<double>(3, 1).CreateStep(Many), $"{Many} rows of 3", $"{3L * Many}");
        Throws("count", () => wide.CreateState(int.MaxValue), $"{int.MaxValue}");
        Throws("count", () => Network.Create<float>(1, new DenseSpec(1)).CreateState(int.MaxValue), $"{int.MaxValue}");
    }

    [Fact]
    public void ToTensor_of_more_than_an_array_can_hold_throws_by_its_sizes()
    {
        SequenceBatch<byte> uneven = new(1);
        uneven.Reshape([100_000, .. new int[100_000]]);
        string message = Assert.Throws<InvalidOperationException>(() => uneven.ToTensor()).Message;
        Assert.All(
            ["100001 sequences", "100000 steps", "10000100000 values", "GetSequence"], part => Assert.Contains(part, message));
    }

    [Fact]
    public void Messages_show_no_more_than_a_part_of_long_names_and_lists()
    {
        string longName = new('x', 1_000_000);
        Network<float> deep = Network.Create<float>(1, [.. Enumerable.Range(0, 300).Select(i => new LstmSpec(1)
        {
            Name = $"a_rather_long_name_of_layer_{i}",
        })]);
        Exception[] errors =
        [
            Assert.Throws<ArgumentException>(() => deep.ReadParameter(longName)),
            Assert.Throws<ArgumentException>(() => deep.CreateGradient().Read("no")),
            Assert.Throws<ArgumentException>(() => new GateTrace<float>(deep)[longName]),
            Assert.Throws<ArgumentException>(() => new GradientTrace<float>(deep)["no"]),
            Assert.Throws<ArgumentException>(
                () => deep.Predict(
                SequenceBatch.FromSequences<float>([[1]]), Network.Create<float>(1, new LstmSpec(2)).CreateState(1))),
            Assert.Throws<ArgumentException>(
                () => deep.WriteParameter(
                deep.Parameters[0].Name, Tensor.Create(new float[1], [.. Enumerable.Repeat((nint)1, 40)]))),
        ];
        Assert.All(errors, error => Assert.InRange(error.Message.Length, 20, 2000));
        Assert.Contains($"{deep.Parameters.Count - 12} more", errors[0].Message);
    }

    [Fact]
    public void Parameters_of_unknown_names_or_other_shapes_throw_and_keep_the_version()
    {
        long version = network.Version;
        Gradient<double> gradient = network.CreateGradient();
        Throws("name", () => network.ReadParameter("lstm.weight"), "'lstm.weight'", "lstm.weight_ih_l0");
        Assert.Throws<ArgumentNullException>("name", () => network.ReadParameter(null!));
        Throws("name", () => network.WriteParameter("no", Tensor.Create(new double[2])), "'no'");
        Throws("name", () => network.SetTrainable("no", false), "'no'");
        Throws("name", () => gradient.Read("no"), "'no'");
        Throws("tensor", () => network.WriteParameter("dense.weight", Tensor.Create(new double[8], [4, 2])), "[4, 2]", "[2, 4]");
        Throws("tensor", () => network.WriteParameter("dense.bias", Tensor.Create(new double[2], [2, 1])), "[2, 1]", "[2]");
        Throws("tensor", () => gradient.Write("dense.bias", Tensor.Create(new double[3])), "[3]", "[2]");
        Assert.Equal(version, network.Version);
    }

    [Fact]
    public void Forward_of_what_does_not_fit_throws_and_keeps_the_state_and_the_pass()
    {
        using Tape<double> tape = network.CreateTape(), foreign = embedding.CreateTape();
        NetworkState<double> state = Sample.State(network, 3, 1), before = state.Clone();
        network.Forward(batch, state, tape);
        state.CopyFrom(before);
        Throws("batch", () => network.Forward(Sample.Batch<double>(1, 4, 2), tape), "4", "3");
        Throws("batch", () => network.Forward(new SequenceBatch<double>(3), tape), "0 sequences");
        Throws("batch", () => network.Forward(Sample.Ids(1, 3, 2), tape), "ids");
        Throws("batch", () => embedding.Forward(Sample.Batch<double>(1, 7, 2), foreign), "ids");
        Throws("batch", () => embedding.Forward(SequenceBatch.FromSequences<int>([[1, 2], [7]]), foreign), "7", "0 … 6");
        Throws("batch", () => embedding.Forward(SequenceBatch.FromSequences<int>([[-1]]), foreign), "-1", "0 … 6");
        Throws("batch", () => embedding.Forward(SequenceBatch.FromSequences<int>([[1, 2]], 2), foreign), "2", "1");
        Throws("tape", () => network.Forward(batch, foreign));
        Throws("state", () => network.Forward(batch, network.CreateState(2), tape), "2", "3");
        Throws("state", () => network.Forward(batch, embedding.CreateState(3), tape), "[4]", "[4, 4]");
        Assert.Throws<ArgumentNullException>("batch", () => network.Forward((SequenceBatch<double>)null!, tape));
        Assert.Throws<ArgumentNullException>("batch", () => embedding.Forward((SequenceBatch<int>)null!, foreign));
        Assert.Throws<ArgumentNullException>("state", () => network.Forward(batch, null!, tape));
        Assert.Throws<ArgumentNullException>("tape", () => network.Forward(batch, null!));
        Assert.Equal(Sample.Flat(before), Sample.Flat(state));

        // The first pass is still there.
        tape.OutputGradient.Rows.Clear();
        network.Backward(tape, network.CreateGradient());
    }

    [Fact]
    public void Predict_of_what_does_not_fit_throws()
    {
        using Workspace<double> foreign = embedding.CreateWorkspace();
        NetworkState<double> state = Sample.State(network, 2, 1), before = state.Clone();
        Throws("workspace", () => network.Predict(batch, null, foreign));
        Throws("state", () => network.Predict(batch, state), "2", "3");
        Throws("batch", () => network.Predict(Sample.Batch<double>(1, 2, 1)), "2", "3");
        Throws("batch", () => embedding.Predict(SequenceBatch.FromSequences<int>([[9]])), "9");
        Assert.Equal(Sample.Flat(before), Sample.Flat(state));
    }

    [Fact]
    public void Backward_without_its_Forward_throws_and_keeps_the_gradient()
    {
        using Tape<double> tape = network.CreateTape();
        using Tape<double> foreign = embedding.CreateTape();
        Gradient<double> gradient = network.CreateGradient();
        Assert.Throws<InvalidOperationException>(() => network.Backward(tape, gradient));
        Assert.Throws<InvalidOperationException>(() => tape.InitialStateGradient);
        Forward(tape);
        Throws("tape", () => network.Backward(foreign, gradient));
        Throws("gradient", () => network.Backward(tape, embedding.CreateGradient()));
        Throws("gradient", () => network.Backward(tape, network.Clone().CreateGradient()));
        Assert.Throws<ArgumentNullException>("tape", () => network.Backward(null!, gradient));
        Assert.Throws<ArgumentNullException>("gradient", () => network.Backward(tape, null!));
        tape.FinalStateGradient = network.CreateState(4);
        Throws("FinalStateGradient", () => network.Backward(tape, gradient), "4", "3");
        tape.FinalStateGradient = null;
        Assert.Equal(new double[gradient.Flat.Length], gradient.Flat.ToArray());
        network.Backward(tape, gradient);
        double[] once = gradient.Flat.ToArray();
        Assert.Throws<InvalidOperationException>(() => network.Backward(tape, gradient));
        Assert.Equal(once, gradient.Flat.ToArray());
    }

    [Fact]
    public void Backward_after_a_change_of_parameters_throws()
    {
        using Tape<double> tape = network.CreateTape();
        Forward(tape);
        network.WriteParameter("dense.bias", Tensor.Create(new double[2]));
        InvalidOperationException error =
            Assert.Throws<InvalidOperationException>(() => network.Backward(tape, network.CreateGradient()));
        Assert.Contains($"{network.Version}", error.Message);
    }

    [Fact]
    public void Backward_after_a_refill_of_the_batch_throws()
    {
        using Tape<double> tape = network.CreateTape();
        Forward(tape);
        batch.Fill(Sample.Batch<double>(5, 3, 9, 9, 9).ToList());
        Assert.Throws<InvalidOperationException>(() => network.Backward(tape, network.CreateGradient()));
    }

    [Fact]
    public void Backward_after_the_output_that_was_its_input_changed_throws()
    {
        Network<double> second = Sample.Network<double>(2, 2, new DenseSpec(3), new LstmSpec(2));
        using Tape<double> tape = network.CreateTape(), secondTape = second.CreateTape();
        Forward(tape);
        second.Forward(tape.Output, secondTape);
        secondTape.OutputGradient.Rows.Fill(1);
        network.Forward(Sample.Batch<double>(5, 3, 90, 90, 90), tape);
        Assert.Throws<InvalidOperationException>(() => second.Backward(secondTape, second.CreateGradient()));
    }

    [Fact]
    public void Backward_after_an_id_became_unknown_throws()
    {
        SequenceBatch<int> ids = SequenceBatch.FromSequences<int>([[1, 2]]);
        using Tape<double> tape = embedding.CreateTape();
        embedding.Forward(ids, tape);
        ids.Rows[1] = 1 << 30;
        Assert.Contains(
            $"{1 << 30}",
            Assert.Throws<InvalidOperationException>(() => embedding.Backward(tape, embedding.CreateGradient())).Message);
    }

    [Fact]
    public void Forward_of_an_output_that_it_overwrites_throws()
    {
        Network<double> square = Sample.Network<double>(1, 3, new LstmSpec(3));
        using Tape<double> tape = square.CreateTape();
        using Workspace<double> workspace = square.CreateWorkspace(), other = square.CreateWorkspace();
        square.Forward(batch, tape);
        square.Predict(batch, null, workspace);
        Throws("batch", () => square.Forward(tape.Output, tape), "tape");
        Throws("batch", () => square.Predict(workspace.Output, null, workspace), "workspace");
        Assert.Equal(square.Predict(tape.Output).Rows.ToArray(), square.Predict(workspace.Output, null, other).Rows.ToArray());
    }

    [Fact]
    public void Step_of_a_disposed_stream_throws_and_keeps_the_states()
    {
        NetworkStream<double> stream = network.OpenStream();
        stream.Dispose();
        Assert.Throws<ObjectDisposedException>(() => stream.Step(new double[3], new double[2]));
        Assert.Equal(Sample.Flat(network.CreateState(1)), Sample.Flat(stream.State));
    }

    [Fact]
    public void Output_of_a_refilled_batch_keeps_its_own_shape()
    {
        using Tape<double> tape = network.CreateTape();
        using Workspace<double> workspace = network.CreateWorkspace();
        Forward(tape);
        network.Predict(batch, null, workspace);
        double[] output = tape.Output.Rows.ToArray();
        batch.Fill(Sample.Batch<double>(5, 3, 900, 900).ToList());
        Assert.Equal(output, tape.Output.Rows.ToArray());
        Assert.Equal(output, workspace.Output.Rows.ToArray());
        Assert.Equal([4, 0, 2], tape.OutputGradient.Lengths.ToArray());
    }

    [Fact]
    public void OutputGradient_can_be_filled_like_any_batch_and_must_have_the_outputs_shape()
    {
        using Tape<double> tape = network.CreateTape();
        Gradient<double> expected = network.CreateGradient(), actual = network.CreateGradient();
        Forward(tape);
        List<double[]> slopes = tape.OutputGradient.ToList();
        network.Backward(tape, expected);
        Forward(tape);
        tape.OutputGradient.Fill(slopes);
        network.Backward(tape, actual);
        Assert.Equal(expected.Flat.ToArray(), actual.Flat.ToArray());
        Assert.Equal([4, 0, 2], batch.Lengths.ToArray());

        Forward(tape);
        tape.OutputGradient.Reshape([400, 0, 2]);
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => network.Backward(tape, actual));
        Assert.Contains("402", error.Message);
        Assert.Contains("6", error.Message);
        Assert.Equal([4, 0, 2], batch.Lengths.ToArray());
        Assert.Equal([4, 0, 2], tape.Output.Lengths.ToArray());
    }

    [Fact]
    public void Dropout_settings_changed_after_Forward_do_not_reach_its_Backward()
    {
        Network<double> dropout = Sample.Network<double>(1, 3, new DropoutSpec(0.5), new LstmSpec(5)
        {
            Layers = 2,
            Dropout = 0.5,
        });
        using Tape<double> tape = dropout.CreateTape();
        Gradient<double> expected = dropout.CreateGradient(), actual = dropout.CreateGradient();
        dropout.Forward(batch, tape);
        tape.OutputGradient.Rows.Fill(1);
        dropout.Backward(tape, expected);
        tape.DropoutDraw = 0;
        dropout.Forward(batch, tape);
        tape.OutputGradient.Rows.Fill(1);
        tape.Training = false;
        tape.DropoutSeed = 77;
        tape.DropoutDraw = 3;
        dropout.Backward(tape, actual);
        Assert.Equal(expected.Flat.ToArray(), actual.Flat.ToArray());
    }

    [Theory]
    [InlineData(LstmDirection.Reverse)]
    [InlineData(LstmDirection.Bidirectional)]
    public void OpenStream_of_a_layer_that_reads_in_reverse_throws(LstmDirection direction)
    {
        Network<double> reverse = Sample.Network<double>(1, 3, new LstmSpec(2), new LstmSpec(2)
        {
            Direction = direction,
            Name = "backwards",
        });
        Assert.Contains("'backwards'", Assert.Throws<NotSupportedException>(() => reverse.OpenStream()).Message);
        Network<double> pooled = Sample.Network<double>(1, 3, new LstmSpec(2), new PoolingSpec(Pooling.Mean));
        Assert.Contains("'pooling'", Assert.Throws<NotSupportedException>(() => pooled.OpenStream()).Message);
    }

    [Fact]
    public void Step_of_what_does_not_fit_throws_and_keeps_the_states()
    {
        using NetworkStream<double> stream = network.OpenStream(2), ids = embedding.OpenStream(2);
        stream.Step(new double[6], new double[4]);
        double[] before = Sample.Flat(stream.State), idsBefore = Sample.Flat(ids.State);
        Throws("input", () => stream.Step(new double[5], new double[4]), "5", "6");
        Throws("output", () => stream.Step(new double[6], new double[5]), "5", "4");
        Throws("sessions", () => stream.Step([0, 2], new double[6], new double[4]), "Session 2", "2");
        Throws("sessions", () => stream.Step([-1], new double[3], new double[2]), "-1");
        Throws("sessions", () => stream.Step([1, 1], new double[6], new double[4]), "Session 1", "twice");
        Throws("input", () => stream.Step([1], new double[6], new double[2]), "6", "3");
        Throws("ids", () => stream.StepIds([1, 2], new double[4]));
        Throws("input", () => ids.Step(new double[14], new double[8]));
        Throws("ids", () => ids.StepIds([1, 7], new double[8]), "7", "0 … 6");
        Throws("ids", () => ids.StepIds([1], new double[8]), "1", "2");
        Throws("ids", () => ids.StepIds([1], [-2], new double[4]), "-2");
        Throws("session", () => stream.Reset(2), "2");
        Throws("session", () => stream.Reset(-1), "2");
        Assert.Equal(before, Sample.Flat(stream.State));
        Assert.Equal(idsBefore, Sample.Flat(ids.State));

        // A session refused once can be stepped, and no session at all is legal.
        stream.Step([1], new double[3], new double[2]);
        stream.Step([], [], []);
        Assert.Equal(before[..4], stream.State.Hidden(0)[..4].ToArray());
    }

    [Fact]
    public void State_of_other_sizes_or_entries_throws()
    {
        NetworkState<double> state = Sample.State(network, 2, 1);
        double[] before = Sample.Flat(state);
        Throws("entry", () => state.Hidden(2), "2");
        Throws("entry", () => state.Cell(-1), "2");
        Throws("sequence", () => state.Clear(2), "2");
        Throws("source", () => state.CopyFrom(network.CreateState(3)), "2", "3");
        Throws("source", () => state.CopyFrom(embedding.CreateState(2)), "[4, 4]", "[4]");
        Assert.Throws<ArgumentNullException>("source", () => state.CopyFrom(null!));
        Assert.Equal(before, Sample.Flat(state));
        state.Clear(1);
        Assert.Equal(new double[4], state.Hidden(1)[4..].ToArray());
        Assert.Equal(before[..4], state.Hidden(0)[..4].ToArray());
    }

    [Fact]
    public void Use_after_Dispose_throws_and_keeps_the_state()
    {
        Tape<double> tape = network.CreateTape();
        Workspace<double> workspace = network.CreateWorkspace();
        NetworkState<double> state = Sample.State(network, 3, 1);
        double[] before = Sample.Flat(state);
        tape.Dispose();
        workspace.Dispose();
        Assert.Throws<ObjectDisposedException>(() => network.Forward(batch, state, tape));
        Assert.Throws<ObjectDisposedException>(() => network.Predict(batch, state, workspace));
        Assert.Equal(before, Sample.Flat(state));
    }

    [Fact]
    public void Batches_without_steps_are_legal()
    {
        SequenceBatch<double> empty = Sample.Batch<double>(1, 3, 0, 0);
        using Tape<double> tape = network.CreateTape();
        Gradient<double> gradient = network.CreateGradient();
        NetworkState<double> state = Sample.State(network, 2, 1);
        double[] before = Sample.Flat(state);
        Assert.Equal(0, network.Forward(empty, state, tape).RowCount);
        network.Backward(tape, gradient);
        Assert.Equal(before, Sample.Flat(state));
        Assert.Equal(new double[gradient.Flat.Length], gradient.Flat.ToArray());
        Assert.Equal(2, network.Predict(empty).Count);
        Assert.Equal(2, embedding.Predict(Sample.Ids(1, 7, 0, 0)).Count);
        Throws("batch", () => embedding.Predict(SequenceBatch.FromSequences<int>([[0, 1], [2, 3, 9]])),
            "the id 9 in sequence 1, step 2", "0 … 6");
    }

    private void Forward(Tape<double> tape)
    {
        network.Forward(batch, tape);
        tape.OutputGradient.Rows.Fill(1);
    }
}
