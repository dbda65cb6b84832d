using System.Numerics;
using Lstm.Layers;
using Lstm.Sequences;

namespace Lstm;

/// <summary>Refuses what a pass over a network cannot take, before the pass changes anything.</summary>
internal sealed unsafe class PassChecks<T>(Network<T> network)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Why the network cannot read an input; null if it can.</summary>
    public string? WhyNotInput(SequenceContent<T>? batch, SequenceContent<int>? ids)
    {
        int features = batch?.FeatureSize ?? ids!.FeatureSize;
        int expected = network.TakesIds ? 1 : network.InputSize;
        if (network.TakesIds && ids is null)
        {
            return "The network starts with an embedding and is fed with ids: give a SequenceBatch<int>.";
        }

        if (!network.TakesIds && ids is not null)
        {
            return "The network has no embedding and is fed with features, not ids: start it with an EmbeddingSpec, or give " +
                "values.";
        }

        if (features != expected)
        {
            string remedy = network.TakesIds
                ? ", an id."
                : $". Make the batch with featureSize {expected}, or the network with inputSize {features}.";
            return $"The batch has {features} values per step; the network takes {expected}{remedy}";
        }

        return (batch?.Shape ?? ids!.Shape).Count == 0 ? "The batch has 0 sequences; it needs at least 1: fill it first."
            : UnknownId(ids) is { } id ? $"The batch contains {id}; the network knows 0 … {network.InputSize - 1}."
            : null;
    }

    /// <summary>Refuses arguments of a forward pass on a tape that do not belong together.</summary>
    public void CheckForward(NetworkInput<T> batch, NetworkState<T>? state, Tape<T> tape)
    {
        CheckTape(tape);
        batch.Require(nameof(batch));
        CheckNotOwn(tape, batch.Features, nameof(batch), "The batch");
        if (tape.Owns(state))
        {
            throw new ArgumentException(
                "The state is the tape's own gradient of the initial state, which its passes overwrite; copy it with Clone.",
                nameof(state));
        }
    }

    /// <summary>Refuses a target that is the tape's own.</summary>
    public void CheckTarget(Tape<T> tape, NetworkTarget<T> target)
    {
        CheckNotOwn(tape, target.Values, nameof(target), "The target");
        CheckNotOwn(tape, target.Weights, "weights", "The weights");
    }

    /// <summary>Refuses a tape of another network, or one that has been disposed of.</summary>
    public void CheckTape(Tape<T> tape)
    {
        ArgumentNullException.ThrowIfNull(tape);
        if (!ReferenceEquals(tape.Network, network))
        {
            throw new ArgumentException(
                "The tape belongs to another network; use one that CreateTape of this network has made.", nameof(tape));
        }

        tape.Pass.Team.ThrowIfDisposed(tape);
    }

    /// <summary>Refuses a workspace of another network, or one whose output is the batch.</summary>
    public void CheckWorkspace(Workspace<T> workspace, NetworkInput<T> batch)
    {
        if (!ReferenceEquals(workspace.Network, network))
        {
            throw new ArgumentException(
                "The workspace belongs to another network; use one that CreateWorkspace of this network has made.",
                nameof(workspace));
        }

        workspace.Pass.Team.ThrowIfDisposed(workspace);
        batch.Require(nameof(batch));
        if (batch.Features is { } features && ReferenceEquals(features.Use, workspace.Use))
        {
            throw new ArgumentException(
                "The batch is the workspace's own output, which this pass overwrites; copy it, or take turns with two of them.",
                nameof(batch));
        }
    }

    /// <summary>Refuses a gradient of another network; null is none.</summary>
    public void CheckGradient(Gradient<T>? gradient)
    {
        if (gradient is not null && !ReferenceEquals(gradient.Layout, network.ParameterSet.Layout))
        {
            throw new ArgumentException(
                "The gradient belongs to another network; use one that CreateGradient of this network has made.",
                nameof(gradient));
        }
    }

    /// <summary>Checks what a pass reads, and gives its rows.</summary>
    public Rows<T> CheckInput(in InputReading<T> input, NetworkState<T>? state)
    {
        if (WhyNotInput(input.Content, input.Ids) is { } problem)
        {
            throw new ArgumentException(problem, "batch");
        }

        state?.Attach(network.InitialStates, network.StateSizes, input.Shape.Count, nameof(state));
        return RowsOf(input);
    }

    /// <summary>The rows of an input that has been checked.</summary>
    // SAFETY: WhyNotInput has compared the batch's feature size with InputSize, so that the content has shape.RowCount rows of
    // it; the reading keeps the content where it is as long as the caller uses the rows.
    public Rows<T> RowsOf(in InputReading<T> input)
        => new(input.Content is null ? null : input.Content.Pointer, network.InputSize, input.Shape);

    /// <summary>
    /// Refuses, with batch norm, sequences that are at different steps: a step measures one set of statistics over all its rows.
    /// </summary>
    public void CheckSteps(SequenceShape shape, NetworkState<T>? state, Tape<T> tape)
    {
        int first = -1;
        for (int b = 0; tape.Training && state is not null && network.HasStatistics && b < shape.Count; b++)
        {
            if (shape.Lengths[b] > 0)
            {
                first = first < 0 ? b : first;
                if (state.Steps[b] != state.Steps[first])
                {
                    throw new ArgumentException(
                        $"Batch norm trains on sequences that are at the same step; in the state, sequence {first} is at step "
                        + $"{state.Steps[first]}, sequence {b} at {state.Steps[b]}.",
                        nameof(state));
                }
            }
        }
    }

    /// <summary>
    /// Refuses a tape, which the caller has taken, without a pass that waits for Backward, or whose parameters have changed
    /// since.
    /// </summary>
    public void CheckForwarded(Tape<T> tape)
    {
        if (!tape.IsPending)
        {
            throw new InvalidOperationException(
                "The tape holds no forward pass that waits for Backward; each Forward allows one.");
        }

        if (tape.Pass.Version != network.Version)
        {
            throw new InvalidOperationException(
                $"The parameters changed (version {network.Version}) after the tape's forward pass (version " +
                $"{tape.Pass.Version}). "
                + "Run Backward before the parameters are written, or Forward once more.");
        }

        if (tape.Owns(tape.FinalStateGradient))
        {
            throw new ArgumentException(
                "The final state's gradient is the tape's own gradient of the initial state, which this pass overwrites; copy " +
                "it with Clone.",
                nameof(tape.FinalStateGradient));
        }
    }

    /// <summary>Refuses what has changed between the forward and the backward pass, or does not fit it.</summary>
    public void CheckBackward(
        Tape<T> tape, in InputReading<T> input, in TargetReading<T> target, SequenceShape upstream, Gradient<T> gradient)
    {
        if (tape.Runs.Loss is { Swept: { } swept } && !ReferenceEquals(swept, gradient))
        {
            throw new ArgumentException(
                "ForwardLoss has added the last layer's part to another gradient than this one; give Backward the same one.",
                nameof(gradient));
        }

        SequenceShape output = tape.Run.Tapes[^1].OutputShape;
        if (tape.HasOutput && !upstream.Matches(output))
        {
            throw new InvalidOperationException(
                $"The output gradient has {upstream.RowCount} rows of {upstream.Count} sequences; "
                + $"the output has {output.RowCount} of {output.Count}, in the same order of lengths.");
        }

        // An id or label is an index: one that was changed in place would reach beyond its table.
        if (UnknownId(input.Ids) is { } id)
        {
            throw new InvalidOperationException(
                $"The input batch was changed after the tape's forward pass: it contains {id}; the network knows 0 … " +
                $"{network.InputSize - 1}.");
        }

        tape.Runs.Loss?.PrepareBackward(
            target, tape.Run.InputOf(tape.Run.Layers.Count - 1, RowsOf(input)).Shape, network.OutputSize);
        tape.FinalStateGradient?.CheckFits(network.StateSizes, input.Shape.Count, nameof(tape.FinalStateGradient));
    }

    /// <summary>The first id that the network does not know, and where the caller finds it; null if there is none.</summary>
    private string? UnknownId(SequenceContent<int>? ids)
    {
        ReadOnlySpan<int> rows = ids is null ? default : ids.Rows;
        for (int row = 0; row < rows.Length; row++)
        {
            int id = rows[row];
            if ((uint)id >= (uint)network.InputSize)
            {
                (int sequence, int step) = ids!.Shape.Place(row);
                return $"the id {id} in sequence {sequence}, step {ids.Shape.FirstStep + step}";
            }
        }

        return null;
    }

    private static void CheckNotOwn(Tape<T> tape, SequenceBatch<T>? batch, string argument, string subject)
    {
        if (tape.NameOfOwn(batch) is { } name)
        {
            throw new ArgumentException(
                $"{subject} is {name}, which this pass overwrites; copy it, or take turns with two of them.", argument);
        }
    }
}
