using System.Numerics;
using Lstm.Sequences;

namespace Lstm.Data;

/// <summary>Cuts a series into windows of equal length with the values that follow as targets.</summary>
/// <remarks>
/// Window w reads the steps w·Stride … w·Stride + Length − 1. The target of a step is the series <see cref="Horizon"/> steps
/// later. Steps at the end that fill no whole window with its targets are left out; a window is never padded. The windows of a batch lie
/// side by side in the series, so each starts from the initial state: with <see cref="TrainingOptions.CarryState"/> cut the series
/// with <see cref="Lanes"/> instead.
/// </remarks>
public sealed record SlidingWindows
{
    /// <summary>Describes windows.</summary>
    /// <param name="length">Steps of a window, at least 1.</param>
    public SlidingWindows(int length) => Length = length;

    /// <summary>Steps of a window, at least 1.</summary>
    public int Length { get; init; }

    /// <summary>How many steps after an input step its target lies, at least 0. Default 1: the next step.</summary>
    public int Horizon { get; init; } = 1;

    /// <summary>Steps from one window's start to the next, at least 1. Default 1.</summary>
    public int Stride { get; init; } = 1;

    /// <summary>Which rows of a window have a target. Default <see cref="WindowTarget.ManyToOne"/>.</summary>
    public WindowTarget Target { get; init; }

    /// <summary>How many windows a series has.</summary>
    /// <param name="steps">Steps of the series, at least 0.</param>
    /// <exception cref="ArgumentException">The number is negative, or a property is out of range.</exception>
    public int Count(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        Check();
        long starts = (long)steps - Length - Horizon;
        return starts < 0 ? 0 : (int)(starts / Stride) + 1;
    }

    /// <summary>Cuts a series into batches.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="series">[steps, <paramref name="featureSize"/>].</param>
    /// <param name="featureSize">Values per step, at least 1.</param>
    /// <param name="batchSize">Windows per batch, at least 1; the last batch may have fewer.</param>
    /// <param name="targetFeatures">Which features are targets, in this order; empty for all.</param>
    /// <returns>The batches in the series' order, at least one.</returns>
    /// <exception cref="ArgumentException">
    /// A number or a property is out of range, or the series is no whole number of steps, or shorter than a window with its targets
    /// (<see cref="Count"/> says how many windows there are).
    /// </exception>
    public List<TrainingBatch<T>> ToBatches<T>(ReadOnlySpan<T> series, int featureSize, int batchSize, params ReadOnlySpan<int> targetFeatures)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int[] features = SeriesCheck.Features(featureSize, targetFeatures);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        int steps = SeriesCheck.Steps(series.Length, featureSize, "The series", nameof(series));
        int windows = Count(steps);
        if (windows == 0)
        {
            throw new ArgumentException(
                $"The series has {steps} steps; a window of {Length} with a target {Horizon} later takes {(long)Length + Horizon}. Use a shorter Length or Horizon.", nameof(series));
        }

        List<TrainingBatch<T>> batches = [];
        object cut = new();
        for (int first = 0; first < windows; first += batchSize)
        {
            int count = Math.Min(batchSize, windows - first);
            TrainingBatch<T> batch = Batch(series, featureSize, first, count, features);
            batch.Origin = new SequenceOrigin(cut, batch.InputShape, [.. Enumerable.Range(first, count).Select(window => new LanePart(0, window * Stride, Length))], isLanes: false);
            batches.Add(batch);
        }

        return batches;
    }

    private TrainingBatch<T> Batch<T>(ReadOnlySpan<T> series, int featureSize, int first, int count, ReadOnlySpan<int> targetFeatures)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int[] lengths = new int[count];
        Array.Fill(lengths, Length);
        SequenceBatch<T> input = new(featureSize);
        input.Reshape(lengths);
        int targetSteps = Target == WindowTarget.ManyToMany ? Length : 1;
        Array.Fill(lengths, targetSteps);
        SequenceBatch<T> target = new(targetFeatures.Length);
        target.Reshape(lengths);
        for (int window = 0; window < count; window++)
        {
            int start = (first + window) * Stride;
            for (int t = 0; t < Length; t++)
            {
                series.Slice((start + t) * featureSize, featureSize).CopyTo(input[window, t]);
            }

            for (int t = 0; t < targetSteps; t++)
            {
                int step = start + Length - targetSteps + t + Horizon;
                Span<T> row = target[window, t];
                for (int f = 0; f < row.Length; f++)
                {
                    row[f] = series[(step * featureSize) + targetFeatures[f]];
                }
            }
        }

        return new TrainingBatch<T>(input, target);
    }

    private void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Length, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(Horizon);
        ArgumentOutOfRangeException.ThrowIfLessThan(Stride, 1);
        if (!Enum.IsDefined(Target))
        {
            throw new ArgumentException($"{nameof(Target)} is {Target}; it has to be {WindowTarget.ManyToOne} or {WindowTarget.ManyToMany}.");
        }
    }
}
