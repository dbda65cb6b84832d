using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Networks;

/// <summary>Code of the caller's that a pass calls, and what of a tape is handed back to it.</summary>
public sealed class CallbackTests : IDisposable
{
    private readonly Network<double> network = Sample.Network<double>(1, 3, new LstmSpec(4), new DenseSpec(3));
    private readonly SequenceBatch<double> batch = Sample.Batch<double>(1, 3, 4, 0, 2);
    private readonly SequenceBatch<double> target = Sample.Batch<double>(2, 3, 4, 0, 2);
    private readonly Tape<double> tape;
    private readonly double value;

    public CallbackTests()
    {
        tape = network.CreateTape();
        value = network.ForwardLoss(batch, target, new MeanSquaredError<double>(), tape);
    }

    public void Dispose() => tape.Dispose();

    [Fact]
    public void Loss_that_makes_a_pass_on_the_same_tape_is_refused()
    {
        Gradient<double> gradient = network.CreateGradient();
        NetworkState<double> state = network.CreateState(3);
        Action[] calls =
        [
            () => network.Forward(batch, tape),
            () => network.ForwardLoss(batch, target, new MeanSquaredError<double>(), tape),
            () => network.Backward(tape, gradient),
            () => network.Predict(batch, state),
            () => tape.Output.Reshape([1]),
            gradient.Clear,
        ];
        foreach (Action call in calls)
        {
            Assert.Throws<InvalidOperationException>(
                () => network.ForwardLoss(batch, target, new CallingLoss(call), tape, state, gradient));
            Assert.Throws<InvalidOperationException>(() => network.Backward(tape, gradient));
        }

        Assert.Equal(value, network.ForwardLoss(batch, target, new CallingLoss(() => { }), tape, state, gradient));
        network.Backward(tape, gradient);
    }

    [Fact]
    public void Loss_may_read_the_output_with_other_passes()
    {
        using Tape<double> other = network.CreateTape();
        double[] expected = network.Predict(network.Forward(batch, other)).Rows.ToArray();
        double[] second = [], listed = [];
        CallingLoss reading = new(() =>
        {
            second = network.Predict(tape.Output).Rows.ToArray();
            listed = Sample.Flat(tape.Output);
        });
        Assert.Equal(value, network.ForwardLoss(batch, target, reading, tape));
        Assert.Equal(expected, second);
        Assert.Equal(Sample.Flat(other.Output), listed);
    }

    [Fact]
    public void Loss_that_refills_the_batch_leaves_the_pass_as_it_was_and_Backward_throws()
    {
        List<double[]> before = batch.ToList();
        CallingLoss refilling =
            new(() => batch.Fill([.. Enumerable.Range(0, 9).Select(key => Sample.Sequence<double>(7, key, 500, 3))]));
        Assert.Equal(value, network.ForwardLoss(batch, target, refilling, tape));
        Assert.Equal(9, batch.Count);
        Assert.Throws<InvalidOperationException>(() => network.Backward(tape, network.CreateGradient()));

        batch.Fill(before);
        Assert.Equal(value, network.ForwardLoss(batch, target, new CallingLoss(() => target.Fill([new double[3]])), tape));
        network.Backward(tape, network.CreateGradient());
    }

    [Fact]
    public void Fill_from_a_list_that_fills_the_same_batch_throws_and_keeps_it()
    {
        double[] before = batch.Rows.ToArray();
        Assert.Throws<InvalidOperationException>(() => batch.Fill(new CallingList(2, () => batch.Fill([new double[3000]]))));
        Assert.Throws<InvalidOperationException>(() => batch.Fill(new CallingList(2, () => network.Predict(batch))));
        Assert.Equal(before, batch.Rows.ToArray());
        Assert.Equal(3, batch.Count);
    }

    [Fact]
    public void Fill_while_a_pass_reads_gives_the_batch_new_memory()
    {
        double[] before = Sample.Flat(batch), output = network.Predict(batch).Rows.ToArray();
        using (Lstm.Sequences.SequenceReading<double> reading = SequenceBatch<double>.Read(batch, ""))
        {
            batch.Fill([new double[3], new double[6]]);
            Assert.Equal(2, batch.Count);
            Assert.Equal(new double[9], batch.Rows.ToArray());
            Assert.Equal(3, reading.Content!.Shape.Count);
            Assert.Equal(before.Order(), reading.Content.Rows.ToArray().Order());
        }

        batch.Fill(Sample.Batch<double>(1, 3, 4, 0, 2).ToList());
        Assert.Equal(output, network.Predict(batch).Rows.ToArray());
    }

    [Fact]
    public void Fill_during_another_one_throws_and_so_does_a_pass()
    {
        Assert.True(batch.Use.TryTake());
        Assert.Throws<InvalidOperationException>(() => batch.Fill([new double[3]]));
        Assert.Throws<InvalidOperationException>(() => batch.Reshape([1]));
        Assert.Throws<InvalidOperationException>(() => network.Predict(batch));
        Assert.Throws<InvalidOperationException>(() => network.Forward(batch, tape));
        Assert.Throws<InvalidOperationException>(() => network.ForwardLoss(target, batch, new MeanSquaredError<double>(), tape));
        Assert.Throws<InvalidOperationException>(() => batch.GetSequence(0));
        Assert.Throws<InvalidOperationException>(() => batch.ToList());
        Assert.Throws<InvalidOperationException>(() => batch.ToTensor());
        batch.Use.Release();
        network.Predict(batch);
    }

    [Fact]
    public void Rows_of_the_tape_as_its_own_input_throw_by_name()
    {
        MeanSquaredError<double> loss = new();
        network.Forward(batch, tape);
        network.Backward(tape, network.CreateGradient());
        network.Forward(batch, tape);
        foreach (
            (SequenceBatch<double> own, string name) in new[] { (tape.Output, "own output"),
                (tape.OutputGradient, "output gradient"), (tape.InputGradient, "input gradient") })
        {
            Throws("batch", name, () => network.Forward(own, tape));
            Throws("batch", name, () => network.ForwardLoss(own, target, loss, tape));
            Throws("target", name, () => network.ForwardLoss(batch, own, loss, tape));
            Throws("weights", name, () => network.ForwardLoss(batch, new(target, own), loss, tape));
            SequenceBatch<double> part = new(3);
            part.View(own, 1, 1);
            Throws("batch", name, () => network.Forward(part, tape));
        }

        Throws("state", "initial state", () => network.Forward(batch, tape.InitialStateGradient, tape));
        tape.FinalStateGradient = tape.InitialStateGradient;
        Throws("FinalStateGradient", "initial state", () => network.Backward(tape, network.CreateGradient()));
        tape.FinalStateGradient = tape.InitialStateGradient.Clone();
        network.Backward(tape, network.CreateGradient());
    }

    [Fact]
    public void Evaluate_into_one_of_its_inputs_throws_by_name()
    {
        MeanSquaredError<double> loss = new();
        SequenceBatch<double> output = Sample.Batch<double>(3, 3, 4, 0, 2);
        Throws("outputGradient", "output", () => loss.Evaluate(output, target, output));
        Throws("outputGradient", "target", () => loss.Evaluate(output, target, target));
    }

    private static void Throws(string argument, string said, Action call)
        => Assert.Contains(said, Assert.Throws<ArgumentException>(argument, call).Message);

    private sealed class CallingLoss(Action call) : Loss<double>
    {
        private readonly MeanSquaredError<double> _inner = new();

        public override LossUnit Unit => LossUnit.Element;

        protected override double SumOf(
            SequenceBatch<double> output, SequenceBatch<double> target, SequenceBatch<double>? outputGradient,
            SequenceBatch<double>? weights)
        {
            double sum = _inner.EvaluateSum(output, target, outputGradient, weights).Sum;
            call();
            return sum;
        }
    }

    private sealed class CallingList(int count, Action call) : IReadOnlyList<double[]>
    {
        public int Count => count;

        public double[] this[int index]
        {
            get
            {
                call();
                return new double[3];
            }
        }

        public IEnumerator<double[]> GetEnumerator() => Enumerable.Range(0, count).Select(i => this[i]).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
