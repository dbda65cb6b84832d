using System.Numerics;
using Lstm.Sequences;

namespace Lstm.Training.Losses;

/// <summary>What a loss compares an output with, while a pass reads it.</summary>
internal readonly struct LossReading<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SequenceReading<T> _target;
    private readonly SequenceReading<int> _labels;
    private readonly SequenceReading<T> _weights;

    /// <summary>Begins to read what is there of it.</summary>
    /// <exception cref="InvalidOperationException">A batch is being refilled.</exception>
    public LossReading(LossInput<T> input)
    {
        _target = SequenceBatch<T>.Read(input.Target, "The target");
        try
        {
            _labels = SequenceBatch<int>.Read(input.Labels, "The label batch");
            _weights = SequenceBatch<T>.Read(input.Weights, "The weight batch");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public SequenceContent<T>? Target => _target.Content;

    public SequenceContent<int>? Labels => _labels.Content;

    public SequenceContent<T>? Weights => _weights.Content;

    /// <summary>Refuses batches that have been refilled since the reading began: what was checked of them may not be what is read.</summary>
    /// <exception cref="InvalidOperationException">One has been.</exception>
    public void RequireOf(LossInput<T> input)
    {
        _target.RequireOf(input.Target);
        _labels.RequireOf(input.Labels);
        _weights.RequireOf(input.Weights);
    }

    public void Dispose()
    {
        _target.Dispose();
        _labels.Dispose();
        _weights.Dispose();
    }
}
