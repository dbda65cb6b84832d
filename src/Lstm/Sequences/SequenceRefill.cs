namespace Lstm.Sequences;

/// <summary>
/// A refill of a batch: in place while nobody reads the batch, else into new memory, which becomes the batch's when it is
/// complete.
/// </summary>
internal readonly ref struct SequenceRefill<T>
    where T : unmanaged
{
    private readonly SequenceBatch<T> _batch;
    private readonly bool _isInPlace;

    /// <summary>Begins a refill.</summary>
    /// <exception cref="InvalidOperationException">
    /// Another refill is under way, or the batch belongs to a tape or workspace that is in use.
    /// </exception>
    public SequenceRefill(SequenceBatch<T> batch)
    {
        _batch = batch;
        _isInPlace = batch.Use.TryTake(out bool isRead);
        if (!_isInPlace && (batch.HasOwner || !isRead))
        {
            batch.Use.Refuse("The batch", RemedyOf(batch));
        }

        Content = _isInPlace ? batch.Content : new SequenceContent<T>(batch.FeatureSize);
    }

    /// <summary>The content to fill.</summary>
    public SequenceContent<T> Content { get; }

    /// <summary>The advice of a message about a batch that another call refills or writes.</summary>
    public static string RemedyOf(SequenceBatch<T> batch) => batch.HasOwner
        ? "It belongs to a tape, a workspace or a trace that a pass uses: copy it first, or use a batch of your own."
        : "Wait until the refill has ended, or give each thread a batch of its own.";

    /// <summary>Gives the batch its new content.</summary>
    public void Complete() => _batch.Replace(Content);

    public void Dispose()
    {
        if (_isInPlace)
        {
            _batch.Use.Release();
        }
    }
}
