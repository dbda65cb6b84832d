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

    public static LossTotals Evaluate(Loss<T> loss, LossInput<T> input, SequenceBatch<T>? gradient, double? divisor, WorkerTeam? team, SimdWidth width)
    {
        SequenceBatch<T> output = input.Output!;
        LossChecks<T>.CheckGradient(output, gradient);
        LossBlock<T> all = Begin(loss, input, output.Shape, output.FeatureSize, divisor, out LossTotals totals);
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

    /// <summary>The loss alone, added to sums that may be of rows before these.</summary>
    public static void Add(Loss<T> loss, LossInput<T> input, WorkerTeam? team, SimdWidth width, ref LossTotals totals)
    {
        SequenceBatch<T> output = input.Output!;
        LossBlock<T> all = Begin(loss, input, output.Shape, output.FeatureSize, null, out LossTotals own);
        all.Output = output.RowPointer;
        totals.Normalizer += own.Normalizer;
        Evaluate(loss.Rows!, all, team, width, ref totals);
        GC.KeepAlive(output);
        GC.KeepAlive(input.Target);
        GC.KeepAlive(input.Labels);
        GC.KeepAlive(input.Weights);
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
    public static LossBlock<T> Begin(Loss<T> loss, LossInput<T> input, SequenceShape shape, int features, double? divisor, out LossTotals totals)
    {
        LossChecks<T>.Check(loss, input, shape, features, default);
        LossBlock<T> all = Block(input, shape.RowCount, features);
        totals = LossTotals.Of(loss.Rows!.Normalizer(all), loss.Reduction, divisor);
        all.GradientScale = totals.GradientScale;
        return all;
    }

    /// <summary>Σ w of what has been checked.</summary>
    public static double WeightOf(RowLoss<T> loss, LossInput<T> input)
    {
        double weight = loss.Normalizer(Block(input, input.Target?.RowCount ?? input.Labels!.RowCount, input.Target?.FeatureSize ?? 1));
        GC.KeepAlive(input.Target);
        GC.KeepAlive(input.Labels);
        GC.KeepAlive(input.Weights);
        return weight;
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

    private static LossBlock<T> Block(LossInput<T> input, int rows, int features) => new()
    {
        Rows = rows,
        Features = features,
        Target = input.Target is null ? null : input.Target.RowPointer,
        Labels = input.Labels is null ? null : input.Labels.RowPointer,
        Weights = input.Weights is null ? null : input.Weights.RowPointer,
    };
}
