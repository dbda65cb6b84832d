using System.Numerics;

namespace Lstm.Sequences;

/// <summary>The target of a loss while a pass reads it.</summary>
internal readonly struct TargetReading<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SequenceReading<T> _values;
    private readonly SequenceReading<int> _labels;
    private readonly SequenceReading<T> _weights;

    /// <summary>Begins to read the batches of a target.</summary>
    /// <exception cref="InvalidOperationException">A batch is being refilled.</exception>
    public TargetReading(NetworkTarget<T> target)
    {
        _values = SequenceBatch<T>.Read(target.Values, "The target");
        try
        {
            _labels = SequenceBatch<int>.Read(target.Labels, "The label batch");
            _weights = SequenceBatch<T>.Read(target.Weights, "The weight batch");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public SequenceContent<T>? Values => _values.Content;

    public SequenceContent<int>? Labels => _labels.Content;

    public SequenceContent<T>? Weights => _weights.Content;

    /// <summary>
    /// Refuses batches that have been refilled since the reading began: the content that was checked may differ from the content
    /// read.
    /// </summary>
    /// <exception cref="InvalidOperationException">A batch has been refilled.</exception>
    public void RequireOf(NetworkTarget<T> target)
    {
        _values.RequireOf(target.Values);
        _labels.RequireOf(target.Labels);
        _weights.RequireOf(target.Weights);
    }

    public void Dispose()
    {
        _values.Dispose();
        _labels.Dispose();
        _weights.Dispose();
    }
}
