using Lstm.Runtime;

namespace Lstm.Sequences;

/// <summary>A batch while a pass reads it; the content stays unchanged.</summary>
internal readonly struct SequenceReading<T>(Use use, SequenceContent<T> content) : IDisposable
    where T : unmanaged
{
    /// <summary>The batch's content when the reading began; null without a batch.</summary>
    public SequenceContent<T>? Content => content;

    /// <summary>Refuses a batch that has been refilled since the reading began.</summary>
    /// <exception cref="InvalidOperationException">The batch has been refilled.</exception>
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

        // Kernels have pointers into the content, and the batch may have other content by now.
        GC.KeepAlive(content);
    }
}

/// <summary>The identity of the content that a batch had at some time.</summary>
internal readonly struct ContentVersion<T>(SequenceContent<T>? content)
    where T : unmanaged
{
    private readonly int _shape = content?.Shape.Version ?? 0;

    /// <summary>Whether <paramref name="other"/> is that content, with its shape unchanged; values may differ.</summary>
    public bool IsThatOf(SequenceContent<T>? other) => ReferenceEquals(content, other) && _shape == (other?.Shape.Version ?? 0);
}
