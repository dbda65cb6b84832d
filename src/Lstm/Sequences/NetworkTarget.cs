using System.Numerics;
using Lstm.Sequences;

namespace Lstm;

/// <summary>The target of a loss: values or labels, and the weights of its rows.</summary>
/// <remarks>
/// Batches of values and of labels convert implicitly to a target without weights. The target refers to the batches and copies
/// nothing. The loss decides which lengths, and which weights, it takes: those of the output's rows, or with
/// <see cref="Lstm.Training.LossUnit.Sequence"/> lengths of the target's own and a weight for each sequence.
/// <see langword="default"/> is no target: methods refuse it as they refuse null.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public readonly struct NetworkTarget<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Initializes a target of values.</summary>
    /// <param name="values">The values that the output should have.</param>
    /// <param name="weights">One weight per row; null weights every row by 1.</param>
    /// <exception cref="ArgumentNullException"><paramref name="values"/> is null.</exception>
    public NetworkTarget(SequenceBatch<T> values, SequenceBatch<T>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        (Values, Weights) = (values, weights);
    }

    /// <summary>Initializes a target of labels.</summary>
    /// <param name="labels">One label per row.</param>
    /// <param name="weights">One weight per row; null weights every row by 1.</param>
    /// <exception cref="ArgumentNullException"><paramref name="labels"/> is null.</exception>
    public NetworkTarget(SequenceBatch<int> labels, SequenceBatch<T>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        (Labels, Weights) = (labels, weights);
    }

    private NetworkTarget(SequenceBatch<T>? values, SequenceBatch<int>? labels, SequenceBatch<T>? weights)
        => (Values, Labels, Weights) = (values, labels, weights);

    /// <summary>The values; null for a target of labels.</summary>
    public SequenceBatch<T>? Values { get; }

    /// <summary>The labels; null for a target of values.</summary>
    public SequenceBatch<int>? Labels { get; }

    /// <summary>One weight per row; null if every row has the weight 1.</summary>
    public SequenceBatch<T>? Weights { get; }

    /// <summary>Whether the target refers to a batch.</summary>
    internal bool IsGiven => Values is not null || Labels is not null;

    /// <summary>The shape of the values or labels; requires <see cref="IsGiven"/>.</summary>
    internal SequenceShape Shape => Values?.Shape ?? Labels!.Shape;

    /// <summary>The name of the values or labels in messages.</summary>
    internal string Part => Labels is null ? "target" : "labels";

    /// <summary>Converts a batch of values to a target without weights.</summary>
    /// <param name="values">The values that the output should have; null gives no target.</param>
    public static implicit operator NetworkTarget<T>(SequenceBatch<T>? values) => new(values, null, null);

    /// <summary>Converts a batch of labels to a target without weights.</summary>
    /// <param name="labels">One label per row; null gives no target.</param>
    public static implicit operator NetworkTarget<T>(SequenceBatch<int>? labels) => new(null, labels, null);

    /// <summary>Returns the sizes of the batches.</summary>
    public override string ToString()
        => IsGiven ? $"{Values?.ToString() ?? Labels?.ToString()}{(Weights is null ? string.Empty : ", with weights")}"
            : "no target";

    /// <summary>Returns a target of these values or labels with other weights.</summary>
    internal NetworkTarget<T> With(SequenceBatch<T>? weights) => new(Values, Labels, weights);

    /// <summary>Refuses a target that is not given.</summary>
    /// <exception cref="ArgumentNullException">The target is not given.</exception>
    internal void Require(string argument)
    {
        if (!IsGiven)
        {
            throw new ArgumentNullException(argument);
        }
    }
}
