using System.Diagnostics;
using System.Numerics;
using Lstm.Sequences;
using Lstm.Simd;
using Lstm.Training.Batches;

namespace Lstm.Training.Losses;

/// <summary>Rows of an output, all pointers at the first of them; a loss takes up to <see cref="MaxRows"/> at once.</summary>
internal unsafe struct LossBlock<T>
    where T : unmanaged
{
    /// <summary>Rows whose losses make one partial sum; a constant of the results' bits.</summary>
    public const int MaxRows = 64;

    public int Rows;
    public int Features;

    /// <summary>[Rows, Features].</summary>
    public T* Output;

    /// <summary>[Rows, Features], or null for a label loss.</summary>
    public T* Target;

    /// <summary>[Rows], or null for a loss of values.</summary>
    public int* Labels;

    /// <summary>[Rows], or null for 1.</summary>
    public T* Weights;

    /// <summary>[Rows, Features], overwritten; or null.</summary>
    public T* Gradient;

    /// <summary>What the gradient of the sum is multiplied by.</summary>
    public double GradientScale;

    // SAFETY: every pointer that is not null is at the first of Rows rows, so that those of the slice are within them:
    // LossRun.Begin compares the target, the labels and the weights with the output's shape. Output and Gradient are batches of
    // that shape (LossChecks.CheckGradient), or buffers that LossLayer sets for the slice itself.
    /// <summary>The rows from <paramref name="row"/> on, at most <paramref name="most"/> of them.</summary>
    public readonly LossBlock<T> Slice(int row, int most = MaxRows)
    {
        Debug.Assert(row >= 0 && row <= Rows && most >= 0);
        LossBlock<T> slice = this;
        nint values = (nint)row * Features;
        slice.Rows = Math.Min(most, Rows - row);
        slice.Output = Output == null ? null : Output + values;
        slice.Target = Target == null ? null : Target + values;
        slice.Labels = Labels == null ? null : Labels + row;
        slice.Weights = Weights == null ? null : Weights + row;
        slice.Gradient = Gradient == null ? null : Gradient + values;
        return slice;
    }
}

/// <summary>Sums over a batch, or a part of it.</summary>
internal struct LossTotals
{
    /// <summary>Σ w·l.</summary>
    public double Sum;

    /// <summary>Σ w, over the loss's units.</summary>
    public double Normalizer;

    /// <summary>What the sum is divided by to give the value; 0 where nothing counts.</summary>
    public double Divisor;

    /// <summary>Decisions that were right, of those that counted; 0 of 0 for a loss that decides nothing.</summary>
    public long Right;

    public long Decisions;

    public readonly double Value => Divisor == 0 ? 0 : Sum / Divisor;

    public readonly LossSum WeightedSum => new(Sum, Normalizer);

    /// <summary>What the gradient of the sum is multiplied by.</summary>
    public readonly double GradientScale => Divisor == 0 ? 0 : 1 / Divisor;

    /// <summary>Zero sums of a given weight, with the divisor given or else the reduction's own.</summary>
    public static LossTotals Of(double normalizer, Reduction reduction, double? divisor)
        => new() { Normalizer = normalizer, Divisor = divisor ?? (reduction == Reduction.Sum ? 1 : normalizer) };
}

/// <summary>The arithmetic of a loss, block by block of rows: so that a large vocabulary's logits need never all exist.</summary>
internal abstract class RowLoss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Whether targets are integer labels, one per row.</summary>
    public abstract bool TakesLabels { get; }

    /// <summary>Whether the output is logits: the loss applies the sigmoid or softmax itself.</summary>
    public abstract bool TakesLogits { get; }

    /// <summary>Why it cannot take outputs of a number of features; null if it can.</summary>
    public virtual string? WhyNotFeatures(int features) => null;

    /// <summary>Why training on outputs of a number of features makes no sense; null if it does.</summary>
    public virtual string? WhyNotTrained(int features, Loss<T> loss) => null;

    /// <summary>
    /// Refuses targets or labels that this loss cannot take; their shape is <paramref name="shape"/> and fits already.
    /// </summary>
    public virtual void Check(NetworkTarget<T> target, SequenceShape shape, int features, BatchPlace place)
    {
    }

    /// <summary>Σ w over what counts.</summary>
    public abstract double Normalizer(LossBlock<T> all);

    /// <summary>Adds a block's Σ w·l and its right answers to zeroed totals, and overwrites its gradient.</summary>
    public abstract void Evaluate(SimdWidth width, LossBlock<T> block, ref LossTotals totals);
}
