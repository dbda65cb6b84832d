using System.Numerics;

namespace Lstm.Training.Batches;

/// <summary>A training batch that is refilled with sequences of others.</summary>
internal sealed class DealtBatch<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly List<Part> _parts = [];

    public DealtBatch(TrainingBatch<T>[] sources)
    {
        TrainingBatch<T> like = sources[0];
        NetworkInput<T>[] inputs = new NetworkInput<T>[like.Input.PartCount];
        for (int i = 0; i < inputs.Length; i++)
        {
            int part = i;
            inputs[i] = like.Input[i].Ids is null
                ? Add(sources, source => source.Input[part].Features)
                : Add(sources, source => source.Input[part].Ids);
        }

        NetworkTarget<T> target = like.Target.Labels is null
            ? Add(sources, source => source.Target.Values)
            : Add(sources, source => source.Target.Labels);
        Batch = new TrainingBatch<T>(new NetworkInput<T>(inputs), target, Add(sources, source => source.Target.Weights));
    }

    public TrainingBatch<T> Batch { get; }

    /// <summary>Fills the batch with the sequences that some numbers stand for.</summary>
    public void Deal(ReadOnlySpan<(int Batch, int Sequence)> all, ReadOnlySpan<int> chosen)
    {
        foreach (Part part in _parts)
        {
            part.Fill(all, chosen);
        }
    }

    private SequenceBatch<TValue>? Add<TValue>(TrainingBatch<T>[] sources, Func<TrainingBatch<T>, SequenceBatch<TValue>?> partOf)
        where TValue : unmanaged
    {
        if (partOf(sources[0]) is null)
        {
            return null;
        }

        Part<TValue> part = new(sources, partOf);
        _parts.Add(part);
        return part.Batch;
    }

    /// <summary>One of the batches that a training batch pairs.</summary>
    private abstract class Part
    {
        public abstract void Fill(ReadOnlySpan<(int Batch, int Sequence)> all, ReadOnlySpan<int> chosen);
    }

    private sealed class Part<TValue>(TrainingBatch<T>[] sources, Func<TrainingBatch<T>, SequenceBatch<TValue>?> partOf) : Part
        where TValue : unmanaged
    {
        private int[] _lengths = [];

        public SequenceBatch<TValue> Batch { get; } = new(partOf(sources[0])!.FeatureSize);

        public override void Fill(ReadOnlySpan<(int Batch, int Sequence)> all, ReadOnlySpan<int> chosen)
        {
            _lengths = _lengths.Length < chosen.Length ? new int[chosen.Length] : _lengths;
            for (int b = 0; b < chosen.Length; b++)
            {
                (int batch, int sequence) = all[chosen[b]];
                _lengths[b] = partOf(sources[batch])!.Lengths[sequence];
            }

            Batch.Reshape(_lengths.AsSpan(0, chosen.Length));
            for (int b = 0; b < chosen.Length; b++)
            {
                (int batch, int sequence) = all[chosen[b]];
                SequenceBatch<TValue> source = partOf(sources[batch])!;
                for (int t = 0; t < _lengths[b]; t++)
                {
                    source[sequence, t].CopyTo(Batch[b, t]);
                }
            }
        }
    }
}
