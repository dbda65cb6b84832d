namespace Lstm.Sequences;

/// <summary>Consecutive steps of one series: a lane, or the part of it that is in one batch.</summary>
/// <param name="Series">Index of the series.</param>
/// <param name="First">Its first step in the series.</param>
/// <param name="Steps">How many steps, at least 0.</param>
internal readonly record struct LanePart(int Series, int First, int Steps)
{
    /// <summary>Divides series among lanes such that the longest lane is as short as possible.</summary>
    /// <param name="steps">
    /// The number of steps of each series, at least 1; there are at most <paramref name="count"/> series and at least
    /// <paramref name="count"/> steps.
    /// </param>
    /// <param name="count">Number of lanes.</param>
    public static LanePart[] Divide(ReadOnlySpan<int> steps, int count)
    {
        // Each series has one lane; a further one goes to the series that has the longest lanes, of equal ones to the first.
        int[] lanes = new int[steps.Length];
        PriorityQueue<int, (int, int)> longest = new(steps.Length);
        for (int i = 0; i < steps.Length; i++)
        {
            lanes[i] = 1;
            longest.Enqueue(i, (-steps[i], i));
        }

        for (int given = steps.Length; given < count; given++)
        {
            int i = longest.Dequeue();
            lanes[i]++;
            longest.Enqueue(i, (-((steps[i] + lanes[i] - 1) / lanes[i]), i));
        }

        LanePart[] parts = new LanePart[count];
        for (int i = 0, lane = 0; i < steps.Length; i++)
        {
            (int length, int longer) = Math.DivRem(steps[i], lanes[i]);
            for (int k = 0, first = 0; k < lanes[i]; k++, lane++)
            {
                parts[lane] = new LanePart(i, first, length + (k < longer ? 1 : 0));
                first += parts[lane].Steps;
            }
        }

        return parts;
    }

    /// <summary>
    /// The part from step <paramref name="offset"/> on, at most <paramref name="count"/> steps; it has 0 steps beyond the end.
    /// </summary>
    public LanePart Slice(long offset, int count)
    {
        int skipped = (int)Math.Min(offset, Steps);
        return new LanePart(Series, First + skipped, Math.Min(count, Steps - skipped));
    }
}

/// <summary>Values of series, from which the parts of lanes are copied into batches.</summary>
/// <param name="series">Each [steps, <paramref name="featureSize"/>].</param>
/// <param name="featureSize">Values per step.</param>
/// <param name="features">Indices of the values that are copied.</param>
/// <param name="shift">Distance in steps from the part's steps to those that are copied.</param>
internal sealed class LaneSource<T>(IReadOnlyList<T[]> series, int featureSize, int[] features, int shift)
    where T : unmanaged
{
    /// <summary>Takes the sequences of a batch; returns null for null.</summary>
    public static LaneSource<T>? Of(SequenceBatch<T>? batch)
        => batch is null
            ? null
            : new LaneSource<T>(batch.ToList(), batch.FeatureSize, SeriesCheck.Features(batch.FeatureSize, []), 0);

    /// <summary>Makes a batch of one sequence per part.</summary>
    public SequenceBatch<T> Copy(LanePart[] parts)
    {
        SequenceBatch<T> batch = new(features.Length);
        batch.Reshape(Array.ConvertAll(parts, part => part.Steps));
        for (int b = 0; b < parts.Length; b++)
        {
            ReadOnlySpan<T> values = series[parts[b].Series];
            for (int t = 0; t < parts[b].Steps; t++)
            {
                ReadOnlySpan<T> row = values.Slice((parts[b].First + t + shift) * featureSize, featureSize);
                Span<T> copy = batch[b, t];
                for (int f = 0; f < copy.Length; f++)
                {
                    copy[f] = row[features[f]];
                }
            }
        }

        return batch;
    }
}
