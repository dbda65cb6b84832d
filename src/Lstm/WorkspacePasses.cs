using System.Diagnostics;
using System.Numerics;
using Lstm.Diagnostics;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Training.Losses;

namespace Lstm;

/// <summary>
/// The passes of a network in a workspace, from which none comes back: predictions, and losses that are only evaluated.
/// </summary>
internal sealed unsafe class WorkspacePasses<T>(Network<T> network, PassChecks<T> checks)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Runs a batch into a workspace's output, or into a new batch without a workspace.</summary>
    public SequenceBatch<T> Predict(NetworkInput<T> batch, NetworkState<T>? state, Workspace<T>? workspace)
    {
        if (workspace is null)
        {
            using Workspace<T> own = network.CreateWorkspace();
            SequenceBatch<T> view = Predict(batch, state, own);
            SequenceBatch<T> copy = new(network.OutputSize);
            copy.Reshape(view.Lengths);
            view.Rows.CopyTo(copy.Rows);
            return copy;
        }

        checks.CheckWorkspace(workspace, batch);
        using Use.Taking taken = workspace.Take();
        using Use.Taking writing = NetworkState<T>.Take(state);
        using InputReading<T> input = new(batch);
        Rows<T> rows = checks.CheckInput(input, state);
        workspace.Runs.Choose(null, recomputes: false);
        Pass<T> pass = Run(input, rows, state, workspace);
        if (workspace.ChecksFinite && !FiniteScan.IsFinite(workspace.Run, pass, rows, network.StateSizes))
        {
            ThrowNonFinite(batch, state);
        }

        workspace.Run.TakeFinalState(state, pass, rows.Shape);
        LayerTape<T> last = workspace.Run.Tapes[^1];
        workspace.Output.View(last.OutputShape, last.Output, last.OutputStart);
        GC.KeepAlive(network);
        return workspace.Output;
    }

    /// <summary>
    /// Adds the loss of a batch, or of a part of one, to sums. The output is not kept; of a linear last layer a few hundred rows
    /// exist at a time.
    /// </summary>
    public void EvaluateLoss(
        NetworkInput<T> batch, NetworkTarget<T> target, Loss<T> loss, Workspace<T> workspace, NetworkState<T>? state,
        ref LossTotals totals)
    {
        if (workspace.Runs.LastLayer(loss) is not { } last)
        {
            loss.AddTotals(Predict(batch, state, workspace), target, workspace.Pass.Team, workspace.Pass.Width, ref totals);
            return;
        }

        batch.Require(nameof(batch));
        using Use.Taking taken = workspace.Take();
        using Use.Taking writing = NetworkState<T>.Take(state);
        using InputReading<T> input = new(batch);
        using TargetReading<T> reading = new(target);
        Rows<T> rows = checks.CheckInput(input, state);
        workspace.Runs.Choose(last, recomputes: false);
        LossTape<T> own = workspace.Runs.Loss!;
        own.Begin(loss, target, reading, null, totals);
        Pass<T> pass = Run(input, rows, state, workspace);
        totals = own.Totals;
        own.Clear();
        workspace.Run.TakeFinalState(state, pass, rows.Shape);
        GC.KeepAlive(network);
    }

    // The pass has kept nothing: a second one, which keeps everything, finds the place. The state is not yet written back.
    private void ThrowNonFinite(NetworkInput<T> batch, NetworkState<T>? state)
    {
        NetworkState<T>? start = state is null ? null : new NetworkState<T>(state.Sizes, state.Count);
        start?.CopyValues(state!);
        if (NonFinitePass.Of(network, batch, start) is { } origin)
        {
            throw new NonFiniteValueException(origin);
        }
    }

    // SAFETY: PassChecks.CheckInput makes the rows of the input, which the caller reads until the pass is over, fit the first
    // layer and the state. The callers keep the network, which holds the parameters, alive.
    private Pass<T> Run(in InputReading<T> input, Rows<T> rows, NetworkState<T>? state, Workspace<T> workspace)
    {
        Debug.Assert(rows.Features == network.InputSize && (state is null || state.Count == rows.Shape.Count));
        Pass<T> pass = workspace.Pass.Over(network.ParameterSet, state, input.IdPointer);
        workspace.Run.Forward(pass, rows);
        return pass;
    }
}
