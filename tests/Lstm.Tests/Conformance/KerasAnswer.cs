using System.Numerics;
using Lstm.Specs;

namespace Lstm.Tests.Conformance;

/// <summary>What a layer of Keras returns, from the output of ours, which has no masked steps.</summary>
/// <remarks>
/// At a masked step Keras repeats the previous output: before the first valid step the initial h (0 when it is unrolled), or 0
/// with zero_output_for_mask, which unrolling ignores and a Bidirectional sets to return_sequences. go_backwards reads from the
/// padded end and answers in the order of its reading; within a Bidirectional the answer is turned back. return_sequences=False
/// gives the answer at the last step read: that of a row without valid steps is the initial h, where our pooling gives 0.
/// </remarks>
internal sealed class KerasAnswer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>[N, T], false at masked steps.</summary>
    public required bool[] Valid { get; init; }

    public required bool Sequences { get; init; }

    public required bool Backwards { get; init; }

    public required bool Unrolled { get; init; }

    public required bool Zero { get; init; }

    public required bool Both { get; init; }

    public required LstmMerge Merge { get; init; }

    /// <summary>The state before the call.</summary>
    public required NetworkState<T> Before { get; init; }

    // How many outputs side by side come from directions of their own.
    private int Parts => Both && Merge == LstmMerge.Concatenate ? 2 : 1;

    /// <summary>Each part's answers, [N, T, features] or [N, features].</summary>
    public T[][] Of(SequenceBatch<T> output)
        => [.. Enumerable.Range(0, Parts).Select(part => Sequences ? Steps(output, part) : Last(output, part))];

    /// <summary>The rows of two tensors, joined.</summary>
    public static T[] SideBySide(T[] left, T[] right, int features)
        => [.. left.Chunk(features).Zip(right.Chunk(features), (l, r) => l.Concat(r)).SelectMany(row => row)];

    private T[] Steps(SequenceBatch<T> output, int part)
    {
        if (Both && Parts == 1 && Unrolled && Valid.Contains(false))
        {
            throw new InvalidDataException("The merged answers of an unrolled Bidirectional at masked steps have no mapping.");
        }

        int features = output.FeatureSize / Parts, steps = Valid.Length / output.Count;
        bool backwards = Both ? part == 1 : Backwards;
        T[] values = new T[Valid.Length * features];
        for (int b = 0; b < output.Count; b++)
        {
            ReadOnlySpan<T> last = Unrolled ? new T[features] : Initial(b, part);
            for (int read = 0; read < steps; read++)
            {
                int t = backwards ? steps - 1 - read : read, row = (b * steps) + t;
                if (Valid[row])
                {
                    last = output[b, Valid.AsSpan(b * steps, t).Count(true)].Slice(part * features, features);
                }

                if (Valid[row] || Unrolled || !Zero)
                {
                    last.CopyTo(values.AsSpan(((b * steps) + (Both ? t : read)) * features));
                }
            }
        }

        return values;
    }

    private T[] Last(SequenceBatch<T> pooled, int part)
    {
        int features = pooled.FeatureSize / Parts, steps = Valid.Length / pooled.Count;
        T[] values = new T[pooled.Count * features];
        for (int b = 0; b < pooled.Count; b++)
        {
            ReadOnlySpan<bool> valid = Valid.AsSpan(b * steps, steps);
            bool readsValid = valid[Backwards ? 0 : ^1];
            ReadOnlySpan<T> answer = Zero && !Unrolled && !readsValid ? new T[features]
                : valid.Contains(true) ? pooled[b, 0].Slice(part * features, features)
                : Unrolled ? new T[features] : Initial(b, part);
            answer.CopyTo(values.AsSpan(b * features));
        }

        return values;
    }

    // The initial h of the last layer: a direction's, or both merged.
    private T[] Initial(int b, int part)
    {
        int entry = Both ? part : Before.Sizes.Count - 1, size = Before.Sizes[entry].Hidden;
        T[] h = Before.Hidden(entry).Slice(b * size, size).ToArray();
        if (!Both || Merge == LstmMerge.Concatenate)
        {
            return h;
        }

        T[] reverse = Before.Hidden(1).Slice(b * size, size).ToArray();
        return [.. h.Zip(reverse, (x, y) => Merge switch
        {
            LstmMerge.Sum => x + y,
            LstmMerge.Mean => (x + y) / (T.One + T.One),
            _ => x * y,
        })];
    }
}
