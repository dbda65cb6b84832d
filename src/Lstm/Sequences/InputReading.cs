using System.Numerics;

namespace Lstm.Sequences;

/// <summary>A network's input while a pass reads it: features or ids.</summary>
internal readonly struct InputReading<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SequenceReading<T> _batch;
    private readonly SequenceReading<int> _ids;

    /// <summary>Begins to read one of the two.</summary>
    /// <exception cref="InvalidOperationException">It is being refilled.</exception>
    public InputReading(SequenceBatch<T>? batch, SequenceBatch<int>? ids)
    {
        _batch = SequenceBatch<T>.Read(batch, "The input batch");
        _ids = SequenceBatch<int>.Read(ids, "The input batch");
    }

    /// <summary>The features, or null.</summary>
    public SequenceContent<T>? Content => _batch.Content;

    /// <summary>The ids, or null.</summary>
    public SequenceContent<int>? Ids => _ids.Content;

    public SequenceShape Shape => Content?.Shape ?? Ids!.Shape;

    public void Dispose()
    {
        _batch.Dispose();
        _ids.Dispose();
    }
}
