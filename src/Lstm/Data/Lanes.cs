using System.Numerics;
using Lstm.Sequences;
using Lstm.Texts;

namespace Lstm.Data;

/// <summary>
/// Cuts long series into lanes, parallel streams in which each batch continues the one before; for
/// <see cref="TrainingOptions.CarryState"/>.
/// </summary>
/// <remarks>
/// <para>A lane is a run of consecutive steps of one series. Batch k has one sequence per lane: the lane's steps
/// k·<see cref="StepsPerBatch"/> … (k + 1)·<see cref="StepsPerBatch"/> − 1. Sequence b of each batch therefore continues sequence
/// b of the batch before. A series of 10,001 steps with the next step as target has 10,000 input steps; 4 lanes of them start at
/// the steps 0, 2,500, 5,000 and 7,500, and with 50 steps per batch there are 50 batches.</para>
/// <para>No step is left out and none is padded. The lanes of one series differ by at most 1 step; a lane that ends early has a
/// shorter sequence, then sequences of length 0. A lane never continues from one series into the next, because a state cannot be
/// reset within a batch: several series share the lanes such that the longest lane is as short as possible, with at least one
/// lane for each series.</para>
/// <para>Each step has a target row, so the network needs an output row for each step. Use <see cref="SlidingWindows"/> for a
/// network that reads each window from the initial state.</para>
/// </remarks>
public sealed record Lanes
{
    /// <summary>Describes lanes by their number and the steps per batch.</summary>
    /// <param name="count">The number of lanes, which is the number of sequences of each batch; at least 1.</param>
    /// <param name="stepsPerBatch">The number of steps of each lane in one batch, at least 1.</param>
    public Lanes(int count, int stepsPerBatch) => (Count, StepsPerBatch) = (count, stepsPerBatch);

    /// <summary>The number of lanes, which is the number of sequences of each batch; at least 1.</summary>
    public int Count { get; init; }

    /// <summary>The number of steps of each lane in one batch, at least 1.</summary>
    public int StepsPerBatch { get; init; }

    /// <summary>
    /// The number of steps from an input step to its target in the series, at least 0. Default 1: the target is the next step.
    /// <see cref="ToBatches{T}(TrainingBatch{T})"/>, where the targets are given, accepts only 1.
    /// </summary>
    public int Horizon { get; init; } = 1;

    /// <summary>The number of steps of each lane.</summary>
    /// <param name="steps">The number of steps of each series, more than <see cref="Horizon"/>.</param>
    /// <returns>
    /// <see cref="Count"/> lengths in the order of a batch's sequences: series by series, and within a series from its start on.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// A property is out of range, or the series are too short or too many for the lanes.
    /// </exception>
    public int[] LaneLengths(params ReadOnlySpan<int> steps)
        => Array.ConvertAll(Divide(steps, Horizon, nameof(steps)), lane => lane.Steps);

    /// <summary>The number of batches that series are cut into.</summary>
    /// <param name="steps">The number of steps of each series, more than <see cref="Horizon"/>.</param>
    /// <exception cref="ArgumentException">
    /// A property is out of range, or the series are too short or too many for the lanes.
    /// </exception>
    public int BatchCount(params ReadOnlySpan<int> steps) => BatchCount(Divide(steps, Horizon, nameof(steps)));

    /// <summary>
    /// Cuts a series of values into batches; the targets are values of the series, <see cref="Horizon"/> steps later.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="series">[steps, <paramref name="featureSize"/>].</param>
    /// <param name="featureSize">Values per step, at least 1.</param>
    /// <param name="targetFeatures">The features that are targets, in this order; empty for all.</param>
    /// <returns>The batches in the order in which states are carried; keep this order.</returns>
    /// <exception cref="ArgumentException">
    /// A number or a property is out of range, the values are not whole steps, or the series is too short for the lanes.
    /// </exception>
    public List<TrainingBatch<T>> ToBatches<T>(ReadOnlySpan<T> series, int featureSize, params ReadOnlySpan<int> targetFeatures)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => ToBatches<T>([series.ToArray()], featureSize, targetFeatures);

    /// <summary>Cuts several series of values into batches; the targets are values <see cref="Horizon"/> steps later.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="series">
    /// 1 … <see cref="Count"/> series of any lengths above <see cref="Horizon"/>, each [steps, <paramref name="featureSize"/>].
    /// </param>
    /// <param name="featureSize">Values per step, at least 1.</param>
    /// <param name="targetFeatures">The features that are targets, in this order; empty for all.</param>
    /// <returns>The batches in the order in which states are carried; keep this order.</returns>
    /// <exception cref="ArgumentException">
    /// A number or a property is out of range, the values of a series are not whole steps, or the series are too short or too
    /// many for the lanes.
    /// </exception>
    public List<TrainingBatch<T>> ToBatches<T>(
        IReadOnlyList<T[]> series, int featureSize, params ReadOnlySpan<int> targetFeatures)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int[] features = SeriesCheck.Features(featureSize, targetFeatures);
        LanePart[] lanes = Divide(SeriesCheck.Steps(series, featureSize, nameof(series)), Horizon, nameof(series));
        LaneSource<T> input = new(series, featureSize, SeriesCheck.Features(featureSize, []), 0);
        LaneSource<T> target = new(series, featureSize, features, Horizon);
        return Cut(lanes, parts => new TrainingBatch<T>(input.Copy(parts), target.Copy(parts)));
    }

    /// <summary>
    /// Cuts a series of ids into batches; the labels are the ids <see cref="Horizon"/> steps later, as in a language model.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>, as the network has.</typeparam>
    /// <param name="ids">The ids, such as all words of a text.</param>
    /// <returns>The batches in the order in which states are carried; keep this order.</returns>
    /// <exception cref="ArgumentException">A property is out of range, or the series is too short for the lanes.</exception>
    public List<TrainingBatch<T>> ToBatches<T>(ReadOnlySpan<int> ids)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => ToBatches<T>([ids.ToArray()]);

    /// <summary>Cuts several series of ids into batches; the labels are the ids <see cref="Horizon"/> steps later.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>, as the network has.</typeparam>
    /// <param name="ids">1 … <see cref="Count"/> series of any lengths above <see cref="Horizon"/>.</param>
    /// <returns>The batches in the order in which states are carried; keep this order.</returns>
    /// <exception cref="ArgumentException">
    /// A property is out of range, or the series are too short or too many for the lanes.
    /// </exception>
    public List<TrainingBatch<T>> ToBatches<T>(IReadOnlyList<int[]> ids)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        LanePart[] lanes = Divide(SeriesCheck.Steps(ids, 1, nameof(ids)), Horizon, nameof(ids));
        LaneSource<int> input = new(ids, 1, [0], 0), labels = new(ids, 1, [0], Horizon);
        return Cut(lanes, parts => new TrainingBatch<T>(input.Copy(parts), labels.Copy(parts)));
    }

    /// <summary>
    /// Cuts series with given targets into batches: features or ids, with values or labels, with or without weights.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="series">
    /// 1 … <see cref="Count"/> sequences of at least 1 step, each a whole series, with a target row for each step.
    /// </param>
    /// <returns>The batches in the order in which states are carried; keep this order.</returns>
    /// <exception cref="ArgumentException">
    /// A property is out of range, the target or the weights have other lengths than the input, or the series are too short or
    /// too many for the lanes.
    /// </exception>
    public List<TrainingBatch<T>> ToBatches<T>(TrainingBatch<T> series)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(series);
        if (Horizon != 1)
        {
            throw new ArgumentException(
                $"Horizon is {Horizon}, which has no effect on a TrainingBatch: its targets are given. "
                + "Leave Horizon at 1, or give the series without targets.",
                nameof(series));
        }

        SeriesCheck.SameRows(series.InputShape, series.TargetShape, "target", nameof(series));
        SeriesCheck.SameRows(series.InputShape, series.Target.Weights?.Shape ?? series.InputShape, "weights", nameof(series));
        LanePart[] lanes = Divide(series.InputShape.Lengths, 0, nameof(series));
        LaneSource<T>? features = LaneSource<T>.Of(series.Input.Features), values = LaneSource<T>.Of(series.Target.Values);
        LaneSource<int>? ids = LaneSource<int>.Of(series.Input.Ids), labels = LaneSource<int>.Of(series.Target.Labels);
        LaneSource<T>? weights = LaneSource<T>.Of(series.Target.Weights);
        return Cut(lanes, parts =>
        {
            NetworkInput<T> input = ids is null ? features!.Copy(parts) : ids.Copy(parts);
            NetworkTarget<T> target = labels is null ? values!.Copy(parts) : labels.Copy(parts);
            return new TrainingBatch<T>(input, target.With(weights?.Copy(parts)));
        });
    }

    /// <summary>The properties by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(Lanes), PrintMembers);

    private List<TrainingBatch<T>> Cut<T>(LanePart[] lanes, Func<LanePart[], TrainingBatch<T>> make)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        List<TrainingBatch<T>> batches = new(BatchCount(lanes));
        for (int i = 0; i < batches.Capacity; i++)
        {
            LanePart[] parts = Array.ConvertAll(lanes, lane => lane.Slice((long)i * StepsPerBatch, StepsPerBatch));
            TrainingBatch<T> batch = make(parts);
            batch.Origin = new SequenceOrigin(lanes, batch.InputShape, parts, isLanes: true);
            batches.Add(batch);
        }

        return batches;
    }

    private int BatchCount(LanePart[] lanes) => ((lanes.Max(lane => lane.Steps) - 1) / StepsPerBatch) + 1;

    /// <summary>The lanes of series, of which the last <paramref name="horizon"/> steps are targets only.</summary>
    private LanePart[] Divide(ReadOnlySpan<int> steps, int horizon, string argument)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(StepsPerBatch, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(Horizon);
        if (steps.IsEmpty || steps.Length > Count)
        {
            throw new ArgumentException(steps.IsEmpty
                ? "There are 0 series; lanes need at least 1."
                : $"There are {steps.Length} series for {Count} lanes; each series needs at least 1 lane, because a state of " +
                    $"one series "
                    + $"cannot continue in the next. Use at least {steps.Length} lanes, or train on groups of at most {Count} " +
                    $"series.",
                argument);
        }

        int[] inputs = steps.ToArray();
        long all = 0;
        for (int i = 0; i < inputs.Length; i++)
        {
            inputs[i] -= horizon;
            all += inputs[i];
            if (inputs[i] < 1)
            {
                throw new ArgumentException(
                    $"{Name(i, inputs.Length)} has {steps[i]} steps; an input step with a target {horizon} steps later needs " +
                    $"at least "
                    + $"{(long)horizon + 1}. Leave the series out or use a shorter Horizon.",
                    argument);
            }
        }

        return all >= Count ? LanePart.Divide(inputs, Count) : throw new ArgumentException(
            $"{(inputs.Length == 1 ? "The series has" : $"The {inputs.Length} series have")} {all} steps with a target; "
            + $"{Count} lanes need at least {Count}. Use at most {all} lanes.",
            argument);
    }

    private static string Name(int series, int count) => count == 1 ? "The series" : $"Series {series}";
}
