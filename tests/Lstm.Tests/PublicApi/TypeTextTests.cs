using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using Lstm.Cells;
using Lstm.Data;
using Lstm.Diagnostics;
using Lstm.Formats;
using Lstm.Tests.Cells;
using Lstm.Training;

namespace Lstm.Tests.PublicApi;

/// <summary>Every public type has a text of its own for debuggers and logs.</summary>
public class TypeTextTests
{
    [Fact]
    public void Every_public_type_overrides_ToString_or_has_a_debugger_display()
    {
        Type[] types = [.. typeof(LstmSpec).Assembly.GetExportedTypes().Where(HasInstances)];
        Assert.True(types.Length > 60, $"{types.Length} types");
        Assert.Equal([], types.Where(type => !HasText(type)).Select(type => type.FullName));
    }

    [Theory]
    [InlineData(typeof(object), false)]
    [InlineData(typeof(GeneratedText), false)]
    [InlineData(typeof(GivenText), true)]
    [InlineData(typeof(Shown), true)]
    public void A_text_of_its_own_is_no_inherited_or_generated_one(Type type, bool expected)
        => Assert.Equal(expected, HasText(type));

    [Fact]
    public void ToString_of_what_passes_use_says_the_sizes()
    {
        Network<float> network = Network.Create<float>(1, new LstmSpec(2) { Layers = 2, Projection = new(1) }, new DenseSpec(3));
        using Tape<float> tape = network.CreateTape();
        Assert.Equal("Tape<float>: no pass", tape.ToString());
        SequenceBatch<float> batch = SequenceBatch.FromSequences<float>([new float[2], new float[1]]);
        network.Forward(batch, tape);
        Assert.Equal("Tape<float>: pass of 2 sequences of 1 to 2 steps, 3 rows, before Backward", tape.ToString());
        Gradient<float> gradient = network.CreateGradient();
        network.Backward(tape, gradient);
        Assert.Equal("Tape<float>: pass of 2 sequences of 1 to 2 steps, 3 rows, after Backward", tape.ToString());
        int parameters = network.Parameters.Sum(parameter => parameter.Count);
        Assert.Equal($"Gradient<float>: {parameters} values of 10 tensors", gradient.ToString());

        using Workspace<float> workspace = network.CreateWorkspace();
        network.Predict(batch, workspace: workspace);
        Assert.Equal(
            "Workspace<float>: last output SequenceBatch<float>: 2 sequences of 1 to 2 steps, 3 rows, 3 features",
            workspace.ToString());
        Assert.Equal("NetworkState<float>: 4 sequences, 2 layers of 1/2, 1/2 units", network.CreateState(4).ToString());
        using NetworkStream<float> stream = network.OpenStream(2);
        Assert.Equal("NetworkStream<float>: 2 sessions, 1 value -> 3 values", stream.ToString());
        using NetworkStream<double> ids = Network.Create<double>(9, new EmbeddingSpec(2), new LstmSpec(1)).OpenStream();
        Assert.Equal("NetworkStream<double>: 1 session, 1 id -> 1 value", ids.ToString());
        LstmCell<double> cell = new(3, 5);
        Assert.Equal("LstmCell<double>: input 3, hidden 5, cell 5", cell.ToString());
        Assert.Equal("LstmStep<double>: 2 rows, hidden 5, cell 5", cell.CreateStep(2).ToString());
    }

    [Fact]
    public void ToString_of_what_trains_says_the_settings()
    {
        Assert.Equal(
            "Adam<float>: learning rate 0.001, beta1 0.9, beta2 0.999, epsilon 1E-08, 0 steps", new Adam<float>().ToString());
        Assert.Equal(
            "Sgd<double>: learning rate 0.5, momentum 0.25, dampening 0, nesterov true, 0 steps", new Sgd<double>(0.5, 0.25, true)
            .ToString());
        Network<float> network = Network.Create<float>(1, new DenseSpec(1));
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Sgd<float>(0.5));
        TrainingBatch<float> batch = new(SequenceBatch.FromSequences<float>([[1]]), SequenceBatch.FromSequences<float>([[2]]));
        Assert.Equal(
            "TrainingBatch<float>: input SequenceBatch<float>: 1 sequence of 1 step, 1 row, 1 feature; "
            + "target SequenceBatch<float>: 1 sequence of 1 step, 1 row, 1 feature",
            batch.ToString());
        trainer.Fit([batch], new TrainingOptions { Epochs = 2 });
        Assert.Equal(
            "Trainer<float>: Network<float>: 1 -> dense 1, 2 parameters; MeanSquaredError; "
            + "Sgd<float>: learning rate 0.5, momentum 0, dampening 0, nesterov false, 2 steps; 2 epochs",
            trainer.ToString());
    }

    [Fact]
    public void ToString_of_what_diagnoses_names_the_layers()
    {
        Network<double> network = Network.Create<double>(1, new LstmSpec(2) { Direction = LstmDirection.Bidirectional });
        GateTrace<double> gates = new(network);
        Assert.Equal("GateTrace<double>: lstm, lstm_reverse; empty".Replace("lstm", gates.Layers[0].Name), gates.ToString());
        GradientTrace<double> gradients = new(network);
        using Tape<double> tape = network.CreateTape();
        network.Forward(SequenceBatch.FromSequences<double>([new double[2]]), tape);
        gates.Read(tape);
        Assert.Equal($"{gates.Layers[0].Name}: 2 units; 1 sequence of 2 steps, 2 rows", gates.Layers[0].ToString());
        network.Backward(tape, network.CreateGradient());
        gradients.Read(tape);
        Assert.Equal($"{gates.Layers[1].Name}: 1 sequence of 2 steps, 2 rows", gradients.Layers[1].ToString());
        Assert.Equal(
            $"GradientTrace<double>: {gates.Layers[0].Name}, {gates.Layers[1].Name}; 1 sequence of 2 steps, 2 rows",
            gradients.ToString());
        string summary = gates.Summarize().Layers[0].ToString();
        Assert.StartsWith($"{gates.Layers[0].Name}: forget gate 0.7", summary);
        Assert.EndsWith(" steps, 2 of 2 units dead", summary);
    }

    [Fact]
    public void ToString_of_options_and_numbers_is_short_and_invariant()
    {
        CultureInfo before = CultureInfo.CurrentCulture, other = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        other.NumberFormat.NumberDecimalSeparator = ",";
        other.NumberFormat.NegativeSign = "minus";
        try
        {
            CultureInfo.CurrentCulture = other;
            Assert.Equal("LossSum { Sum = -0.5, Weight = 2, Mean = -0.25 }", new LossSum(-0.5, 2).ToString());
            Assert.Equal("ScheduleTime { Step = -3, Epoch = 1 }", new ScheduleTime(-3, 1).ToString());
            Assert.Equal(
                "TrainingPosition { Epoch = -1, Batch = 2, Draw = 3, Step = 0 }", new TrainingPosition(-1, 2, 3).ToString());
            Assert.Equal(
                "SlidingWindows { Length = 3, Horizon = -1, Stride = 1, Target = ManyToOne }",
                new SlidingWindows(3) { Horizon = -1 }.ToString());
            Assert.Equal("Lanes { Count = 3, StepsPerBatch = 4, Horizon = -1 }", new Lanes(3, 4) { Horizon = -1 }.ToString());
            Assert.Equal("LoadOptions()", new LoadOptions().ToString());
            Assert.Equal(
                "LoadOptions { AllowPrecisionChange = true, Cells = [odd] }",
                new LoadOptions { AllowPrecisionChange = true, Cells = [CustomCell.Of("odd", new OddCell(0.5))] }.ToString());
            Assert.Equal(
                "StateDictOptions { Prefix = \"model.\", Rename = …, AllowUnexpected = true }",
                new StateDictOptions { Prefix = "model.", Rename = name => name, AllowUnexpected = true }.ToString());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static bool HasInstances(Type type)
        => !type.IsInterface && !type.IsEnum && !(type.IsAbstract && type.IsSealed) && !type.IsAssignableTo(typeof(Delegate));

    private static bool HasText(Type type)
    {
        if (type.IsDefined(typeof(DebuggerDisplayAttribute)))
        {
            return true;
        }

        MethodInfo text = type.GetMethod(nameof(ToString), Type.EmptyTypes)!;
        return text.DeclaringType != typeof(object) && text.DeclaringType != typeof(ValueType)
            && !text.IsDefined(typeof(CompilerGeneratedAttribute));
    }

    private sealed record GeneratedText(int Number);

    private sealed record GivenText(int Number)
    {
        public override string ToString() => "given";
    }

    [DebuggerDisplay("{Number}")]
    private sealed record Shown(int Number);
}
