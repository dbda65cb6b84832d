using System.Diagnostics;
using System.Numerics;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;
using Lstm.Training.Batches;

namespace Lstm.Training.Losses;

/// <summary>The arithmetic of a custom <see cref="LabelLoss{T}"/>.</summary>
internal sealed unsafe class CustomLabelRows<T>(LabelLoss<T> loss) : LabelRows<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override bool TakesLogits => false;

    public override void Check(NetworkTarget<T> target, SequenceShape shape, int features, BatchPlace place)
    {
        ReadOnlySpan<int> labels = target.Labels!.Rows;
        for (int row = 0; row < labels.Length; row++)
        {
            double weight = loss.WeightOfLabel(labels[row]);
            if (!double.IsFinite(weight))
            {
                throw new ArgumentException(
                    $"{loss} gives label {labels[row]} of {place.Of(shape, row)} the weight {weight}; LabelWeight has to " +
                    $"return a finite number.",
                    place.Argument("labels"));
            }

            if (weight != 0 && !loss.Accepts(labels[row], features))
            {
                throw new ArgumentException(
                    $"Label {labels[row]} of {place.Of(shape, row)} is out of range for {loss} and an output of {features} "
                    + $"{(features == 1 ? "value" : "values")} per row. Correct the label, or give the row the weight 0 if " +
                    $"LabelWeight ignores it.",
                    place.Argument("labels"));
            }
        }
    }

    public override double Normalizer(LossBlock<T> all)
    {
        double sum = 0;
        for (int row = 0; row < all.Rows; row++)
        {
            sum += Weight(all, row, Volatile.Read(ref all.Labels[row]));
        }

        return sum;
    }

    public override void Evaluate(SimdWidth width, LossBlock<T> block, ref LossTotals totals)
    {
        Debug.Assert(block.Labels != null && block.Output != null);
        for (int row = 0; row < block.Rows; row++)
        {
            totals.Sum += Row(block, row);
        }
    }

    public override void Sweep(
        in Pass<T> pass, DenseLayer<T> dense, T* input, LossBlock<T> block, LossTape<T> tape, double* losses,
        ref LossTotals totals)
    {
        tape.Logits.Reserve((long)block.Rows * block.Features);
        tape.Gradients.Reserve((long)block.Rows * block.Features);
        block.Output = tape.Logits.Pointer;
        block.Gradient = tape.Gradients.Pointer;
        dense.ForwardRows(pass, input, block.Rows, block.Output);
        Job rows = new() { Loss = this, Block = block, Losses = losses };
        pass.Team.Run(ref rows);
        dense.BackwardActivation(pass, block.Rows, tape.Dense, block.Output, block.Gradient);
    }

    // SAFETY: LossRun.Begin has checked that there is a label, and a weight where there are weights, for each of block.Rows rows.
    // Output, and Gradient where it is not null, have room for Rows × Features values: they are batches of the output's shape
    // (LossChecks.CheckGradient), or buffers that Sweep and LossLayer reserve. The label itself is not used as an index here.
    private double Row(LossBlock<T> block, int row)
    {
        Debug.Assert((uint)row < (uint)block.Rows);
        Span<T> gradient = new(block.Gradient + ((nint)row * block.Features), block.Gradient == null ? 0 : block.Features);

        // Labels are checked when a pass begins, but they are in the caller's memory: another thread may have changed one since.
        int label = Volatile.Read(ref block.Labels[row]);
        double weight = Weight(block, row, label);
        if (weight == 0)
        {
            gradient.Clear();
            return 0;
        }

        if (!loss.Accepts(label, block.Features))
        {
            throw new InvalidOperationException(
                $"A label was changed to {label} while a pass read it, and {loss} does not accept that label. " +
                $"Change labels between passes only.");
        }

        double value =
            loss.LossOfRow(new ReadOnlySpan<T>(block.Output + ((nint)row * block.Features), block.Features), label, gradient);
        T factor = T.CreateTruncating(weight * block.GradientScale);
        foreach (ref T element in gradient)
        {
            element *= factor;
        }

        return weight * value;
    }

    private double Weight(LossBlock<T> block, int row, int label)
    {
        double weight = block.Weights == null ? 1 : FixedSum.Wide(block.Weights[row]);
        return weight == 0 ? 0 : weight * loss.WeightOfLabel(label);
    }

    private struct Job : IJob
    {
        public required CustomLabelRows<T> Loss;
        public required LossBlock<T> Block;

        /// <summary>w·l of each row [Rows].</summary>
        public required double* Losses;

        public readonly long Work => (long)Block.Rows * Block.Features * JobWork.HardElement;

        public readonly int SharesFor(int workers) => Math.Min(workers, Block.Rows);

        public readonly void Run(WorkShare share)
        {
            (int first, int end) = share.Of(Block.Rows);
            for (int row = first; row < end; row++)
            {
                Losses[row] = Loss.Row(Block, row);
            }
        }
    }
}
