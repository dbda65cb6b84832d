using System.Numerics;
using Lstm.Sequences;

namespace Lstm;

/// <summary>The input of a pass: features, or ids for a network that starts with an embedding.</summary>
/// <remarks>
/// <para>Batches of features and of ids convert implicitly, so that methods that take an input are called with a batch. The input
/// refers to the batch and copies nothing. <see langword="default"/> is no input: methods refuse it as they refuse null.</para>
/// <para>An input may have several parts: the sequences that each example has, such as a source text and a target text, for a
/// <see cref="Lstm.Training.TrainableModel{T}"/> of several networks. A <see cref="Network{T}"/> reads an input of one part. The
/// properties are those of the last part, which says how many sequences and steps the input has.</para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public readonly struct NetworkInput<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NetworkInput<T>[]? _parts;

    /// <summary>Initializes an input of several parts.</summary>
    /// <param name="parts">
    /// The parts, in the order that the model expects. They may have different lengths, kinds and numbers of sequences. An input
    /// of several parts among them stands for its parts.
    /// </param>
    /// <exception cref="ArgumentException">There are no parts.</exception>
    /// <exception cref="ArgumentNullException">A part is not given.</exception>
    public NetworkInput(params ReadOnlySpan<NetworkInput<T>> parts)
    {
        List<NetworkInput<T>> all = [];
        foreach (NetworkInput<T> part in parts)
        {
            if (!part.IsGiven)
            {
                throw new ArgumentNullException(nameof(parts));
            }

            for (int i = 0; i < part.PartCount; i++)
            {
                all.Add(part[i]);
            }
        }

        if (all.Count == 0)
        {
            throw new ArgumentException("The input has 0 parts; give at least 1.", nameof(parts));
        }

        (Features, Ids) = (all[^1].Features, all[^1].Ids);
        _parts = all.Count == 1 ? null : [.. all];
    }

    // A part holds batches whose rows belong together: features or ids, where a layer reads them a column of ids for each
    // embedding.
    private NetworkInput(SequenceBatch<T>? features, SequenceBatch<int>? ids) => (Features, Ids) = (features, ids);

    /// <summary>The number of parts: 1 for a batch, 0 for no input.</summary>
    public int PartCount => _parts?.Length ?? (IsGiven ? 1 : 0);

    /// <summary>One part, as an input of its own.</summary>
    /// <param name="part">The index of the part, 0 … <see cref="PartCount"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such part.</exception>
    public NetworkInput<T> this[int part]
        => (uint)part >= (uint)PartCount
            ? throw new ArgumentOutOfRangeException(
                nameof(part), part, $"The input has {PartCount} parts; the index has to be below that.")
            : _parts?[part] ?? this;

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

    /// <summary>The sizes of the batch, or of each part's.</summary>
    public override string ToString()
        => _parts is null ? Features?.ToString() ?? Ids?.ToString() ?? "no input" : string.Join("; ", _parts);

    /// <summary>Refuses an input that is not given, and one of several parts, which no network reads.</summary>
    /// <exception cref="ArgumentNullException">The input is not given.</exception>
    /// <exception cref="ArgumentException">The input has several parts.</exception>
    internal void Require(string argument)
    {
        if (!IsGiven)
        {
            throw new ArgumentNullException(argument);
        }

        if (_parts is not null)
        {
            throw new ArgumentException(WhyNotOne(), argument);
        }
    }

    /// <summary>Why a network cannot read the input, if it has several parts; null if it has one.</summary>
    internal string? WhyNotOne()
        => _parts is null
            ? null
            : $"The input has {_parts.Length} parts, and a network reads 1: give one of them, input[0] to " +
                $"input[{_parts.Length - 1}].";
}
