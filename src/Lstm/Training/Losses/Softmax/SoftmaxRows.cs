using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Elementwise;
using Lstm.Layers;
using Lstm.Sequences;
using Lstm.Simd;
using Lstm.Training.Batches;

namespace Lstm.Training.Losses.Softmax;

/// <summary>The arithmetic of <see cref="SoftmaxCrossEntropy{T}"/>, row by row.</summary>
internal sealed unsafe class SoftmaxRows<T>(T[] classWeights, double smoothing, int ignored) : LabelRows<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override bool TakesLogits => true;

    public bool Smooths => smoothing > 0;

    /// <summary>v, or empty for 1.</summary>
    public T[] ClassWeights => classWeights;

    public override string? WhyNotFeatures(int features)
        => classWeights.Length == 0 || classWeights.Length == features ? null
        : $"The output has {Classes(features)}, the loss has {classWeights.Length} class weights; give one for each class.";

    public override void Check(NetworkTarget<T> target, SequenceShape shape, int features, BatchPlace place)
    {
        ReadOnlySpan<int> labels = target.Labels!.Rows;
        for (int row = 0; row < labels.Length; row++)
        {
            int label = labels[row];
            if ((uint)label >= (uint)features && label != ignored)
            {
                throw new ArgumentException(
                    $"Label {label} of {place.Of(shape, row)} is out of range: the output has {Classes(features)}, " +
                    $"0{(features == 1 ? string.Empty : $" to {features - 1}")}; {Remedy(label, features)}.",
                    place.Argument("labels"));
            }
        }
    }

    public override double Normalizer(LossBlock<T> all)
    {
        double sum = 0;
        for (int row = 0; row < all.Rows; row++)
        {
            int label = Volatile.Read(ref all.Labels[row]);
            sum += label == ignored ? 0 : RowWeight(all, row) * ClassWeight(label);
        }

        return sum;
    }

    public override void Evaluate(SimdWidth width, LossBlock<T> block, ref LossTotals totals)
    {
        Debug.Assert(block.Rows == 0 || (block.Output != null && block.Labels != null));
        Debug.Assert(classWeights.Length == 0 || classWeights.Length == block.Features);
        double weightSum = ClassWeightSum(block.Features);
        fixed (T* weights = classWeights)
        {
            for (int row = 0; row < block.Rows; row++)
            {
                T* gradient = block.Gradient == null ? null : block.Gradient + ((nint)row * block.Features);
                double weight = RowWeight(block, row);
                if (weight == 0 || TakeLabel(block, row) is not { } label)
                {
                    new Span<T>(gradient, gradient == null ? 0 : block.Features).Clear();
                    continue;
                }

                Row(width, block.Output + ((nint)row * block.Features), block.Features, label, weight, weights, weightSum,
                    gradient, block.GradientScale, ref totals);
            }
        }
    }

    public override string? WhyNotTrained(int features, Loss<T> loss)
        => features > 1 ? null
        : $"The network has 1 output, so every label is 0 and {loss} is always 0. "
            + "Use BinaryCrossEntropyWithLogits with targets 0 and 1, or DenseSpec(2).";

    public override void Sweep(
        in Pass<T> pass, DenseLayer<T> dense, T* input, LossBlock<T> block, LossTape<T> tape, double* losses,
        ref LossTotals totals)
    {
        Debug.Assert(block.Labels != null && block.Features == dense.OutputSize);

        // A SoftmaxRow and the chains of its sums for each row, whole cache lines both.
        tape.Scratch.Reserve((long)block.Rows * (sizeof(SoftmaxRow<T>) + (SoftmaxPanels<T>.Chains * sizeof(T))));
        SoftmaxRow<T>* rows = (SoftmaxRow<T>*)tape.Scratch.Pointer;
        SoftmaxPanels<T> panels = new()
        {
            Width = pass.Width,
            Loss = this,
            Block = block,
            Input = dense.InputTerm(pass, input),
            Bias = dense.Bias(pass),
            Columns = dense.Outputs,
            Values = tape.Dense.Dz.Pointer,
            Lanes = (T*)(rows + block.Rows),
            Rows = rows,
            Losses = losses,
        };
        pass.Team.Run(ref panels);
        for (int row = 0; row < block.Rows; row++)
        {
            totals.Decisions += rows[row].Counts ? 1 : 0;
            totals.Right += rows[row].IsRight ? 1 : 0;
        }
    }

    // SAFETY: LossRun.Begin has checked that there are labels, and weights where they are given, for all rows of a block, and
    // WhyNotFeatures that there are as many class weights as features, or none. A label is compared with the features each time
    // it is read (TakeLabel), since another thread may write it; only such a label is an index.
    /// <summary>A row's label, or null if it is ignored.</summary>
    /// <remarks>
    /// Labels are checked when a pass begins, but they are in the caller's memory: another thread may have changed one since.
    /// </remarks>
    /// <exception cref="InvalidOperationException">It is no class.</exception>
    public int? TakeLabel(LossBlock<T> block, int row)
    {
        int label = Volatile.Read(ref block.Labels[row]);
        return label == ignored ? null
            : (uint)label < (uint)block.Features ? label
            : throw Changed(label, block.Features);
    }

    /// <summary>w of a row.</summary>
    public static double RowWeight(LossBlock<T> block, int row) => block.Weights == null ? 1 : FixedSum.Wide(block.Weights[row]);

    /// <summary>Σ v over all classes.</summary>
    public double ClassWeightSum(int classes)
    {
        fixed (T* weights = classWeights)
        {
            return weights == null ? classes : FixedSum.Of(weights, classWeights.Length);
        }
    }

    /// <summary>w·l of a row whose sums are known, and what makes its gradient.</summary>
    public double Finish(int label, double weight, double weightSum, int classes, double gradientScale, ref SoftmaxRow<T> row)
    {
        double smooth = smoothing / classes;
        double sharp = (1 - smoothing) * ClassWeight(label);
        double logSum = Elementary<SimdScalar<double>, double, double>.Log(row.Sum);

        // Without the branches, a weight of 0 would make NaN of a logit of −∞.
        double loss = sharp == 0 ? 0 : sharp * (logSum + (FixedSum.Wide(row.Largest) - FixedSum.Wide(row.Logit)));
        loss += smoothing == 0 ? 0 : smooth * ((weightSum * logSum) + row.Below);
        double outer = weight * gradientScale;
        row.Factor = T.CreateTruncating((sharp + (smoothing == 0 ? 0 : smooth * weightSum)) * outer / row.Sum);
        row.Shift = T.CreateTruncating(-smooth * outer);
        row.Own = T.CreateTruncating(sharp * outer);
        return weight * loss;
    }

    /// <summary>The largest of sixteen lanes.</summary>
    public static T Largest(T* lanes)
    {
        T largest = lanes[0];
        for (int lane = 1; lane < SoftmaxPanels<T>.Chains; lane++)
        {
            largest = largest > lanes[lane] ? largest : lanes[lane];
        }

        return largest;
    }

    // x [classes] → gradient [classes], or null.
    private void Row(
        SimdWidth width, T* x, int classes, int label, double weight, T* weights, double weightSum, T* gradient, double scale,
        ref LossTotals totals)
    {
        SoftmaxSums<T> sums = new()
        {
            Logits = x,
            Classes = classes,
            Exponentials = gradient,
            Weights = weights,
            Smooths = Smooths,
        };
        SimdDispatch.Run<T, SoftmaxSums<T>>(width, ref sums);
        ref SoftmaxRow<T> row = ref sums.Row;
        row.Logit = x[label];
        totals.Sum += Finish(label, weight, weightSum, classes, scale, ref row);
        totals.Decisions++;
        totals.Right += x[label] == row.Largest && !new ReadOnlySpan<T>(x, label).Contains(row.Largest) ? 1 : 0;
        if (gradient != null)
        {
            SoftmaxGradient<T> finish =
                new() { Gradient = gradient, Classes = classes, Weights = Smooths ? weights : null, Row = row };
            SimdDispatch.Run<T, SoftmaxGradient<T>>(width, ref finish);
            gradient[label] -= row.Own;
        }
    }

    private static string Classes(int count) => count == 1 ? "1 class" : $"{count} classes";

    private string Remedy(int label, int features)
        => label < 0 ? $"give rows that are to be ignored the label {ignored}"
        : features == 1 ? $"use BinaryCrossEntropyWithLogits, or DenseSpec({label + 1L})"
        : label == features ? $"labels start at 0; subtract 1, or use DenseSpec({label + 1L})"
        : $"use DenseSpec({label + 1L}) for labels up to {label}";

    private double ClassWeight(int label) => classWeights.Length == 0 ? 1
        : (uint)label < (uint)classWeights.Length ? FixedSum.Wide(classWeights[label])
        : throw Changed(label, classWeights.Length);

    private static InvalidOperationException Changed(int label, int classes)
        => new($"A label is {label}, but there are {classes} classes, 0 to {classes - 1}. Do not change labels while a pass " +
            $"reads them.");
}
