using System.Diagnostics;
using System.Numerics;

namespace Lstm.Training.Batches;

/// <summary>Some steps of a training batch: views, made once and then moved, of everything it pairs.</summary>
internal sealed class BatchSegment<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly MovingView<T> _features = new();
    private readonly MovingView<T> _values = new();
    private readonly MovingView<T> _weights = new();
    private readonly MovingView<int> _ids = new();
    private readonly MovingView<int> _labels = new();

    /// <summary>The steps of the input.</summary>
    public NetworkInput<T> Input { get; private set; }

    /// <summary>The steps of the target and of its weights.</summary>
    public NetworkTarget<T> Target { get; private set; }

    /// <summary>Views the steps <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/>.</summary>
    public void Set(TrainingBatch<T> batch, int first, int count)
    {
        (NetworkInput<T> input, NetworkTarget<T> target) = (batch.Input, batch.Target);
        Debug.Assert(input.PartCount == 1, "Models that read several parts read whole sequences.");
        Input = input.Ids is { } ids ? _ids.Of(RequireOne(ids), first, count) : _features.Of(input.Features!, first, count);
        NetworkTarget<T> steps = target.Labels is { } labels
            ? _labels.Of(RequireOne(labels), first, count)
            : _values.Of(target.Values!, first, count);
        Target = steps.With(target.Weights is { } weights ? _weights.Of(weights, first, count) : null);
    }

    private static SequenceBatch<int> RequireOne(SequenceBatch<int> batch)
        => batch.FeatureSize == 1
            ? batch
            : throw new ArgumentException($"Ids and labels have 1 value per step; there are {batch.FeatureSize}.", "batches");
}

/// <summary>A view of some steps of a batch, which is made again only for another feature size.</summary>
internal sealed class MovingView<TValue>
    where TValue : unmanaged
{
    private SequenceBatch<TValue> _view = new(1);

    /// <summary>Moves the view to steps of a batch.</summary>
    public SequenceBatch<TValue> Of(SequenceBatch<TValue> source, int first, int count)
    {
        _view = _view.FeatureSize == source.FeatureSize ? _view : new SequenceBatch<TValue>(source.FeatureSize);
        _view.View(source, first, count);
        return _view;
    }
}
