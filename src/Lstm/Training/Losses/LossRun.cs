using System.Buffers;
using System.Diagnostics;
using System.Numerics;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;

namespace Lstm.Training.Losses;

/// <summary>Evaluates a loss on all rows: blocks shared among workers, their partial sums added in block order.</summary>
internal unsafe struct LossRun<T> : IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // SAFETY: Begin checks the target, the labels and the weights against the output's shape, and that the batches checked are
    // those being read (RequireOf); LossChecks.CheckGradient gives the gradient that shape. The readings, and the taking of the
    // gradient, last until all rows are done, so that nobody moves or reshapes a buffer meanwhile. LossBlock.Slice keeps to the
    // rows.
    private RowLoss<T> _loss;
    private SimdWidth _width;
    private LossBlock<T> _all;
    private LossTotals[] _partials;
    private int _blocks;

    public static LossTotals Evaluate(
        Loss<T> loss, SequenceBatch<T> output, NetworkTarget<T> target, SequenceBatch<T>? gradient, double? divisor,
        WorkerTeam? team, SimdWidth width)
    {
        CheckDistinct(output, target, gradient);
        using SequenceReading<T> reading = SequenceBatch<T>.Read(output, "The output");
        using TargetReading<T> rows = new(target);
        using Use.Taking writing =
            Use.Take(
            gradient?.Use, "The output gradient", "Losses that are evaluated at the same time need an output gradient each.");
        LossChecks<T>.CheckGradient(output, gradient);
        reading.RequireOf(output);
        SequenceContent<T> content = reading.Content!;
        LossBlock<T> all = Begin(loss, target, rows, content.Shape, content.FeatureSize, divisor, out LossTotals totals);
        SequenceContent<T>? written = gradient?.Content;
        all.Output = content.Pointer;
        written?.Overwrite();
        all.Gradient = written is null ? null : written.Pointer;
        Evaluate(loss.Rows!, all, team, width, ref totals);
        GC.KeepAlive(written);
        return totals;
    }

    /// <summary>The loss alone, added to sums that may be of rows before these.</summary>
    public static void Add(
        Loss<T> loss, SequenceBatch<T> output, NetworkTarget<T> target, WorkerTeam? team, SimdWidth width, ref LossTotals totals)
    {
        using SequenceReading<T> reading = SequenceBatch<T>.Read(output, "The output");
        using TargetReading<T> rows = new(target);
        SequenceContent<T> content = reading.Content!;
        LossBlock<T> all = Begin(loss, target, rows, content.Shape, content.FeatureSize, null, out LossTotals own);
        all.Output = content.Pointer;
        totals.Normalizer += own.Normalizer;
        Evaluate(loss.Rows!, all, team, width, ref totals);
    }

    /// <summary>Adds the rows' sums, block by block in order, and overwrites their gradient.</summary>
    public static void Evaluate(RowLoss<T> loss, LossBlock<T> all, WorkerTeam? team, SimdWidth width, ref LossTotals totals)
    {
        Debug.Assert(all.Rows == 0 || (all.Output != null && (all.Target != null || all.Labels != null)));
        int blocks = (all.Rows + LossBlock<T>.MaxRows - 1) / LossBlock<T>.MaxRows;
        if (team is null || team.Size == 1 || blocks < 2)
        {
            for (int block = 0; block < blocks; block++)
            {
                LossTotals partial = default;
                loss.Evaluate(width, all.Slice(block * LossBlock<T>.MaxRows), ref partial);
                Add(ref totals, partial);
            }
        }
        else
        {
            LossTotals[] partials = ArrayPool<LossTotals>.Shared.Rent(blocks);
            LossRun<T> run = new() { _loss = loss, _width = width, _all = all, _partials = partials, _blocks = blocks };
            team.Run(ref run);
            for (int block = 0; block < blocks; block++)
            {
                Add(ref totals, partials[block]);
            }

            ArrayPool<LossTotals>.Shared.Return(partials);
        }
    }

    /// <summary>
    /// Checks everything but the output and its gradient, finds the normaliser, and gives all rows without those two.
    /// </summary>
    public static LossBlock<T> Begin(
        Loss<T> loss, NetworkTarget<T> target, in TargetReading<T> reading, SequenceShape shape, int features, double? divisor,
        out LossTotals totals)
    {
        LossChecks<T>.Check(loss, target, shape, features, default);
        reading.RequireOf(target);
        LossBlock<T> all = Block(reading, shape.RowCount, features);
        totals = LossTotals.Of(loss.Rows!.Normalizer(all), loss.Reduction, divisor);
        all.GradientScale = totals.GradientScale;
        return all;
    }

    /// <summary>Σ w of what has been checked.</summary>
    public static double WeightOf(RowLoss<T> loss, NetworkTarget<T> target)
    {
        using TargetReading<T> reading = new(target);
        SequenceShape shape = reading.Values?.Shape ?? reading.Labels!.Shape;
        if (reading.Weights is { } weights && weights.Shape.RowCount < shape.RowCount)
        {
            throw new ArgumentException(ShapeText.Of("weights", weights.Shape, shape), "weights");
        }

        return loss.Normalizer(Block(reading, shape.RowCount, reading.Values?.FeatureSize ?? 1));
    }

    public readonly long Work => (long)_all.Rows * _all.Features * JobWork.HardElement;

    public readonly int SharesFor(int workers) => Math.Min(workers, _blocks);

    public readonly void Run(WorkShare share)
    {
        (int first, int end) = share.Of(_blocks);
        for (int block = first; block < end; block++)
        {
            LossTotals partial = default;
            _loss.Evaluate(_width, _all.Slice(block * LossBlock<T>.MaxRows), ref partial);
            _partials[block] = partial;
        }
    }

    private static void Add(ref LossTotals totals, LossTotals partial)
    {
        totals.Sum += partial.Sum;
        totals.Right += partial.Right;
        totals.Decisions += partial.Decisions;
    }

    // The gradient is written while the rest is still read.
    private static void CheckDistinct(SequenceBatch<T> output, NetworkTarget<T> target, SequenceBatch<T>? gradient)
    {
        string? other = gradient is null ? null
            : ReferenceEquals(gradient, output) ? "output"
            : ReferenceEquals(gradient, target.Values) ? "target"
            : ReferenceEquals(gradient, target.Weights) ? "weights"
            : null;
        if (other is not null)
        {
            throw new ArgumentException(
                $"The output gradient and the {other} are the same batch; give a separate batch for the gradient.",
                "outputGradient");
        }
    }

    private static LossBlock<T> Block(in TargetReading<T> reading, int rows, int features) => new()
    {
        Rows = rows,
        Features = features,
        Target = reading.Values is null ? null : reading.Values.Pointer,
        Labels = reading.Labels is null ? null : reading.Labels.Pointer,
        Weights = reading.Weights is null ? null : reading.Weights.Pointer,
    };
}
