using Lstm.Layers;
using Lstm.Sequences;

namespace Lstm;

public sealed unsafe partial class Network<T>
{
    /// <summary>Why an input cannot be read; null if it can.</summary>
    internal string? WhyNotInput(NetworkInput<T> input) => WhyNotInput(input.Features?.Content, input.Ids?.Content);

    private string? WhyNotInput(SequenceContent<T>? batch, SequenceContent<int>? ids)
    {
        int features = batch?.FeatureSize ?? ids!.FeatureSize;
        int expected = TakesIds ? 1 : InputSize;
        return TakesIds != (ids is not null)
            ? TakesIds ? "The network starts with an embedding and is fed with ids: give a SequenceBatch<int>." : "The network has no embedding and is fed with features, not ids: start it with an EmbeddingSpec, or give values."
            : features != expected ? $"The batch has {features} values per step; the network takes {expected}{(TakesIds ? ", an id." : $". Make the batch with featureSize {expected}, or the network with inputSize {features}.")}"
            : (batch?.Shape ?? ids!.Shape).Count == 0 ? "The batch has 0 sequences; it needs at least 1: fill it first."
            : UnknownId(ids) is { } id ? $"The batch contains {id}; the network knows 0 … {InputSize - 1}."
            : null;
    }

    private Rows<T> CheckInput(in InputReading<T> input, NetworkState<T>? state)
    {
        if (WhyNotInput(input.Content, input.Ids) is { } problem)
        {
            throw new ArgumentException(problem, "batch");
        }

        state?.Attach(this, input.Shape.Count, nameof(state));
        return RowsOf(input);
    }

    private Rows<T> RowsOf(in InputReading<T> input) => new(input.Content is null ? null : input.Content.Pointer, InputSize, input.Shape);

    /// <summary>The first id that the network does not know, and where the caller finds it; null if there is none.</summary>
    private string? UnknownId(SequenceContent<int>? ids)
    {
        ReadOnlySpan<int> rows = ids is null ? default : ids.Rows;
        for (int row = 0; row < rows.Length; row++)
        {
            int id = rows[row];
            if ((uint)id >= (uint)InputSize)
            {
                (int sequence, int step) = ids!.Shape.Place(row);
                return $"the id {id} in sequence {sequence}, step {ids.Shape.FirstStep + step}";
            }
        }

        return null;
    }

    private static void CheckNotOwn(Workspace<T> workspace, SequenceBatch<T>? batch)
    {
        if (batch is not null && ReferenceEquals(batch.Use, workspace.Use))
        {
            throw new ArgumentException("The batch is the workspace's own output, which this pass overwrites; copy it, or take turns with two of them.", nameof(batch));
        }
    }

    private static void CheckNotOwn(Tape<T> tape, SequenceBatch<T>? batch, string argument, string subject)
    {
        if (tape.NameOfOwn(batch) is { } name)
        {
            throw new ArgumentException($"{subject} is {name}, which this pass overwrites; copy it, or take turns with two of them.", argument);
        }
    }

    private static void CheckNotOwn(Tape<T> tape, NetworkState<T>? state)
    {
        if (tape.Owns(state))
        {
            throw new ArgumentException("The state is the tape's own gradient of the initial state, which its passes overwrite; copy it with Clone.", nameof(state));
        }
    }

    private void CheckTape(Tape<T> tape)
    {
        ArgumentNullException.ThrowIfNull(tape);
        if (!ReferenceEquals(tape.Network, this))
        {
            throw new ArgumentException("The tape belongs to another network.", nameof(tape));
        }

        tape.Pass.Team.ThrowIfDisposed(tape);
    }

    internal void CheckGradient(Gradient<T>? gradient)
    {
        if (gradient is not null && !ReferenceEquals(gradient.Layout, _layout))
        {
            throw new ArgumentException("The gradient belongs to another network.", nameof(gradient));
        }
    }

    // The pass on a tape that this call has taken.
    private void CheckPending(Tape<T> tape)
    {
        if (!tape.IsPending)
        {
            throw new InvalidOperationException("The tape holds no forward pass that waits for Backward; each Forward allows one.");
        }

        if (tape.Pass.Version != Version)
        {
            throw new InvalidOperationException($"The parameters changed (version {Version}) since the tape's forward pass (version {tape.Pass.Version}).");
        }
    }

    private void CheckBackward(Tape<T> tape, in InputReading<T> input, in TargetReading<T> rows, SequenceShape upstream, Gradient<T> gradient, NetworkState<T>? finalGradient)
    {
        if (tape.Fused.Swept is not null && !ReferenceEquals(tape.Fused.Swept, gradient))
        {
            throw new ArgumentException("ForwardLoss has added the last layer's part to another gradient than this one.", nameof(gradient));
        }

        SequenceShape output = tape.Run.Tapes[^1].OutputShape;
        if (!tape.Fused.IsPending && tape.Fused.Swept is null && !upstream.Matches(output))
        {
            throw new InvalidOperationException(
                $"The output gradient has {upstream.RowCount} rows of {upstream.Count} sequences; "
                + $"the output has {output.RowCount} of {output.Count}, in the same order of lengths.");
        }

        // An id or label is an index: one that was changed in place would reach beyond its table.
        if (UnknownId(input.Ids) is { } id)
        {
            throw new InvalidOperationException($"The input batch was changed since the tape's forward pass: it contains {id}; the network knows 0 … {InputSize - 1}.");
        }

        tape.Fused.Check(rows, tape.Run.Tapes.Length > 1 ? tape.Run.Tapes[^2].OutputShape : input.Shape, OutputSize);
        finalGradient?.CheckFits(StateSizes, input.Shape.Count, nameof(tape.FinalStateGradient));
    }
}
