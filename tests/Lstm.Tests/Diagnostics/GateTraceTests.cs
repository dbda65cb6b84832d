using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Cells;
using Lstm.Diagnostics;
using Lstm.Parameters;
using Lstm.Specs;
using Lstm.Tests.Cells;
using Lstm.Tests.Reference;
using Lstm.Tests.Support;

namespace Lstm.Tests.Diagnostics;

/// <summary>The trace against the oracle's steps, and its summary against values set by hand.</summary>
public abstract class GateTraceTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] Lengths = [3, 0, 5, 5, 1];

    protected abstract double Tolerance { get; }

    [Theory]
    [InlineData(3, 1, false)]
    [InlineData(17, 2, false)]
    [InlineData(19, 2, true)]
    public void Read_gives_the_oracles_gates_and_states_in_the_callers_order(int hidden, int layers, bool bidirectional)
    {
        NaiveLstm oracle = new NaiveLstm(4, hidden, layers, bidirectional).Randomize(1, 1);
        Network<T> network = Network.Create<T>(4, new LstmSpec(hidden)
        {
            Layers = layers,
            Dropout = layers > 1 ? 0.5 : 0,
            Direction = bidirectional ? LstmDirection.Bidirectional : LstmDirection.Forward,
        });
        foreach (Parameter parameter in network.Parameters)
        {
            T[] values = [.. oracle.Parameters[parameter.Name["lstm.".Length..]].Select(T.CreateChecked)];
            network.WriteParameter(parameter.Name, Tensor.Create(values, [.. parameter.Shape.Select(n => (nint)n)]));
        }

        double[][][] x =
            [.. Lengths.Select(
                (length, b) => Enumerable.Range(0, length).Select(t => Sample.Values<double>((100 * b) + t, 4)).ToArray())];
        NaiveLstm.Run run = oracle.Forward(x);
        GateTrace<T> trace = new(network);
        using Tape<T> tape = network.CreateTape();
        tape.Training = false;
        foreach (int[] lengths in (int[][])[[9, 9], Lengths])
        {
            SequenceBatch<T> batch = lengths == Lengths
                ? SequenceBatch.FromSequences<T>(
                    [.. x.Select(steps => steps.SelectMany(step => step).Select(T.CreateChecked).ToArray())], 4)
                : Sample.Batch<T>(1, 4, lengths);
            network.Forward(batch, tape);
            trace.Read(tape);
        }

        string[] names = bidirectional ? ["lstm.l0", "lstm.l0_reverse", "lstm.l1", "lstm.l1_reverse"] : ["lstm.l0", "lstm.l1"];
        Assert.Equal(names[..run.Chains.Length], trace.Layers.Select(layer => layer.Name));
        for (int k = 0; k < run.Chains.Length; k++)
        {
            LayerGates<T> layer = trace.Layers[k];
            Assert.Same(layer, trace[layer.Name]);
            Assert.Equal(hidden, layer.Units);
            for (int b = 0; b < Lengths.Length; b++)
            {
                Assert.Equal(Lengths[b], layer.Cell.Lengths[b]);
                for (int t = 0; t < Lengths[b]; t++)
                {
                    NaiveLstm.Moment moment = run.Chains[k][b][t];
                    string place = $"{layer.Name} [{b}, {t}]";
                    Near(moment.Gates[..hidden], layer.InputGate[b, t], place);
                    Near(moment.Gates[hidden..(2 * hidden)], layer.ForgetGate[b, t], place);
                    Near(moment.Gates[(2 * hidden)..(3 * hidden)], layer.Candidate[b, t], place);
                    Near(moment.Gates[(3 * hidden)..], layer.OutputGate[b, t], place);
                    Near(moment.NewC, layer.Cell[b, t], place);
                    Near(moment.NewH, layer.Hidden[b, t], place);
                }
            }
        }
    }

    [Fact]
    public void Read_is_a_copy_that_outlives_the_backward_pass()
    {
        Network<T> network = Sample.Network<T>(1, 2, new LstmSpec(5));
        using Tape<T> tape = network.CreateTape();
        GateTrace<T> trace = new(network);
        network.Forward(Sample.Batch<T>(1, 2, 4, 2), tape);
        trace.Read(tape);
        T[] gates = Sample.Flat(trace.Layers[0].InputGate), hidden = Sample.Flat(trace.Layers[0].Hidden);
        Close.SameBits(Sample.Flat(tape.Output), hidden, "hidden");
        tape.OutputGradient.Rows.Fill(T.One);
        network.Backward(tape, network.CreateGradient());
        network.Forward(Sample.Batch<T>(2, 2, 3), tape);
        Close.SameBits(gates, Sample.Flat(trace.Layers[0].InputGate), "input gate");
        Close.SameBits(hidden, Sample.Flat(trace.Layers[0].Hidden), "hidden");
    }

    [Fact]
    public void Read_at_a_wrong_time_throws_and_says_when()
    {
        Network<T> network = Sample.Network<T>(1, 2, new LstmSpec(5)), other = network.Clone();
        using Tape<T> tape = network.CreateTape();
        GateTrace<T> gates = new(network);
        GradientTrace<T> gradients = new(network);
        Assert.Contains("no forward pass", Assert.Throws<InvalidOperationException>(() => gates.Read(tape)).Message);
        Assert.Contains("no forward pass", Assert.Throws<InvalidOperationException>(() => gradients.Read(tape)).Message);
        SequenceBatch<T> batch = Sample.Batch<T>(1, 2, 4, 2);
        network.Forward(batch, tape);
        Assert.Throws<ArgumentException>("tape", () => new GateTrace<T>(other).Read(tape));
        Assert.Contains("call network.Backward", Assert.Throws<InvalidOperationException>(() => gradients.Read(tape)).Message);
        tape.OutputGradient.Rows.Clear();
        network.Backward(tape, network.CreateGradient());
        Assert.Contains("between Forward and Backward", Assert.Throws<InvalidOperationException>(() => gates.Read(tape)).Message);
        gradients.Read(tape);
        network.Forward(batch, tape);
        gates.Read(tape);
        batch.Fill([[T.One, T.One]]);
        Assert.Contains("refilled", Assert.Throws<InvalidOperationException>(() => gates.Read(tape)).Message);
        Assert.Throws<ArgumentException>("network", () => new GateTrace<T>(Sample.Network<T>(1, 2, new DenseSpec(1))));
        Assert.Contains("lstm.l0", Assert.Throws<ArgumentException>("name", () => gates["lstm"]).Message);
        Assert.Contains("lstm.l0", Assert.Throws<ArgumentException>("name", () => gradients["lstm"]).Message);
    }

    [Fact]
    public void Summarize_counts_saturated_gates_memory_and_units_that_do_not_move()
    {
        // No weights: the biases alone set the gates. Unit 0 forgets slowly and is shown; unit 1 is shut at the output.
        Network<T> network = Network.Create<T>(1, new LstmSpec(2));
        double[] bias = [0, -10, Logit(0.9), Logit(0.5), 5, 0.1, 0, -40];
        foreach (Parameter parameter in network.Parameters)
        {
            T[] values = parameter.Name == "lstm.bias_ih_l0" ? [.. bias.Select(T.CreateChecked)] : new T[parameter.Count];
            network.WriteParameter(parameter.Name, Tensor.Create(values, [.. parameter.Shape.Select(n => (nint)n)]));
        }

        using Tape<T> tape = network.CreateTape();
        network.Forward(Sample.Batch<T>(1, 1, 6, 0, 2), tape);
        GateTrace<T> trace = new(network);
        trace.Read(tape);
        LayerSummary summary = Assert.Single(trace.Summarize().Layers);
        Assert.Equal("lstm.l0", summary.Name);
        Assert.Equal((0.5, 0), (summary.InputGate.Low, summary.InputGate.High));
        Assert.Equal((0, 0), (summary.ForgetGate.Low, summary.ForgetGate.High));
        Assert.Equal((0, 0.5), (summary.Candidate.Low, summary.Candidate.High));
        Assert.Equal(0.5, summary.OutputGate.Saturated);
        Assert.Equal(0.7, summary.ForgetGate.Mean, 1e-6);
        Assert.Equal(Math.Log(0.5) / Math.Log(0.9), summary.ForgetHalfLives[0], 1e-4);
        Assert.Equal(1, summary.ForgetHalfLives[1], 1e-4);
        Assert.Equal([1], summary.DeadUnits);
        Assert.All(summary.Gates, gate => Assert.Equal(2, gate.StillUnits));
        Assert.Equal(
            (0.5, 0.5), (trace.Summarize(0.15).Layers[0].ForgetGate.High, trace.Summarize(0.15).Layers[0].ForgetGate.Saturated));
        Assert.Contains("lstm.l0", trace.Summarize().ToString());
        Assert.Throws<ArgumentOutOfRangeException>("margin", () => trace.Summarize(0.5));
        Assert.Throws<ArgumentOutOfRangeException>("margin", () => trace.Summarize(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("stillness", () => trace.Summarize(stillness: -1));
    }

    [Fact]
    public void Summarize_of_no_steps_has_no_dead_units()
    {
        Network<T> network = Sample.Network<T>(1, 2, new LstmSpec(3));
        using Tape<T> tape = network.CreateTape();
        network.Forward(Sample.Batch<T>(1, 2, 0, 0), tape);
        GateTrace<T> trace = new(network);
        trace.Read(tape);
        LayerSummary summary = trace.Summarize().Layers[0];
        Assert.Empty(summary.DeadUnits);
        Assert.True(double.IsNaN(summary.InputGate.Mean));
        Assert.True(double.IsNaN(summary.MedianHalfLife));
    }

    [Fact]
    public void Summarize_of_open_and_shut_forget_gates_has_half_lives_without_end_and_zero()
    {
        Network<T> network = Network.Create<T>(1, new LstmSpec(2) { Initialization = LstmInitialization.PyTorchUniform });
        network.WriteParameter(
            "lstm.bias_ih_l0",
            Tensor.Create<T>(
            [T.Zero, T.Zero, T.CreateChecked(2000), T.CreateChecked(-2000), T.Zero, T.Zero, T.Zero, T.Zero], [8]));
        using Tape<T> tape = network.CreateTape();
        network.Forward(Sample.Batch<T>(1, 1, 3), tape);
        GateTrace<T> trace = new(network);
        trace.Read(tape);
        Assert.Equal([double.PositiveInfinity, 0], trace.Summarize().Layers[0].ForgetHalfLives);
    }

    [Fact]
    public void Summarize_counts_values_of_a_projected_hidden_state()
    {
        Network<T> network = Network.Create<T>(1, 3, new LstmSpec(9) { Projection = new(4) });
        network.WriteParameter("lstm.weight_hr_l0", Tensor.CreateFromShape<T>([4, 9]));
        GateSummary summary = Trace(network).Summarize();
        Assert.Equal([0, 1, 2, 3], summary.Layers[0].DeadUnits);
        Assert.Equal((4, 9), (summary.Layers[0].HiddenSize, summary.Layers[0].ForgetHalfLives.Count));
        Assert.EndsWith("4 of 4", summary.ToString());
    }

    [Fact]
    public void Summarize_counts_what_zoneout_keeps()
    {
        Network<T> network = Network.Create<T>(1, 3, new LstmSpec(1) { Regularization = new() { CellZoneout = 0.75 } });
        network.WriteParameter("lstm.weight_ih_l0", Tensor.CreateFromShape<T>([4, 1]));
        network.WriteParameter("lstm.weight_hh_l0", Tensor.CreateFromShape<T>([4, 1]));
        network.WriteParameter("lstm.bias_ih_l0", Tensor.CreateFromShape<T>([4]));
        Assert.Equal(Math.Log(0.5) / Math.Log(0.875), Trace(network).Summarize().Layers[0].MedianHalfLife, 1e-5);
    }

    [Fact]
    public void Gates_that_a_custom_cell_does_not_use_are_not_numbers()
    {
        GateTrace<T> trace = Trace(Network.Create<T>(1, 3, new LstmSpec(3) { Cell = CustomCell.Of("odd", new OddCell(0.5)) }));
        LayerGates<T> layer = trace.Layers[0];
        Assert.Equal(LstmGates.Forget | LstmGates.Candidate, layer.Gates);
        Assert.All(layer.InputGate.Rows.ToArray().Concat(layer.OutputGate.Rows.ToArray()), value => Assert.True(T.IsNaN(value)));
        Assert.All(layer.ForgetGate.Rows.ToArray(), value => Assert.False(T.IsNaN(value)));
        Assert.True(double.IsNaN(trace.Summarize().Layers[0].OutputGate.Mean));
        Assert.Equal(
            LstmGates.All & ~LstmGates.Input,
            Trace(Network.Create<T>(1, new LstmSpec(3) { Cell = new LstmEquations { InputGate = false } })).Layers[0].Gates);
    }

    private static GateTrace<T> Trace(Network<T> network)
    {
        using Tape<T> tape = network.CreateTape();
        network.Forward(Sample.Batch<T>(1, 1, 6, 0, 2), tape);
        GateTrace<T> trace = new(network);
        trace.Read(tape);
        return trace;
    }

    private static double Logit(double p) => Math.Log(p / (1 - p));

    private void Near(double[] expected, ReadOnlySpan<T> actual, string place)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int u = 0; u < expected.Length; u++)
        {
            Assert.True(
                Math.Abs(expected[u] - double.CreateChecked(actual[u])) <= Tolerance,
                $"{place}, unit {u}: {expected[u]} and {actual[u]}");
        }
    }
}

public sealed class GateTraceDoubleTests : GateTraceTests<double>
{
    protected override double Tolerance => 1e-12;
}

public sealed class GateTraceFloatTests : GateTraceTests<float>
{
    protected override double Tolerance => 1e-5;
}
