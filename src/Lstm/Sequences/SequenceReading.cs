



using Lstm.Runtime;

namespace Lstm.Sequences;

/// <summary>A batch while a pass reads it: its content stays as it is.</summary>
internal readonly struct SequenceReading<T>(Use use, SequenceContent<T> content) : IDisposable
    where T : unmanaged
{
    /// <summary>What the batch held when the reading began; null of no batch.</summary>
    public SequenceContent<T>? Content => content;

    /// <summary>Refuses a batch that has been refilled since the reading began.</summary>
    /// <exception cref="InvalidOperationException">It has been.</exception>
    public void RequireOf(SequenceBatch<T>? batch)
    {
        if (!ReferenceEquals(batch?.Content, content))
        {
            throw SequenceContent<T>.Changing();
        }
    }

    public void Dispose()
    {
        use?.Leave();

        // Kernels have pointers into it, and the batch may have other content by now.
        GC.KeepAlive(content);
    }
}

/// <summary>Which content a batch had at some time.</summary>
internal readonly struct ContentVersion<T>(SequenceContent<T>? content)
    where T : unmanaged
{
    private readonly int _shape = content?.Shape.Version ?? 0;

    /// <summary>Whether it still has it, unchanged but for values.</summary>
    public bool IsThatOf(SequenceContent<T>? other) => ReferenceEquals(content, other) && _shape == (other?.Shape.Version ?? 0);
}
