using System.Numerics.Tensors;
using Lstm.Diagnostics;
using Lstm.Runtime;
using Lstm.Tests.Support;

namespace Lstm.Tests.Networks;

/// <summary>
/// What one pass uses by itself is refused to a second one, by name and with what to do instead, and free again afterwards.
/// </summary>
public sealed class ExclusiveUseTests : IDisposable
{
    private readonly Network<double> network = Sample.Network<double>(1, 3, new LstmSpec(4), new DenseSpec(3));
    private readonly SequenceBatch<double> batch = Sample.Batch<double>(1, 3, 4, 0, 2);
    private readonly SequenceBatch<double> target = Sample.Batch<double>(2, 3, 4, 0, 2);
    private readonly MeanSquaredError<double> loss = new();
    private readonly Tape<double> tape;

    public ExclusiveUseTests() => tape = network.CreateTape();

    public void Dispose() => tape.Dispose();

    [Fact]
    public void Passes_on_a_tape_in_use_throw()
    {
        Gradient<double> gradient = network.CreateGradient();
        network.Forward(batch, tape);
        double[] output = tape.Output.Rows.ToArray();
        Refused(
            tape.Use,
            ["tape", "CreateTape"],
            () => network.Forward(batch, tape),
            () => network.Forward(batch, network.CreateState(3), tape),
            () => network.ForwardLoss(batch, target, loss, tape),
            () => network.Backward(tape, gradient),
            () => network.UpdateStatistics(tape),
            () => new GateTrace<double>(network).Read(tape),
            () => NonFinite.Find(tape));
        Refused(tape.Use, ["belongs to a tape"], () => network.Predict(tape.Output), () => loss.Evaluate(tape.Output, target),
            () => tape.Output.Reshape([1]));
        Assert.Equal(output, tape.Output.Rows.ToArray());
        network.Backward(tape, gradient);
    }

    [Fact]
    public void Passes_on_a_tape_whose_rows_are_read_throw()
    {
        network.Forward(batch, tape);
        using (Use.Read(tape.Use, "The tape", ""))
        {
            Assert.Equal(12, tape.Output.GetSequence(0).Length);
            Says(Assert.Throws<InvalidOperationException>(() => network.Forward(batch, tape)), "read", "tape");
        }

        using (Use.Take(tape.OutputGradient.Use, "", ""))
        {
            Says(Assert.Throws<InvalidOperationException>(() => network.Forward(batch, tape)), "output gradient");
            Says(Assert.Throws<InvalidOperationException>(() => network.Backward(tape, network.CreateGradient())),
                "output gradient");
            Says(Assert.Throws<InvalidOperationException>(() => loss.Evaluate(tape.Output, target, tape.OutputGradient)),
                "output gradient");
        }

        network.Backward(tape, network.CreateGradient());
    }

    [Fact]
    public void Predict_with_a_workspace_in_use_throws()
    {
        using Workspace<double> workspace = network.CreateWorkspace();
        network.Predict(batch, null, workspace);
        Refused(workspace.Use, ["workspace", "CreateWorkspace"], () => network.Predict(batch, null, workspace));
        using (Use.Read(workspace.Use, "", ""))
        {
            Says(Assert.Throws<InvalidOperationException>(() => network.Predict(batch, null, workspace)), "workspace", "read");
        }

        Assert.Equal(network.Predict(batch).Rows.ToArray(), network.Predict(batch, null, workspace).Rows.ToArray());
    }

    [Fact]
    public void Passes_and_calls_on_a_state_in_use_throw()
    {
        NetworkState<double> state = Sample.State(network, 3, 1), other = network.CreateState(3);
        double[] before = Sample.Flat(state);
        using Workspace<double> workspace = network.CreateWorkspace();
        Refused(
            state.Use,
            ["state", "Clone"],
            () => network.Predict(batch, state, workspace),
            () => network.Forward(batch, state, tape),
            () => network.ForwardLoss(batch, target, loss, tape, state),
            state.Clear,
            () => state.Clear(1),
            () => state.CopyFrom(other),
            () => other.CopyFrom(state),
            () => state.Clone(),
            () => state.ToBytes());
        Assert.Equal(before, Sample.Flat(state));
        network.Forward(batch, tape);
        tape.FinalStateGradient = state;
        Refused(state.Use, ["state"], () => network.Backward(tape, network.CreateGradient()));
        network.Backward(tape, network.CreateGradient());
        other.CopyFrom(state);
        state.CopyFrom(state);
        Assert.Equal(before, Sample.Flat(other));
    }

    [Fact]
    public void Steps_of_a_stream_in_use_throw()
    {
        using NetworkStream<double> one = network.OpenStream(), three = network.OpenStream(3);
        Refused(
            three.State.Use,
            ["stream", "OpenStream"],
            () => three.Step(new double[9], new double[9]),
            () => three.Step([1], new double[3], new double[3]),
            three.Reset,
            () => three.Reset(1));
        Refused(one.State.Use, ["stream", "OpenStream"], () => one.Step(new double[3], new double[3]), one.Reset);
        Refused(three.State.Use, ["state"], () => network.Predict(batch, three.State));
        one.Step(new double[3], new double[3]);
        three.Step(new double[9], new double[9]);
        network.Predict(batch, three.State);
        Assert.Equal([5, 1, 3], three.State.Steps.ToArray());
    }

    [Fact]
    public void Steps_on_a_record_in_use_throw()
    {
        LstmCell<double> cell = new(2, 3);
        LstmStep<double> step = cell.CreateStep();
        Gradient<double> gradient = cell.CreateGradient();
        cell.Forward(new double[2], new double[3], new double[3], step);
        Refused(
            step.Tape.Use,
            ["step record", "CreateStep"],
            () => cell.Forward(new double[2], new double[3], new double[3], step),
            () => cell.Backward(step, new double[3], new double[3], gradient));
        Refused(gradient.Use, ["gradient"], () => cell.Backward(step, new double[3], new double[3], gradient));
        cell.Backward(step, new double[3], new double[3], gradient);
    }

    [Fact]
    public void Calls_on_a_gradient_in_use_throw()
    {
        Gradient<double> gradient = network.CreateGradient();
        network.Forward(batch, tape);
        Tensor<double> bias = network.ReadParameter("dense.bias");
        Refused(
            gradient.Use,
            ["gradient", "CreateGradient"],
            () => network.Backward(tape, gradient),
            () => network.ForwardLoss(batch, target, loss, network.CreateTape(), null, gradient),
            gradient.Clear,
            () => gradient.Read("dense.bias"),
            () => gradient.Write("dense.bias", bias),
            () => GradientClip.None.Apply(gradient),
            () => new Sgd<double>(0.1).Step(network, gradient));
        using (Use.Read(gradient.Use, "", ""))
        {
            Says(Assert.Throws<InvalidOperationException>(gradient.Clear), "gradient", "read");
            Assert.Equal(0, gradient.Read("dense.bias")[0]);
        }

        network.Backward(tape, gradient);
    }

    [Fact]
    public void Steps_of_an_optimizer_or_a_network_in_use_throw()
    {
        Adam<double> adam = new(0.1);
        Gradient<double> gradient = network.CreateGradient();
        adam.Step(network, gradient);
        long version = network.Version;
        using (adam.Take())
        {
            Says(Assert.Throws<InvalidOperationException>(() => adam.Step(network, gradient)), "optimizer");
            Says(Assert.Throws<InvalidOperationException>(() => adam.SetWeightDecay("dense.bias", 1)), "optimizer");
            Says(Assert.Throws<InvalidOperationException>(() => adam.SetLearningRateFactor("dense.bias", 1)), "optimizer");
        }

        using (network.TakeForWriting())
        {
            Says(Assert.Throws<InvalidOperationException>(() => adam.Step(network, gradient)), "network", "Clone");
            Says(Assert.Throws<InvalidOperationException>(
                () => network.WriteParameter("dense.bias", Tensor.Create(new double[3]))), "network");
            network.Predict(batch);
        }

        Assert.Equal((version, 1), (network.Version, adam.Steps));
        adam.Step(network, gradient);
    }

    [Fact]
    public void Calls_that_fail_leave_all_free()
    {
        using Workspace<double> workspace = network.CreateWorkspace();
        using NetworkStream<double> stream = network.OpenStream(2);
        NetworkState<double> state = network.CreateState(2);
        Gradient<double> gradient = network.CreateGradient();
        Assert.Throws<ArgumentException>(() => network.Predict(batch, state, workspace));
        Assert.Throws<ArgumentException>(() => network.Forward(batch, state, tape));
        Assert.Throws<ArgumentException>(
            () => network.ForwardLoss(batch, Sample.Batch<double>(1, 3, 2), loss, tape, null, gradient));
        Assert.Throws<ArgumentException>(
            "labels", () => network.ForwardLoss(batch, Sample.Ids(1, 3, 4, 0, 2), loss, tape, null, gradient));
        Assert.Throws<InvalidOperationException>(() => network.Backward(tape, gradient));
        Assert.Throws<ArgumentException>(() => stream.Step([1, 1], new double[6], new double[6]));
        Assert.Throws<ArgumentException>(() => stream.Step([1, 0, 1], new double[9], new double[9]));
        Assert.Throws<ArgumentException>(() => loss.Evaluate(batch, Sample.Batch<double>(1, 3, 2), target));
        Assert.Throws<ArgumentException>(() => batch.Fill([new double[4]]));
        Assert.All(
            [workspace.Use, state.Use, tape.Use, tape.OutputGradient.Use, gradient.Use, stream.State.Use, batch.Use, target.Use],
            use => Assert.True(use.TryTake()));
    }

    [Fact]
    public void Use_counts_readers_and_one_taker()
    {
        Use use = new();
        Assert.True(use.TryRead());
        Assert.True(use.TryRead());
        Assert.False(use.TryTake());
        Assert.False(use.TryTake(out bool isRead));
        Assert.True(isRead);
        use.Leave();
        use.Leave();
        Assert.True(use.TryTake(out isRead));
        Assert.False(isRead);
        Assert.False(use.TryTake());
        Assert.False(use.TryTake(out isRead));
        Assert.False(isRead);
        Assert.False(use.TryRead());
        use.Share();
        Assert.True(use.TryRead());
        Assert.False(use.TryTake());
        use.Leave();
        use.Leave();
        using (Use.Take(use, "", ""))
        {
            use.Share();
        }

        Assert.True(use.TryTake());
    }

    private static void Refused(Use use, string[] said, params Action[] calls)
    {
        using (Use.Take(use, "", ""))
        {
            Assert.All(calls, call => Says(Assert.Throws<InvalidOperationException>(call), said));
        }

        Assert.True(use.TryTake());
        use.Release();
    }

    private static void Says(Exception error, params string[] said)
        => Assert.All(said, part => Assert.Contains(part, error.Message, StringComparison.OrdinalIgnoreCase));
}
