using System.Numerics;
using Lstm.Sequences;

namespace Lstm;

/// <summary>An input with what the network should make of it; sequence by sequence, step by step.</summary>
/// <remarks>It refers to the batches given and copies nothing. The input is values, or ids for an embedding; the target is values or labels, as the loss takes them, with one row per output row.</remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class TrainingBatch<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Pairs values with target values.</summary>
    /// <param name="input">What the network reads.</param>
    /// <param name="target">What it should give.</param>
    /// <param name="weights">One weight per output row; null for 1.</param>
    public TrainingBatch(SequenceBatch<T> input, SequenceBatch<T> target, SequenceBatch<T>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(target);
        (Input, Target, Weights) = (input, target, weights);
    }

    /// <summary>Pairs values with labels.</summary>
    /// <param name="input">What the network reads.</param>
    /// <param name="labels">One label per output row.</param>
    /// <param name="weights">One weight per output row; null for 1.</param>
    public TrainingBatch(SequenceBatch<T> input, SequenceBatch<int> labels, SequenceBatch<T>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(labels);
        (Input, Labels, Weights) = (input, labels, weights);
    }

    /// <summary>Pairs ids with target values.</summary>
    /// <param name="ids">What the network's embedding reads.</param>
    /// <param name="target">What it should give.</param>
    /// <param name="weights">One weight per output row; null for 1.</param>
    public TrainingBatch(SequenceBatch<int> ids, SequenceBatch<T> target, SequenceBatch<T>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(target);
        (InputIds, Target, Weights) = (ids, target, weights);
    }

    /// <summary>Pairs ids with labels.</summary>
    /// <param name="ids">What the network's embedding reads.</param>
    /// <param name="labels">One label per output row.</param>
    /// <param name="weights">One weight per output row; null for 1.</param>
    public TrainingBatch(SequenceBatch<int> ids, SequenceBatch<int> labels, SequenceBatch<T>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(labels);
        (InputIds, Labels, Weights) = (ids, labels, weights);
    }

    /// <summary>The values read; null when ids are.</summary>
    public SequenceBatch<T>? Input { get; }

    /// <summary>The ids read; null when values are.</summary>
    public SequenceBatch<int>? InputIds { get; }

    /// <summary>The target values; null when there are labels.</summary>
    public SequenceBatch<T>? Target { get; }

    /// <summary>The labels; null when there are target values.</summary>
    public SequenceBatch<int>? Labels { get; }

    /// <summary>One weight per output row; null for 1.</summary>
    public SequenceBatch<T>? Weights { get; }

    /// <summary>Where its sequences come from; null when that is not known.</summary>
    internal SequenceOrigin? Origin
    {
        get => field?.IsOf(InputShape) == true ? field : null;
        set;
    }

    internal SequenceShape InputShape => Input?.Shape ?? InputIds!.Shape;

    internal SequenceShape TargetShape => Target?.Shape ?? Labels!.Shape;

    /// <summary>
    /// Why carried states would continue other sequences than those of the batch before; null when they continue the same ones, or when it is
    /// not known where the sequences of a batch come from.
    /// </summary>
    internal string? WhyNotContinuing(SequenceOrigin? previous) => previous is null ? null : Origin?.WhyNotContinuing(previous);
}
