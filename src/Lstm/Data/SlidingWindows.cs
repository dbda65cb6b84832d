using System.Numerics;
using Lstm.Sequences;
using Lstm.Texts;

namespace Lstm.Data;

/// <summary>Cuts a series into windows of equal length, whose targets are later values of the same series.</summary>
/// <remarks>
/// Window w has the steps w·Stride … w·Stride + Length − 1 as input. The target of a step is the series <see cref="Horizon"/>
/// steps later. Steps at the end that do not fill a whole window with its targets are left out; windows are not padded. The
/// windows of a batch are neighbours in the series, so each window starts from the initial state. For
/// <see cref="TrainingOptions.CarryState"/>, cut the series with <see cref="Lanes"/> instead.
/// </remarks>
public sealed record SlidingWindows
{
    /// <summary>Describes windows of a length.</summary>
    /// <param name="length">The number of steps of a window, at least 1.</param>
    public SlidingWindows(int length) => Length = length;

    /// <summary>The number of steps of a window, at least 1.</summary>
    public int Length { get; init; }

    /// <summary>
    /// The number of steps from an input step to its target, at least 0. Default 1: the target is the next step.
    /// </summary>
    public int Horizon { get; init; } = 1;

    /// <summary>The number of steps from the start of a window to the start of the next, at least 1. Default 1.</summary>
    public int Stride { get; init; } = 1;

    /// <summary>The targets of a window: one, or one for each step. Default <see cref="WindowTarget.ManyToOne"/>.</summary>
    public WindowTarget Target { get; init; }

    /// <summary>The number of windows that a series has.</summary>
    /// <param name="steps">The number of steps of the series, at least 0.</param>
    /// <exception cref="ArgumentException"><paramref name="steps"/> is negative, or a property is out of range.</exception>
    public int Count(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        Check();
        long starts = (long)steps - Length - Horizon;
        return starts < 0 ? 0 : (int)(starts / Stride) + 1;
    }

    /// <summary>Cuts a series into batches of windows with their targets.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="series">[steps, <paramref name="featureSize"/>], step by step.</param>
    /// <param name="featureSize">The number of values per step, at least 1.</param>
    /// <param name="batchSize">The number of windows per batch, at least 1; the last batch may have fewer.</param>
    /// <param name="targetFeatures">The indices of the features that are targets, in this order; empty for all.</param>
    /// <returns>One or more batches, in the order of the series.</returns>
    /// <exception cref="ArgumentException">
    /// A number or a property is out of range, the values are not whole steps, or the series is shorter than one window with its
    /// targets (<see cref="Count"/> gives the number of windows).
    /// </exception>
    public List<TrainingBatch<T>> ToBatches<T>(
        ReadOnlySpan<T> series, int featureSize, int batchSize, params ReadOnlySpan<int> targetFeatures)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int[] features = SeriesCheck.Features(featureSize, targetFeatures);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        int steps = SeriesCheck.Steps(series.Length, featureSize, "The series", nameof(series));
        int windows = Count(steps);
        if (windows == 0)
        {
            throw new ArgumentException(
                $"The series has {steps} steps; a window of {Length} steps with a target {Horizon} steps later needs "
                + $"{(long)Length + Horizon}. Use a shorter Length or Horizon.",
                nameof(series));
        }

        List<TrainingBatch<T>> batches = [];
        object cut = new();
        for (int first = 0; first < windows; first += batchSize)
        {
            int count = Math.Min(batchSize, windows - first);
            TrainingBatch<T> batch = Batch(series, featureSize, first, count, features);
            LanePart[] parts = [.. Enumerable.Range(first, count).Select(window => new LanePart(0, window * Stride, Length))];
            batch.Origin = new SequenceOrigin(cut, batch.InputShape, parts, isLanes: false);
            batches.Add(batch);
        }

        return batches;
    }

    /// <summary>The properties by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(SlidingWindows), PrintMembers);

    private TrainingBatch<T> Batch<T>(
        ReadOnlySpan<T> series, int featureSize, int first, int count, ReadOnlySpan<int> targetFeatures)
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
            throw new ArgumentException(
                $"{nameof(Target)} is {Target}; it has to be {WindowTarget.ManyToOne} or {WindowTarget.ManyToMany}.");
        }
    }
}
