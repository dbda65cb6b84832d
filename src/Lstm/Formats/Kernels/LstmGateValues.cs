using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>The values of an LSTM layer's gates: one span that holds all gates, or one span for each gate.</summary>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public readonly ref struct LstmGateValues<T>
{
    private readonly ReadOnlySpan<T> _first;
    private readonly ReadOnlySpan<T> _second;
    private readonly ReadOnlySpan<T> _third;
    private readonly ReadOnlySpan<T> _fourth;

    /// <summary>Takes one span with the values of all gates.</summary>
    /// <param name="joined">The values, in the order and layout of an <see cref="LstmKernelLayout"/>.</param>
    public LstmGateValues(ReadOnlySpan<T> joined)
    {
        _first = joined;
        Count = 1;
    }

    /// <summary>Takes a span for each of the three gates that have peepholes.</summary>
    /// <param name="first">The first gate of <see cref="LstmKernelLayout.Gates"/> without the candidate.</param>
    /// <param name="second">The second one.</param>
    /// <param name="third">The third one.</param>
    public LstmGateValues(ReadOnlySpan<T> first, ReadOnlySpan<T> second, ReadOnlySpan<T> third)
    {
        _first = first;
        _second = second;
        _third = third;
        Count = 3;
    }

    /// <summary>Takes a span for each gate.</summary>
    /// <param name="first">The first gate of <see cref="LstmKernelLayout.Gates"/>.</param>
    /// <param name="second">The second one.</param>
    /// <param name="third">The third one.</param>
    /// <param name="fourth">The fourth one.</param>
    public LstmGateValues(ReadOnlySpan<T> first, ReadOnlySpan<T> second, ReadOnlySpan<T> third, ReadOnlySpan<T> fourth)
        : this(first, second, third)
    {
        _fourth = fourth;
        Count = 4;
    }

    /// <summary>How many spans there are: 0 in the default value, else 1, 3 or 4.</summary>
    public int Count { get; }

    /// <summary>Whether there are no values: the default.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>The number of spans, and of values in the first one.</summary>
    public override string ToString() => InvariantText.Of($"{Count} spans, {_first.Length} values in the first");

    internal ReadOnlySpan<T> this[int index] => index switch { 0 => _first, 1 => _second, 2 => _third, _ => _fourth };

    /// <summary>Takes one span with the values of all gates.</summary>
    /// <param name="joined">The values.</param>
    public static implicit operator LstmGateValues<T>(ReadOnlySpan<T> joined) => new(joined);

    /// <inheritdoc cref="op_Implicit(ReadOnlySpan{T})"/>
    public static implicit operator LstmGateValues<T>(Span<T> joined) => new(joined);

    /// <summary>Takes an array with the values of all gates; null stands for none.</summary>
    /// <param name="joined">The values.</param>
    public static implicit operator LstmGateValues<T>(T[]? joined) => joined is null ? default : new(joined);
}
