using System.Numerics;
using Lstm.Kernels;
using Lstm.Simd;
using Lstm.Training;

namespace Lstm;

/// <summary>How the losses of a batch's elements become one number.</summary>
public enum Reduction
{
    /// <summary>The mean over all elements that count: Σ w·l / Σ w, where w is 1 without weights.</summary>
    Mean,

    /// <summary>The sum: Σ w·l.</summary>
    Sum,
}

/// <summary>What training makes small: a number computed from a network's output and a target, and its gradient.</summary>
/// <remarks>
/// <para>With l the loss of one element (one class decision for label losses, one output value for the others), w the
/// product of its row's weight and its class's weight, the value is Σ w·l under <see cref="Reduction.Sum"/> and
/// Σ w·l / Σ w under <see cref="Reduction.Mean"/>, as in PyTorch; elements that are ignored appear in neither sum. Where
/// nothing counts – no rows, all labels ignored, Σ w = 0 under Mean – the value is 0 and so is the gradient (PyTorch gives
/// NaN). A row of weight 0 counts for nothing, whatever it holds.</para>
/// <para>Sums are made in double, over blocks of 64 rows whose partial sums are added in order, so the bits depend neither on
/// the SIMD width nor on threads. NaN in the output or target gives NaN.</para>
/// <para>A loss is immutable and may be shared by threads. For one of your own, override
/// <see cref="Evaluate(SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T}, SequenceBatch{T})"/> or its twin for labels.</para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public abstract class Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>How element losses are put together. Default <see cref="Reduction.Mean"/>.</summary>
    public Reduction Reduction { get; init; } = Reduction.Mean;

    /// <summary>The rows' arithmetic; null for a loss from outside this library.</summary>
    internal virtual RowLoss<T>? Rows => null;

    /// <summary>Computes the loss of an output for target values, and its gradient.</summary>
    /// <param name="output">A network's output.</param>
    /// <param name="target">What it should be: the same lengths and feature size.</param>
    /// <param name="outputGradient">Overwritten wholly with the gradient with respect to <paramref name="output"/>, of whose shape it is; null when only the value is wanted.</param>
    /// <param name="weights">One finite weight per row, the lengths those of <paramref name="output"/>; null for 1.</param>
    /// <returns>The value.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit, or a weight is not finite; nothing has been written.</exception>
    /// <exception cref="NotSupportedException">This loss takes labels.</exception>
    public virtual double Evaluate(SequenceBatch<T> output, SequenceBatch<T> target, SequenceBatch<T>? outputGradient = null, SequenceBatch<T>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(target);
        return LossRun<T>.Evaluate(this, new LossInput<T>(output, target, null, weights), outputGradient, 1, null, SimdDispatch.Best).Value;
    }

    /// <summary>Computes the loss of an output for integer labels, and its gradient.</summary>
    /// <param name="output">A network's output: one value per class.</param>
    /// <param name="labels">One label per row, the lengths those of <paramref name="output"/>.</param>
    /// <param name="outputGradient">Overwritten wholly with the gradient with respect to <paramref name="output"/>, of whose shape it is; null when only the value is wanted.</param>
    /// <param name="weights">One finite weight per row, the lengths those of <paramref name="output"/>; null for 1.</param>
    /// <returns>The value.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit, a label is no class, or a weight is not finite; nothing has been written.</exception>
    /// <exception cref="NotSupportedException">This loss takes values.</exception>
    public virtual double Evaluate(SequenceBatch<T> output, SequenceBatch<int> labels, SequenceBatch<T>? outputGradient = null, SequenceBatch<T>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(labels);
        return LossRun<T>.Evaluate(this, new LossInput<T>(output, null, labels, weights), outputGradient, 1, null, SimdDispatch.Best).Value;
    }

    /// <summary>The loss's name.</summary>
    public override string ToString() => GetType().Name.Split('`')[0];

    /// <summary>The same with what a trainer wants besides: counts of right answers, a scaled gradient, a team.</summary>
    internal LossTotals EvaluateTotals(LossInput<T> input, SequenceBatch<T>? outputGradient, double gradientScale, WorkerTeam? team, SimdWidth width)
    {
        if (Rows is not null)
        {
            return LossRun<T>.Evaluate(this, input, outputGradient, gradientScale, team, width);
        }

        double value = input.Labels is null
            ? Evaluate(input.Output!, input.Target!, outputGradient, input.Weights)
            : Evaluate(input.Output!, input.Labels, outputGradient, input.Weights);
        if (outputGradient is not null && gradientScale != 1)
        {
            T scale = T.CreateChecked(gradientScale);
            foreach (ref T element in outputGradient.Rows)
            {
                element *= scale;
            }
        }

        return new LossTotals { Sum = value, Normalizer = 1, Divisor = 1 };
    }
}
