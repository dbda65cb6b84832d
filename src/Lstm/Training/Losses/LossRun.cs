using System.Buffers;
using System.Numerics;
using Lstm.Kernels;
using Lstm.Sequences;
using Lstm.Simd;

namespace Lstm.Training;

/// <summary>Evaluates a loss on all rows: blocks shared among workers, their partial sums added in block order.</summary>
internal unsafe struct LossRun<T> : IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private RowLoss<T> _loss;
    private SimdWidth _width;
    private LossBlock<T> _all;
    private LossTotals[] _partials;
    private int _blocks;

    public static LossTotals Evaluate(Loss<T> loss, LossInput<T> input, SequenceBatch<T>? gradient, double gradientScale, WorkerTeam? team, SimdWidth width)
    {
        SequenceBatch<T> output = input.Output!;
        CheckGradient(output, gradient);
        LossBlock<T> all = Begin(loss, input, output.Shape, output.FeatureSize, gradientScale, out LossTotals totals);
        all.Output = output.RowPointer;
        all.Gradient = gradient is null ? null : gradient.RowPointer;
        Evaluate(loss.Rows!, all, team, width, ref totals);
        GC.KeepAlive(output);
        GC.KeepAlive(input.Target);
        GC.KeepAlive(input.Labels);
        GC.KeepAlive(input.Weights);
        GC.KeepAlive(gradient);
        return totals;
    }

    /// <summary>Adds the rows' sums, block by block in order, and overwrites their gradient.</summary>
    public static void Evaluate(RowLoss<T> loss, LossBlock<T> all, WorkerTeam? team, SimdWidth width, ref LossTotals totals)
    {
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
    public static LossBlock<T> Begin(Loss<T> loss, LossInput<T> input, SequenceShape shape, int features, double gradientScale, out LossTotals totals)
    {
        RowLoss<T> rows = loss.Rows is { } own && own.TakesLabels == (input.Labels is not null)
            ? own
            : throw new NotSupportedException(
                $"{loss} does not take {(input.Labels is null ? "target values; give it integer labels" : "integer labels; give it target values")}.");
        Check(input.Target?.Shape, input.Target?.FeatureSize ?? 0, shape, features, "target", "The target has");
        Check(input.Labels?.Shape, input.Labels?.FeatureSize ?? 0, shape, 1, "labels", "The labels have");
        Check(input.Weights?.Shape, input.Weights?.FeatureSize ?? 0, shape, 1, "weights", "The weights have");
        LossBlock<T> all = new()
        {
            Rows = shape.RowCount,
            Features = features,
            Target = input.Target is null ? null : input.Target.RowPointer,
            Labels = input.Labels is null ? null : input.Labels.RowPointer,
            Weights = input.Weights is null ? null : input.Weights.RowPointer,
        };
        for (int row = 0; all.Weights != null && row < all.Rows; row++)
        {
            if (!T.IsFinite(all.Weights[row]))
            {
                throw new ArgumentException($"Weight {all.Weights[row]} of row {row} is not finite.", "weights");
            }
        }

        rows.Check(all);
        double normalizer = rows.Normalizer(all);
        totals = new LossTotals { Normalizer = normalizer, Divisor = loss.Reduction == Reduction.Sum ? 1 : normalizer };
        all.GradientScale = totals.Divisor == 0 ? 0 : gradientScale / totals.Divisor;
        return all;
    }

    public readonly void Run(int worker, int workers)
    {
        (int first, int end) = SequenceSplit.Even(_blocks, worker, workers);
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

    private static void CheckGradient(SequenceBatch<T> output, SequenceBatch<T>? gradient)
        => Check(gradient?.Shape, gradient?.FeatureSize ?? 0, output.Shape, output.FeatureSize, "outputGradient", "The output gradient has");

    private static void Check(SequenceShape? actual, int actualFeatures, SequenceShape output, int features, string argument, string subject)
    {
        if (actual is null)
        {
            return;
        }

        if (actualFeatures != features)
        {
            throw new ArgumentException($"{subject} {actualFeatures} values per row; to the output belong {features}.", argument);
        }

        if (!actual.Matches(output))
        {
            throw new ArgumentException(
                $"{subject} {actual.RowCount} rows in {actual.Count} sequences, the output {output.RowCount} in {output.Count}, or the lengths differ.", argument);
        }
    }
}
