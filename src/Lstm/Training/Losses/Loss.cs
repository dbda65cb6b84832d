using System.Numerics;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Training;
using Lstm.Training.Losses;

namespace Lstm;

/// <summary>The number that training minimises, computed from a network's output and a target, and its gradient.</summary>
/// <remarks>
/// <para>With l the loss of one unit (<see cref="Unit"/>), w the product of its row's weight and its class's weight, the value
/// is Σ w·l under <see cref="Reduction.Sum"/> and Σ w·l / Σ w under <see cref="Reduction.Mean"/>, as in PyTorch; units that are
/// ignored appear in neither sum. Where nothing counts – no rows, all labels ignored, Σ w = 0 under Mean – the value is 0 and
/// so is the gradient (PyTorch gives NaN). A row of weight 0 counts for nothing, whatever it holds. Over several batches the
/// mean is that of all their units, however they are cut into batches.</para>
/// <para>Sums are made in double, over blocks of 64 rows whose partial sums are added in order, so the bits depend neither on
/// the SIMD width nor on threads. NaN in the output or target gives NaN.</para>
/// <para>A loss is immutable and may be shared by threads. A custom loss names its <see cref="Unit"/> and overrides
/// <see cref="SumOf(SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T})"/> for target values, or its twin
/// for labels; and <see cref="WeightOf(SequenceBatch{T}, SequenceBatch{T})"/>, or its twin, if not every unit counts with the
/// weight of its row.</para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public abstract class Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>How the losses of the units are put together. Default <see cref="Reduction.Mean"/>.</summary>
    public Reduction Reduction { get; init; } = Reduction.Mean;

    /// <summary>The units that the loss counts.</summary>
    public abstract LossUnit Unit { get; }

    /// <summary>
    /// Whether the loss needs every sequence from its first step to its last, so that training cannot be combined with
    /// <see cref="TrainingOptions.TruncateAfter"/>. By default true for a <see cref="Unit"/> of <see cref="LossUnit.Sequence"/>.
    /// </summary>
    /// <remarks>
    /// Override it in a loss that counts rows or elements and still relates the rows of a sequence to each other.
    /// </remarks>
    protected virtual bool NeedsWholeSequences => Unit == LossUnit.Sequence;

    /// <summary><see cref="NeedsWholeSequences"/> for the checks of a training.</summary>
    internal bool RefusesParts => NeedsWholeSequences;

    /// <summary>The rows' arithmetic where each row's loss depends on that row alone; null for a loss of whole batches.</summary>
    internal virtual RowLoss<T>? Rows => null;

    /// <summary>Computes the loss of an output for target values, and its gradient.</summary>
    /// <param name="output">A network's output.</param>
    /// <param name="target">The target of each output row: the same lengths and feature size.</param>
    /// <param name="outputGradient">
    /// Overwritten with the gradient with respect to <paramref name="output"/>, whose shape it has; null when only the value is
    /// wanted.
    /// </param>
    /// <param name="weights">One finite weight per row, the lengths those of <paramref name="output"/>; null for 1.</param>
    /// <returns>The value.</returns>
    /// <exception cref="ArgumentException">
    /// The shapes do not fit, a weight is not finite, a target is none of this loss's, or the loss takes labels; nothing has been
    /// written.
    /// </exception>
    public double Evaluate(
        SequenceBatch<T> output, SequenceBatch<T> target, SequenceBatch<T>? outputGradient = null,
        SequenceBatch<T>? weights = null)
        => EvaluateTotals(
            Given(output), new NetworkTarget<T>(target, weights), outputGradient, null, null, SimdDispatch.Best).Value;

    /// <summary>Computes the loss of an output for integer labels, and its gradient.</summary>
    /// <param name="output">A network's output: one value per class.</param>
    /// <param name="labels">One label per row, the lengths those of <paramref name="output"/>.</param>
    /// <param name="outputGradient">
    /// Overwritten with the gradient with respect to <paramref name="output"/>, whose shape it has; null when only the value is
    /// wanted.
    /// </param>
    /// <param name="weights">One finite weight per row, the lengths those of <paramref name="output"/>; null for 1.</param>
    /// <returns>The value.</returns>
    /// <exception cref="ArgumentException">
    /// The shapes do not fit, a label is no class, a weight is not finite, or the loss takes values; nothing has been written.
    /// </exception>
    public double Evaluate(
        SequenceBatch<T> output, SequenceBatch<int> labels, SequenceBatch<T>? outputGradient = null,
        SequenceBatch<T>? weights = null)
        => EvaluateTotals(
            Given(output), new NetworkTarget<T>(labels, weights), outputGradient, null, null, SimdDispatch.Best).Value;

    /// <summary>
    /// Computes the sum and the weight of an output's loss for target values, and the gradient of the sum divided by a number.
    /// </summary>
    /// <remarks>
    /// To train on several batches as on one, add up their <see cref="WeightOf(TrainingBatch{T})"/> and give that as the divisor
    /// of each; the sum of their gradients is then the gradient of the mean over all units.
    /// </remarks>
    /// <param name="output">A network's output.</param>
    /// <param name="target">The target of each output row: the same lengths and feature size.</param>
    /// <param name="outputGradient">
    /// Overwritten with the gradient of the sum with respect to <paramref name="output"/>, divided by <paramref name="divisor"/>;
    /// null when it is not wanted.
    /// </param>
    /// <param name="weights">One finite weight per row, the lengths those of <paramref name="output"/>; null for 1.</param>
    /// <param name="divisor">Divides the gradient, finite; 0 gives the gradient 0. Default 1.</param>
    /// <exception cref="ArgumentException">
    /// As for <see cref="Evaluate(SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T})"/>, or the divisor is
    /// not finite.
    /// </exception>
    public LossSum EvaluateSum(
        SequenceBatch<T> output, SequenceBatch<T> target, SequenceBatch<T>? outputGradient = null,
        SequenceBatch<T>? weights = null, double divisor = 1)
        => EvaluateTotals(
            Given(output), new NetworkTarget<T>(target, weights), outputGradient, CheckDivisor(divisor), null,
            SimdDispatch.Best).WeightedSum;

    /// <summary>
    /// Computes the sum and the weight of an output's loss for integer labels, and the gradient of the sum divided by a number.
    /// </summary>
    /// <inheritdoc cref="EvaluateSum(SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T}, double)"/>
    /// <param name="output">A network's output: one value per class.</param>
    /// <param name="labels">One label per row, the lengths those of <paramref name="output"/>.</param>
    /// <param name="outputGradient">
    /// Overwritten with the gradient of the sum with respect to <paramref name="output"/>, divided by <paramref name="divisor"/>;
    /// null when it is not wanted.
    /// </param>
    /// <param name="weights">One finite weight per row, the lengths those of <paramref name="output"/>; null for 1.</param>
    /// <param name="divisor">Divides the gradient, finite; 0 gives the gradient 0. Default 1.</param>
    public LossSum EvaluateSum(
        SequenceBatch<T> output, SequenceBatch<int> labels, SequenceBatch<T>? outputGradient = null,
        SequenceBatch<T>? weights = null, double divisor = 1)
        => EvaluateTotals(
            Given(output), new NetworkTarget<T>(labels, weights), outputGradient, CheckDivisor(divisor), null,
            SimdDispatch.Best).WeightedSum;

    /// <summary>
    /// Adds up the weights of a batch's units, for which no output is needed: the number that the mean of the batch is divided
    /// by.
    /// </summary>
    /// <param name="batch">A batch whose target this loss can take.</param>
    public double WeightOf(TrainingBatch<T> batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return WeightOf(batch.Target);
    }

    /// <summary>The loss's name.</summary>
    public override string ToString() => GetType().Name.Split('`')[0];

    /// <summary>
    /// Computes, in a custom loss of target values, Σ w·l over the units of an output and the gradient of this sum.
    /// </summary>
    /// <remarks>
    /// Divide neither by the weight: <see cref="Reduction"/> and a trainer's accumulation over batches do that.
    /// </remarks>
    /// <param name="output">A network's output.</param>
    /// <param name="target">
    /// The target, of any feature size; its lengths are those of <paramref name="output"/>, but for a <see cref="Unit"/> of
    /// <see cref="LossUnit.Sequence"/>, where its number of sequences is.
    /// </param>
    /// <param name="outputGradient">
    /// All zero; to be written with the gradient of the sum with respect to <paramref name="output"/>, whose shape it has. Null
    /// when it is not wanted.
    /// </param>
    /// <param name="weights">One finite weight per row, or one per sequence where that is the unit; null for 1.</param>
    /// <returns>Σ w·l.</returns>
    protected virtual double SumOf(
        SequenceBatch<T> output, SequenceBatch<T> target, SequenceBatch<T>? outputGradient, SequenceBatch<T>? weights)
        => throw new ArgumentException($"{this} does not take target values; give it integer labels.", nameof(target));

    /// <summary>
    /// Computes, in a custom loss of integer labels, Σ w·l over the units of an output and the gradient of this sum.
    /// </summary>
    /// <remarks>
    /// Divide neither by the weight: <see cref="Reduction"/> and a trainer's accumulation over batches do that.
    /// </remarks>
    /// <param name="output">A network's output.</param>
    /// <param name="labels">
    /// One label per row; its lengths are those of <paramref name="output"/>, but for a <see cref="Unit"/> of
    /// <see cref="LossUnit.Sequence"/>, where its number of sequences is.
    /// </param>
    /// <param name="outputGradient">
    /// All zero; to be written with the gradient of the sum with respect to <paramref name="output"/>, whose shape it has. Null
    /// when it is not wanted.
    /// </param>
    /// <param name="weights">One finite weight per row, or one per sequence where that is the unit; null for 1.</param>
    /// <returns>Σ w·l.</returns>
    protected virtual double SumOf(
        SequenceBatch<T> output, SequenceBatch<int> labels, SequenceBatch<T>? outputGradient, SequenceBatch<T>? weights)
        => throw new ArgumentException($"{this} does not take integer labels; give it target values.", nameof(labels));

    /// <summary>Adds up, in a custom loss of target values, the weights of the units, without the output: Σ w.</summary>
    /// <remarks>
    /// By default each unit counts with the weight of its row, or with 1. Override it where some units do not count, or count
    /// differently.
    /// </remarks>
    /// <param name="target">The target.</param>
    /// <param name="weights">
    /// As in <see cref="SumOf(SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T})"/>.
    /// </param>
    /// <returns>Σ w.</returns>
    protected virtual double WeightOf(SequenceBatch<T> target, SequenceBatch<T>? weights)
    {
        ArgumentNullException.ThrowIfNull(target);
        return UnitCount.Of(Unit, target, weights);
    }

    /// <summary>Adds up, in a custom loss of integer labels, the weights of the units, without the output: Σ w.</summary>
    /// <remarks>
    /// By default each unit counts with the weight of its row, or with 1. Override it where some units do not count, or count
    /// differently.
    /// </remarks>
    /// <param name="labels">The labels.</param>
    /// <param name="weights">
    /// As in <see cref="SumOf(SequenceBatch{T}, SequenceBatch{int}, SequenceBatch{T}, SequenceBatch{T})"/>.
    /// </param>
    /// <returns>Σ w.</returns>
    protected virtual double WeightOf(SequenceBatch<int> labels, SequenceBatch<T>? weights)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return UnitCount.Of(Unit, labels, weights);
    }

    /// <summary>
    /// The loss with what a trainer wants besides: counts of right answers, a team, and a gradient that is divided by the weight
    /// of more than this batch.
    /// </summary>
    /// <param name="output">The output.</param>
    /// <param name="target">The target that it is compared with.</param>
    /// <param name="outputGradient">Overwritten, or null.</param>
    /// <param name="divisor">
    /// Divides the gradient of the sum; null for what the reduction divides by, in this batch alone.
    /// </param>
    /// <param name="team">Workers that share the rows, or null.</param>
    /// <param name="width">The SIMD width.</param>
    internal LossTotals EvaluateTotals(
        SequenceBatch<T> output, NetworkTarget<T> target, SequenceBatch<T>? outputGradient, double? divisor, WorkerTeam? team,
        SimdWidth width)
    {
        if (Rows is not null)
        {
            return LossRun<T>.Evaluate(this, output, target, outputGradient, divisor, team, width);
        }

        LossChecks<T>.Check(this, target, output.Shape, output.FeatureSize, default);
        LossChecks<T>.CheckGradient(output, outputGradient);
        LossTotals totals = LossTotals.Of(WeightOf(target), Reduction, divisor);
        outputGradient?.Rows.Clear();
        totals.Sum = target.Labels is null
            ? SumOf(output, target.Values!, outputGradient, target.Weights)
            : SumOf(output, target.Labels, outputGradient, target.Weights);
        Scale(outputGradient, totals.GradientScale);
        return totals;
    }

    /// <summary>
    /// The value of an output, added to sums that may be of outputs before it; a loss of whole batches starts from zero.
    /// </summary>
    internal void AddTotals(
        SequenceBatch<T> output, NetworkTarget<T> target, WorkerTeam? team, SimdWidth width, ref LossTotals totals)
    {
        if (Rows is null)
        {
            totals = EvaluateTotals(output, target, null, null, team, width);
        }
        else
        {
            LossRun<T>.Add(this, output, target, team, width, ref totals);
        }
    }

    /// <summary>Refuses the layers of a network whose output the loss cannot take.</summary>
    /// <exception cref="ArgumentException">
    /// There is an activation where the loss takes logits, or the number of outputs is wrong.
    /// </exception>
    internal void CheckLayers(IReadOnlyList<Layer<T>> layers) => LossChecks<T>.CheckLayers(layers, this);

    /// <summary>
    /// Gives the layer that takes the last one's place in a run that ends in this loss; null if the loss needs the whole output.
    /// </summary>
    /// <param name="last">The last layer.</param>
    /// <param name="tape">Its part of the tape.</param>
    /// <param name="made">The layer that was made of them for an earlier loss, or null: it serves all losses.</param>
    internal LossLayer<T>? LastLayer(Layer<T> last, LayerTape<T> tape, LossLayer<T>? made)
        => Rows is null || last is not DenseLayer<T> { IsLinear: true } dense ? null
        : made ?? new LossLayer<T>(dense, tape) { Name = dense.Name, Index = dense.Index, InputSize = dense.InputSize };

    /// <summary>Σ w of what has been checked.</summary>
    internal double WeightOf(NetworkTarget<T> target)
        => Rows is { } rows ? LossRun<T>.WeightOf(rows, target)
        : target.Labels is null ? WeightOf(target.Values!, target.Weights)
        : WeightOf(target.Labels, target.Weights);

    private static SequenceBatch<T> Given(SequenceBatch<T> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        return output;
    }

    private static double CheckDivisor(double divisor)
        => double.IsFinite(divisor) ? divisor
            : throw new ArgumentOutOfRangeException(nameof(divisor), divisor, "The divisor has to be finite.");

    // Where nothing counts the gradient is 0, whatever it was.
    private static void Scale(SequenceBatch<T>? gradient, double scale)
    {
        T factor = T.CreateTruncating(scale);
        foreach (ref T element in gradient is null || scale == 1 ? [] : gradient.Rows)
        {
            element = scale == 0 ? T.Zero : element * factor;
        }
    }
}
