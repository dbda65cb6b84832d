using System.Numerics;

namespace Lstm.Training.Batches;

/// <summary>A training batch that is refilled with sequences of others.</summary>
internal sealed class DealtBatch<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TrainingBatch<T>[] _sources;
    private int[] _lengths = [];

    public DealtBatch(TrainingBatch<T>[] sources)
    {
        _sources = sources;
        TrainingBatch<T> like = sources[0];
        NetworkInput<T> input = like.Input.Ids is { } ids ? Like(ids) : Like(like.Input.Features);
        NetworkTarget<T> target = like.Target.Labels is { } labels ? Like(labels) : Like(like.Target.Values);
        Batch = new TrainingBatch<T>(input, target, Like(like.Target.Weights));
    }

    public TrainingBatch<T> Batch { get; }

    /// <summary>Fills the batch with the sequences that some numbers stand for.</summary>
    public void Deal(ReadOnlySpan<(int Batch, int Sequence)> all, ReadOnlySpan<int> chosen)
    {
        Fill(Batch.Input.Features, source => source.Input.Features!, all, chosen);
        Fill(Batch.Input.Ids, source => source.Input.Ids!, all, chosen);
        Fill(Batch.Target.Values, source => source.Target.Values!, all, chosen);
        Fill(Batch.Target.Labels, source => source.Target.Labels!, all, chosen);
        Fill(Batch.Target.Weights, source => source.Target.Weights!, all, chosen);
    }

    private static SequenceBatch<TValue>? Like<TValue>(SequenceBatch<TValue>? part)
        where TValue : unmanaged => part is null ? null : new SequenceBatch<TValue>(part.FeatureSize);

    private void Fill<TValue>(
        SequenceBatch<TValue>? part, Func<TrainingBatch<T>, SequenceBatch<TValue>> partOf, ReadOnlySpan<(int Batch, int Sequence)> all, ReadOnlySpan<int> chosen)
        where TValue : unmanaged
    {
        if (part is null)
        {
            return;
        }

        _lengths = _lengths.Length < chosen.Length ? new int[chosen.Length] : _lengths;
        for (int b = 0; b < chosen.Length; b++)
        {
            (int batch, int sequence) = all[chosen[b]];
            _lengths[b] = partOf(_sources[batch]).Lengths[sequence];
        }

        part.Reshape(_lengths.AsSpan(0, chosen.Length));
        for (int b = 0; b < chosen.Length; b++)
        {
            (int batch, int sequence) = all[chosen[b]];
            SequenceBatch<TValue> source = partOf(_sources[batch]);
            for (int t = 0; t < _lengths[b]; t++)
            {
                source[sequence, t].CopyTo(part[b, t]);
            }
        }
    }
}
