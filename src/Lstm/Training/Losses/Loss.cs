using System.Numerics;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Training;
using Lstm.Training.Losses;

namespace Lstm;

/// <summary>The base class of losses, which compute a number to minimise and its gradient from an output and a target.</summary>
/// <remarks>
/// <para>Let l be the loss of one unit (<see cref="Unit"/>) and w the product of its row's weight and its class's weight. The
/// value is Σ w·l under <see cref="Reduction.Sum"/> and Σ w·l / Σ w under <see cref="Reduction.Mean"/>, as in PyTorch. Ignored
/// units are in neither sum. If no unit counts – no rows, all labels ignored, or Σ w = 0 under Mean – the value and the gradient
/// are 0 (PyTorch gives NaN). A row of weight 0 has no effect, whatever its values are. Over several batches, the mean is over
/// all their units, so it does not depend on how the data are divided into batches.</para>
/// <para>Sums are computed in double, over blocks of 64 rows whose partial sums are added in order. The bits therefore depend
/// neither on the SIMD width nor on threads. NaN in the output or target gives NaN.</para>
/// <para>A loss is immutable and can be shared by threads. A custom loss implements <see cref="Unit"/> and overrides
/// <see cref="SumOf(SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T})"/> for target values, or its overload
/// for labels. If the weight of a unit is not the weight of its row, the loss also overrides
/// <see cref="WeightOf(SequenceBatch{T}, SequenceBatch{T})"/>, or its overload for labels.</para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public abstract class Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>How the losses of the units are combined. Default <see cref="Reduction.Mean"/>.</summary>
    public Reduction Reduction { get; init; } = Reduction.Mean;

    /// <summary>The units that the loss is computed for: elements, rows or sequences.</summary>
    public abstract LossUnit Unit { get; }

    /// <summary>
    /// Whether the loss needs whole sequences, which <see cref="TrainingOptions.TruncateAfter"/> does not give. By default true
    /// if <see cref="Unit"/> is <see cref="LossUnit.Sequence"/>.
    /// </summary>
    /// <remarks>
    /// Override this property in a loss whose unit is a row or an element if the rows of a sequence depend on each other.
    /// </remarks>
    protected virtual bool NeedsWholeSequences => Unit == LossUnit.Sequence;

    /// <summary><see cref="NeedsWholeSequences"/> for the checks of a training.</summary>
    internal bool RefusesParts => NeedsWholeSequences;

    /// <summary>The rows' arithmetic where each row's loss depends on that row alone; null for a loss of whole batches.</summary>
    internal virtual RowLoss<T>? Rows => null;

    /// <summary>Computes the loss and its gradient for an output and target values.</summary>
    /// <param name="output">A network's output.</param>
    /// <param name="target">The target of each output row, with the lengths and the feature size of the output.</param>
    /// <param name="outputGradient">
    /// Overwritten with the gradient with respect to <paramref name="output"/>, in its shape. Null if no gradient is needed.
    /// </param>
    /// <param name="weights">One finite weight per row, with the lengths of <paramref name="output"/>. Null for 1.</param>
    /// <returns>The loss.</returns>
    /// <exception cref="ArgumentException">
    /// The shapes do not match, a weight is not finite, a target is out of the loss's range, or the loss takes labels. Nothing is
    /// written.
    /// </exception>
    public double Evaluate(
        SequenceBatch<T> output, SequenceBatch<T> target, SequenceBatch<T>? outputGradient = null,
        SequenceBatch<T>? weights = null)
        => EvaluateTotals(
            Given(output), new NetworkTarget<T>(target, weights), outputGradient, null, null, SimdDispatch.Best).Value;

    /// <summary>Computes the loss and its gradient for an output and integer labels.</summary>
    /// <param name="output">A network's output: one value per class.</param>
    /// <param name="labels">One label per row, with the lengths of <paramref name="output"/>.</param>
    /// <param name="outputGradient">
    /// Overwritten with the gradient with respect to <paramref name="output"/>, in its shape. Null if no gradient is needed.
    /// </param>
    /// <param name="weights">One finite weight per row, with the lengths of <paramref name="output"/>. Null for 1.</param>
    /// <returns>The loss.</returns>
    /// <exception cref="ArgumentException">
    /// The shapes do not match, a label is not a class, a weight is not finite, or the loss takes target values. Nothing is
    /// written.
    /// </exception>
    public double Evaluate(
        SequenceBatch<T> output, SequenceBatch<int> labels, SequenceBatch<T>? outputGradient = null,
        SequenceBatch<T>? weights = null)
        => EvaluateTotals(
            Given(output), new NetworkTarget<T>(labels, weights), outputGradient, null, null, SimdDispatch.Best).Value;

    /// <summary>
    /// Computes the weighted sum of the losses and the sum of the weights for target values, and the gradient of the former
    /// divided by a number.
    /// </summary>
    /// <remarks>
    /// To train on several batches as on one, add up their <see cref="WeightOf(TrainingBatch{T})"/> and pass the total as the
    /// divisor for each batch. The sum of their gradients is then the gradient of the mean over all units.
    /// </remarks>
    /// <param name="output">A network's output.</param>
    /// <param name="target">The target of each output row, with the lengths and the feature size of the output.</param>
    /// <param name="outputGradient">
    /// Overwritten with the gradient of the sum with respect to <paramref name="output"/>, divided by <paramref name="divisor"/>.
    /// Null if no gradient is needed.
    /// </param>
    /// <param name="weights">One finite weight per row, with the lengths of <paramref name="output"/>. Null for 1.</param>
    /// <param name="divisor">The number that the gradient is divided by, finite. 0 gives a gradient of 0. Default 1.</param>
    /// <exception cref="ArgumentException">
    /// An argument is not valid for
    /// <see cref="Evaluate(SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T})"/>, or the divisor is not
    /// finite.
    /// </exception>
    public LossSum EvaluateSum(
        SequenceBatch<T> output, SequenceBatch<T> target, SequenceBatch<T>? outputGradient = null,
        SequenceBatch<T>? weights = null, double divisor = 1)
        => EvaluateTotals(
            Given(output), new NetworkTarget<T>(target, weights), outputGradient, CheckDivisor(divisor), null,
            SimdDispatch.Best).WeightedSum;

    /// <summary>
    /// Computes the weighted sum of the losses and the sum of the weights for integer labels, and the gradient of the former
    /// divided by a number.
    /// </summary>
    /// <inheritdoc cref="EvaluateSum(SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T}, double)"/>
    /// <param name="output">A network's output: one value per class.</param>
    /// <param name="labels">One label per row, with the lengths of <paramref name="output"/>.</param>
    /// <param name="outputGradient">
    /// Overwritten with the gradient of the sum with respect to <paramref name="output"/>, divided by <paramref name="divisor"/>.
    /// Null if no gradient is needed.
    /// </param>
    /// <param name="weights">One finite weight per row, with the lengths of <paramref name="output"/>. Null for 1.</param>
    /// <param name="divisor">The number that the gradient is divided by, finite. 0 gives a gradient of 0. Default 1.</param>
    public LossSum EvaluateSum(
        SequenceBatch<T> output, SequenceBatch<int> labels, SequenceBatch<T>? outputGradient = null,
        SequenceBatch<T>? weights = null, double divisor = 1)
        => EvaluateTotals(
            Given(output), new NetworkTarget<T>(labels, weights), outputGradient, CheckDivisor(divisor), null,
            SimdDispatch.Best).WeightedSum;

    /// <summary>
    /// Computes the sum of the weights of a batch's units, by which the mean of the batch is divided. No output is needed.
    /// </summary>
    /// <param name="batch">A batch with a target that is valid for this loss.</param>
    public double WeightOf(TrainingBatch<T> batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return WeightOf(batch.Target);
    }

    /// <summary>Returns the loss's name.</summary>
    public override string ToString() => GetType().Name.Split('`')[0];

    /// <summary>
    /// Computes the sum Σ w·l over the units of an output and its gradient, in a custom loss for target values.
    /// </summary>
    /// <remarks>
    /// Divide neither the sum nor the gradient by the weight: the library does, according to <see cref="Reduction"/> and to the
    /// number of batches that share a step.
    /// </remarks>
    /// <param name="output">A network's output.</param>
    /// <param name="target">
    /// The target, of any feature size, with the lengths of <paramref name="output"/>. If <see cref="Unit"/> is
    /// <see cref="LossUnit.Sequence"/>, only the number of sequences is that of <paramref name="output"/>.
    /// </param>
    /// <param name="outputGradient">
    /// Receives the gradient of the sum with respect to <paramref name="output"/>, in its shape. The batch is all zero when the
    /// method is called. Null if no gradient is needed.
    /// </param>
    /// <param name="weights">One finite weight per row, or one per sequence if the unit is a sequence. Null for 1.</param>
    /// <returns>The sum Σ w·l.</returns>
    protected virtual double SumOf(
        SequenceBatch<T> output, SequenceBatch<T> target, SequenceBatch<T>? outputGradient, SequenceBatch<T>? weights)
        => throw new ArgumentException($"{this} does not take target values; give it integer labels.", nameof(target));

    /// <summary>
    /// Computes the sum Σ w·l over the units of an output and its gradient, in a custom loss for integer labels.
    /// </summary>
    /// <remarks>
    /// Divide neither the sum nor the gradient by the weight: the library does, according to <see cref="Reduction"/> and to the
    /// number of batches that share a step.
    /// </remarks>
    /// <param name="output">A network's output.</param>
    /// <param name="labels">
    /// One label per row, with the lengths of <paramref name="output"/>. If <see cref="Unit"/> is
    /// <see cref="LossUnit.Sequence"/>, only the number of sequences is that of <paramref name="output"/>.
    /// </param>
    /// <param name="outputGradient">
    /// Receives the gradient of the sum with respect to <paramref name="output"/>, in its shape. The batch is all zero when the
    /// method is called. Null if no gradient is needed.
    /// </param>
    /// <param name="weights">One finite weight per row, or one per sequence if the unit is a sequence. Null for 1.</param>
    /// <returns>The sum Σ w·l.</returns>
    protected virtual double SumOf(
        SequenceBatch<T> output, SequenceBatch<int> labels, SequenceBatch<T>? outputGradient, SequenceBatch<T>? weights)
        => throw new ArgumentException($"{this} does not take integer labels; give it target values.", nameof(labels));

    /// <summary>Computes the sum Σ w of the units' weights, without an output, in a custom loss for target values.</summary>
    /// <remarks>
    /// By default the weight of a unit is the weight of its row, or 1. Override this method if some units do not count, or have
    /// other weights.
    /// </remarks>
    /// <param name="target">The target.</param>
    /// <param name="weights">
    /// The weights, as in <see cref="SumOf(SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T})"/>.
    /// </param>
    /// <returns>The sum Σ w.</returns>
    protected virtual double WeightOf(SequenceBatch<T> target, SequenceBatch<T>? weights)
    {
        ArgumentNullException.ThrowIfNull(target);
        return UnitCount.Of(Unit, target, weights);
    }

    /// <summary>Computes the sum Σ w of the units' weights, without an output, in a custom loss for integer labels.</summary>
    /// <remarks>
    /// By default the weight of a unit is the weight of its row, or 1. Override this method if some units do not count, or have
    /// other weights.
    /// </remarks>
    /// <param name="labels">The labels.</param>
    /// <param name="weights">
    /// The weights, as in <see cref="SumOf(SequenceBatch{T}, SequenceBatch{int}, SequenceBatch{T}, SequenceBatch{T})"/>.
    /// </param>
    /// <returns>The sum Σ w.</returns>
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
