using System.Numerics;

namespace Lstm.Training.Batches;

/// <summary>Some steps of a training batch: views, made once and then moved, of everything it pairs.</summary>
internal sealed class BatchSegment<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SequenceBatch<int> _ids = new(1);
    private readonly SequenceBatch<int> _labels = new(1);
    private SequenceBatch<T> _input = new(1);
    private SequenceBatch<T> _target = new(1);
    private SequenceBatch<T> _weights = new(1);

    public SequenceBatch<T>? Input { get; private set; }

    public SequenceBatch<int>? InputIds { get; private set; }

    public SequenceBatch<T>? Target { get; private set; }

    public SequenceBatch<int>? Labels { get; private set; }

    public SequenceBatch<T>? Weights { get; private set; }

    /// <summary>Views the steps <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/>.</summary>
    public void Set(TrainingBatch<T> batch, int first, int count)
    {
        Input = View(ref _input, batch.Input, first, count);
        Target = View(ref _target, batch.Target, first, count);
        Weights = View(ref _weights, batch.Weights, first, count);
        InputIds = View(_ids, batch.InputIds, first, count);
        Labels = View(_labels, batch.Labels, first, count);
    }

    private static SequenceBatch<T>? View(ref SequenceBatch<T> view, SequenceBatch<T>? source, int first, int count)
    {
        if (source is null)
        {
            return null;
        }

        view = view.FeatureSize == source.FeatureSize ? view : new SequenceBatch<T>(source.FeatureSize);
        view.View(source, first, count);
        return view;
    }

    private static SequenceBatch<int>? View(SequenceBatch<int> view, SequenceBatch<int>? source, int first, int count)
    {
        if (source is null)
        {
            return null;
        }

        if (source.FeatureSize != 1)
        {
            throw new ArgumentException($"Ids and labels have 1 value per step; there are {source.FeatureSize}.", "batches");
        }

        view.View(source, first, count);
        return view;
    }
}
