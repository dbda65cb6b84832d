using Lstm.Layers;
using Lstm.Sequences;

namespace Lstm;

public sealed unsafe partial class Network<T>
{
    /// <summary>Why an input, given as one of the two kinds, cannot be read; null if it can.</summary>
    internal string? WhyNotInput(SequenceBatch<T>? batch, SequenceBatch<int>? ids)
    {
        int features = batch?.FeatureSize ?? ids!.FeatureSize;
        int expected = TakesIds ? 1 : InputSize;
        return TakesIds != (ids is not null)
            ? TakesIds ? "The network starts with an embedding and is fed with ids: give a SequenceBatch<int>." : "The network has no embedding and is fed with features, not ids: start it with an EmbeddingSpec, or give values."
            : features != expected ? $"The batch has {features} values per step; the network takes {expected}{(TakesIds ? ", an id." : $". Make the batch with featureSize {expected}, or the network with inputSize {features}.")}"
            : (batch?.Count ?? ids!.Count) == 0 ? "The batch has 0 sequences; it needs at least 1: fill it first."
            : UnknownId(ids) is { } id ? $"The batch contains the id {id}; the network knows 0 … {InputSize - 1}."
            : null;
    }

    private Rows<T> CheckInput(SequenceBatch<T>? batch, SequenceBatch<int>? ids, NetworkState<T>? state)
    {
        if (batch is null)
        {
            ArgumentNullException.ThrowIfNull(ids, nameof(batch));
        }

        if (WhyNotInput(batch, ids) is { } problem)
        {
            throw new ArgumentException(problem, nameof(batch));
        }

        SequenceShape shape = batch?.Shape ?? ids!.Shape;
        state?.Attach(this, shape.Count, nameof(state));
        return new Rows<T>(batch is null ? null : batch.RowPointer, InputSize, shape);
    }

    private int? UnknownId(SequenceBatch<int>? ids)
    {
        foreach (int id in ids is null ? default : ids.Rows)
        {
            if ((uint)id >= (uint)InputSize)
            {
                return id;
            }
        }

        return null;
    }

    private static void CheckNotOutput(SequenceBatch<T>? batch, SequenceBatch<T> output, string owner)
    {
        if (ReferenceEquals(batch, output))
        {
            throw new ArgumentException($"The batch is the {owner}'s own output, which this pass overwrites; copy it, or take turns with two of them.", nameof(batch));
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

    private void CheckGradient(Gradient<T>? gradient)
    {
        if (gradient is not null && !ReferenceEquals(gradient.Layout, _layout))
        {
            throw new ArgumentException("The gradient belongs to another network.", nameof(gradient));
        }
    }

    private void CheckBackward(Tape<T> tape, Gradient<T> gradient)
    {
        CheckTape(tape);
        ArgumentNullException.ThrowIfNull(gradient);
        CheckGradient(gradient);
        if (!tape.IsPending)
        {
            throw new InvalidOperationException("The tape holds no forward pass that waits for Backward; each Forward allows one.");
        }

        if (tape.Pass.Version != Version)
        {
            throw new InvalidOperationException($"The parameters changed (version {Version}) since the tape's forward pass (version {tape.Pass.Version}).");
        }

        if (tape.InputShape.Version != tape.InputShapeVersion)
        {
            throw new InvalidOperationException("The input batch was refilled since the tape's forward pass.");
        }

        if (tape.Fused.Swept is not null && !ReferenceEquals(tape.Fused.Swept, gradient))
        {
            throw new ArgumentException("ForwardLoss has added the last layer's part to another gradient than this one.", nameof(gradient));
        }

        SequenceShape output = tape.Run.Records[^1].OutputShape;
        if (!tape.Fused.IsPending && tape.Fused.Swept is null && !tape.OutputGradient.Shape.Matches(output))
        {
            throw new InvalidOperationException(
                $"The output gradient has {tape.OutputGradient.RowCount} rows of {tape.OutputGradient.Count} sequences; "
                + $"the output has {output.RowCount} of {output.Count}, in the same order of lengths.");
        }

        // An id or label is an index: one that was changed in place would reach beyond its table.
        if (UnknownId(tape.InputIds) is { } id)
        {
            throw new InvalidOperationException($"The input batch was changed since the tape's forward pass: it contains the id {id}; the network knows 0 … {InputSize - 1}.");
        }

        tape.Fused.Check(tape.Run.Records.Length > 1 ? tape.Run.Records[^2].OutputShape : tape.InputShape, OutputSize);
        tape.FinalStateGradient?.CheckFits(StateSizes, tape.InputShape.Count, nameof(tape.FinalStateGradient));
    }
}
