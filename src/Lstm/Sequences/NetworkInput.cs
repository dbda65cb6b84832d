using System.Numerics;
using Lstm.Sequences;

namespace Lstm;

/// <summary>The input of a pass: features, or ids for a network that starts with an embedding.</summary>
/// <remarks>
/// Batches of features and batches of ids convert implicitly, so a method that takes an input can be called with a batch. The
/// input refers to the batch and copies nothing. <see langword="default"/> is no input: methods refuse it as they refuse null.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public readonly struct NetworkInput<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private NetworkInput(SequenceBatch<T>? features, SequenceBatch<int>? ids) => (Features, Ids) = (features, ids);

    /// <summary>The features; null for an input of ids.</summary>
    public SequenceBatch<T>? Features { get; }

    /// <summary>The ids; null for an input of features.</summary>
    public SequenceBatch<int>? Ids { get; }

    /// <summary>Whether the input refers to a batch.</summary>
    internal bool IsGiven => Features is not null || Ids is not null;

    /// <summary>The shape of the batch; requires <see cref="IsGiven"/>.</summary>
    internal SequenceShape Shape => Features?.Shape ?? Ids!.Shape;

    /// <summary>Converts a batch of features to an input.</summary>
    /// <param name="features">The sequences of features; null gives no input.</param>
    public static implicit operator NetworkInput<T>(SequenceBatch<T>? features) => new(features, null);

    /// <summary>Converts a batch of ids to an input.</summary>
    /// <param name="ids">The sequences of ids; null gives no input.</param>
    public static implicit operator NetworkInput<T>(SequenceBatch<int>? ids) => new(null, ids);

    /// <summary>Returns the sizes of the batch.</summary>
    public override string ToString() => Features?.ToString() ?? Ids?.ToString() ?? "no input";

    /// <summary>Refuses an input that is not given.</summary>
    /// <exception cref="ArgumentNullException">The input is not given.</exception>
    internal void Require(string argument)
    {
        if (!IsGiven)
        {
            throw new ArgumentNullException(argument);
        }
    }
}
