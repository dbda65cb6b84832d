using System.Diagnostics;
using System.Numerics;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Training.Losses;

namespace Lstm;

/// <summary>The passes of a network on a tape: forward to an output or to a loss, then backward.</summary>
internal sealed unsafe class TapePasses<T>(Network<T> network, PassChecks<T> checks)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // SAFETY: PassChecks.CheckInput and CheckBackward make the rows of the input fit the first layer, and an output gradient or a
    // target the last one. The batch, the target and the gradient are read or taken until the layers are done; the network, which
    // holds the parameters, and the tape are kept alive to the end of each pass.

    /// <summary>Takes the tape and the state, and runs the batch forward to the tape's output.</summary>
    public SequenceBatch<T> Forward(NetworkInput<T> batch, NetworkState<T>? state, Tape<T> tape)
    {
        checks.CheckForward(batch, state, tape);
        using Use.Taking taken = tape.Take();
        using Use.Taking writing = NetworkState<T>.Take(state);
        using Use.Taking upstream = tape.TakeOutputGradient();
        return ForwardTaken(batch, state, tape);
    }

    /// <summary><see cref="Forward"/> for a caller that has taken the tape, its output gradient and the state.</summary>
    public SequenceBatch<T> ForwardTaken(NetworkInput<T> batch, NetworkState<T>? state, Tape<T> tape)
    {
        using InputReading<T> input = new(batch);
        Rows<T> rows = Begin(batch, input, state, tape);
        RunToOutput(input, rows, state, tape);
        End(state, tape);
        return tape.Output;
    }

    /// <summary>Runs the batch forward and computes the loss of its output.</summary>
    /// <param name="batch">The input.</param>
    /// <param name="target">The target.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="tape">The tape.</param>
    /// <param name="gradient">The gradient that Backward will be given; null to leave all of it to Backward.</param>
    /// <param name="state">The state to start from, overwritten with the final one; or null.</param>
    /// <param name="divisor">Divides the gradient of the sum; null for what the loss's reduction divides by.</param>
    public LossTotals ForwardLoss(
        NetworkInput<T> batch, NetworkTarget<T> target, Loss<T> loss, Tape<T> tape, Gradient<T>? gradient,
        NetworkState<T>? state, double? divisor)
    {
        target.Require(nameof(target));
        ArgumentNullException.ThrowIfNull(loss);
        checks.CheckGradient(gradient);
        loss.CheckLayers(network.Layers);
        checks.CheckForward(batch, state, tape);
        checks.CheckTarget(tape, target);
        using Use.Taking taken = tape.Take();
        using Use.Taking writing = NetworkState<T>.Take(state);
        using Use.Taking adding = Gradient<T>.Take(gradient);
        using InputReading<T> input = new(batch);
        using TargetReading<T> reading = new(target);
        Rows<T> rows = Begin(batch, input, state, tape);
        LossTotals totals;

        // Computed again together with the layers before it, a layer of few outputs takes less memory than its inputs would.
        if (tape.Runs.LastLayer(loss) is { } last && !(tape.RecomputeEvery is not null && last.OutputSize <= last.InputSize))
        {
            tape.ChooseRun(last);
            LossTape<T> own = tape.Runs.Loss!;
            int place = tape.Run.Layers.Count - 1;
            own.Begin(loss, target, reading, divisor);
            own.SweepInto(
                gradient, tape.Between, place, gradient is null || place > 0 ? null : tape.ReserveInputGradient(rows.Shape));
            Run(input, rows, state, tape);
            totals = own.Totals;
        }
        else
        {
            using (tape.TakeOutputGradient())
            {
                RunToOutput(input, rows, state, tape);
            }

            // A loss of the caller's may look at all that the tape shows; a pass that it makes on the same tape is refused.
            tape.Use.Share();
            totals = loss.EvaluateTotals(tape.Output, target, tape.OutputGradient, divisor, tape.Pass.Team, tape.Pass.Width);
        }

        End(state, tape);
        return totals;
    }

    /// <summary>Takes the tape and the gradient, and goes back through the pass on the tape.</summary>
    public void Backward(Tape<T> tape, Gradient<T> gradient)
    {
        checks.CheckTape(tape);
        ArgumentNullException.ThrowIfNull(gradient);
        checks.CheckGradient(gradient);
        using Use.Taking taken = tape.Take();
        using Use.Taking adding = Gradient<T>.Take(gradient);
        BackwardTaken(tape, gradient);
    }

    /// <summary><see cref="Backward"/> for a caller that has taken the tape and the gradient.</summary>
    public void BackwardTaken(Tape<T> tape, Gradient<T> gradient)
    {
        checks.CheckForwarded(tape);
        using Use.Reading final = NetworkState<T>.Read(tape.FinalStateGradient);
        using InputReading<T> input = tape.ReadInput();
        using TargetReading<T> target = tape.Runs.Loss?.ReadTarget() ?? default;
        using SequenceReading<T> upstream = SequenceBatch<T>.Read(tape.OutputGradient, "The output gradient");
        checks.CheckBackward(tape, input, target, upstream.Content!.Shape, gradient);
        tape.BeginBackward(input);
        tape.Run.Backward(
            tape.Pass, checks.RowsOf(input), upstream.Content.Pointer, tape.ReserveInputGradient(input.Shape), tape.Between,
            gradient.Buffer.Pointer);
        tape.EndBackward();
        GC.KeepAlive(gradient);
        GC.KeepAlive(tape);
        GC.KeepAlive(network);
    }

    /// <summary>
    /// Moves the running averages towards the statistics of the pass on the tape; does nothing without batch norm.
    /// </summary>
    public void UpdateStatistics(Tape<T> tape)
    {
        checks.CheckTape(tape);
        using Use.Taking taken = tape.Take();
        if (network.HasStatistics)
        {
            using Use.Taking writing = network.ParameterSet.TakeForWriting();
            lock (network.ParameterLock)
            {
                tape.MoveStatistics(network.Flat);
                network.Touch();
            }
        }
    }

    // The first change to the tape: nothing is refused for its form any more.
    private Rows<T> Begin(NetworkInput<T> batch, in InputReading<T> input, NetworkState<T>? state, Tape<T> tape)
    {
        Rows<T> rows = checks.CheckInput(input, state);
        checks.CheckSteps(rows.Shape, state, tape);
        tape.BeginForward(batch, input);
        return rows;
    }

    private void RunToOutput(in InputReading<T> input, Rows<T> rows, NetworkState<T>? state, Tape<T> tape)
    {
        tape.ChooseRun(null);
        Run(input, rows, state, tape);
        LayerTape<T> last = tape.Run.Tapes[^1];
        tape.Output.View(last.OutputShape, last.Output, last.OutputStart);
        tape.OutputGradient.ReshapeLike(last.OutputShape, blank: true);
    }

    private void Run(in InputReading<T> input, Rows<T> rows, NetworkState<T>? state, Tape<T> tape)
    {
        Debug.Assert(rows.Features == network.InputSize && (state is null || state.Count == rows.Shape.Count));
        tape.Pass = tape.Pass.Over(network.ParameterSet, state, input.IdPointer);
        tape.Run.Forward(tape.Pass, rows);
        GC.KeepAlive(network);
    }

    // Only here does the caller see that a pass has been made: a loss that refuses its target has changed nothing.
    private static void End(NetworkState<T>? state, Tape<T> tape)
    {
        tape.Run.TakeFinalState(state, tape.Pass, tape.InputShape);
        tape.EndForward();
    }
}
