using System.Numerics;

namespace Lstm.Sequences;

/// <summary>The input of a network while a pass reads it.</summary>
internal readonly struct InputReading<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SequenceReading<T> _batch;
    private readonly SequenceReading<int> _ids;

    /// <summary>Begins to read an input.</summary>
    /// <exception cref="InvalidOperationException">The input's batch is being refilled.</exception>
    public InputReading(NetworkInput<T> input)
    {
        _batch = SequenceBatch<T>.Read(input.Features, "The input batch");
        _ids = SequenceBatch<int>.Read(input.Ids, "The input batch");
    }

    /// <summary>The features, or null.</summary>
    public SequenceContent<T>? Content => _batch.Content;

    /// <summary>The ids, or null.</summary>
    public SequenceContent<int>? Ids => _ids.Content;

    public SequenceShape Shape => Content?.Shape ?? Ids!.Shape;

    /// <summary>The ids in row order, one for each row of <see cref="Shape"/>; null for features.</summary>
    // SAFETY: SequenceContent.Pointer; the reading keeps the content, and with it the memory, unchanged until it is disposed of.
    public unsafe int* IdPointer => Ids is null ? null : Ids.Pointer;

    public void Dispose()
    {
        _batch.Dispose();
        _ids.Dispose();
    }
}
