using System.Numerics;
using Lstm.Training.Batches;

namespace Lstm.Training;

/// <summary>The batches that share an optimizer step.</summary>
internal sealed class BatchGroup<T>(Loss<T> loss, int most)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly List<(TrainingBatch<T> Batch, int Index)> _batches = [];
    private readonly List<long> _versions = [];

    /// <summary>Number of batches.</summary>
    public int Count => _batches.Count;

    /// <summary>
    /// What divides the gradient of each batch, so that their sum is that of the mean over all units; null for the loss's own
    /// divisor.
    /// </summary>
    public double? Divisor { get; private set; }

    /// <summary>A batch, and its index in the caller's list.</summary>
    public (TrainingBatch<T> Batch, int Index) this[int index] => _batches[index];

    /// <summary>Takes the next batches of an epoch; false at its end.</summary>
    public bool Fill(BatchSource<T> source)
    {
        _batches.Clear();
        _versions.Clear();
        while (_batches.Count < most && source.MoveNext())
        {
            _batches.Add((source.Current, source.Index));
            _versions.Add(source.Current.InputVersion);
        }

        double weight = 0;
        for (int i = 0; i < _batches.Count && _batches.Count > 1; i++)
        {
            if (_batches[i].Batch.InputVersion != _versions[i])
            {
                throw new InvalidOperationException(
                    $"Batch {_batches[i].Index} was refilled while batch {_batches[^1].Index} was created; "
                    + $"the {most} batches of AccumulateBatches have to be separate objects.");
            }

            weight += loss.WeightOf(_batches[i].Batch);
        }

        Divisor = _batches.Count > 1 && loss.Reduction == Reduction.Mean ? weight : null;
        return _batches.Count > 0;
    }
}
