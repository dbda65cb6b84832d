using System.Numerics;
using Lstm.Sequences;

namespace Lstm;

/// <summary>The input of a pass: features, or ids for a network that starts with an embedding.</summary>
/// <remarks>
/// Batches of features and of ids convert implicitly, so that methods that take an input are called with a batch. The input refers to the batch and
/// copies nothing. <see langword="default"/> is no input: methods refuse it as they refuse null.
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

    /// <summary>Whether there is an input at all.</summary>
    internal bool IsGiven => Features is not null || Ids is not null;

    /// <summary>The shape of the batch; there is one.</summary>
    internal SequenceShape Shape => Features?.Shape ?? Ids!.Shape;

    /// <summary>Makes an input of features.</summary>
    /// <param name="features">Sequences of features.</param>
    public static implicit operator NetworkInput<T>(SequenceBatch<T>? features) => new(features, null);

    /// <summary>Makes an input of ids.</summary>
    /// <param name="ids">Sequences of ids.</param>
    public static implicit operator NetworkInput<T>(SequenceBatch<int>? ids) => new(null, ids);

    /// <summary>The sizes of the batch.</summary>
    public override string ToString() => Features?.ToString() ?? Ids?.ToString() ?? "no input";

    /// <summary>Refuses an input that is not given.</summary>
    /// <exception cref="ArgumentNullException">It is not.</exception>
    internal void Require(string argument)
    {
        if (!IsGiven)
        {
            throw new ArgumentNullException(argument);
        }
    }
}
