using System.Numerics;
using Lstm.Texts;
using Lstm.Training;
using Lstm.Training.Losses;
using Lstm.Training.Losses.Softmax;

namespace Lstm;

/// <summary>The cross-entropy of one choice among C classes, given by logits x and an integer label y.</summary>
/// <remarks>
/// <para>With p = softmax(x), smoothing ε and class weights v (1 unless given): l = −(1 − ε)·v_y·log p_y − (ε/C)·Σ_c v_c·log p_c,
/// and ∂l/∂x_j = p_j·((1 − ε)·v_y + (ε/C)·Σ_c v_c) − (1 − ε)·v_y·[j = y] − (ε/C)·v_j.</para>
/// <para>As in PyTorch, v_y is what a row counts in the mean's Σ w, times the row's weight. Rows whose label is
/// <see cref="IgnoredLabel"/> count for nothing; where all are, the loss and the gradient are 0 (PyTorch gives NaN).
/// <see cref="Loss{T}"/> says the rest of how rows are put together.</para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class SoftmaxCrossEntropy<T> : Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] _classWeights;
    private RowLoss<T>? _rows;

    /// <summary>Makes the loss.</summary>
    /// <param name="classWeights">v: one per class, finite in <typeparamref name="T"/> and at least 0; none for 1.</param>
    /// <exception cref="ArgumentException">A weight is negative or not finite, or becomes 0.</exception>
    public SoftmaxCrossEntropy(params ReadOnlySpan<double> classWeights)
    {
        _classWeights = new T[classWeights.Length];
        for (int i = 0; i < classWeights.Length; i++)
        {
            _classWeights[i] = NumberCheck<T>.Weight(classWeights[i], "Class weight", i, nameof(classWeights));
        }
    }

    /// <summary>ε: how much of each label is spread evenly over all classes, 0 … 1. Default 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is outside 0 … 1.</exception>
    public double LabelSmoothing
    {
        get;
        init => field = value is >= 0 and <= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "Label smoothing is 0 … 1.");
    }

    /// <summary>The label of rows that do not count. Default −100, as in PyTorch.</summary>
    public int IgnoredLabel { get; init; } = -100;

    /// <summary><see cref="LossUnit.Row"/>: each row is one decision.</summary>
    public override LossUnit Unit => LossUnit.Row;

    internal override RowLoss<T> Rows => _rows ??= new SoftmaxRows<T>(_classWeights, LabelSmoothing, IgnoredLabel);
}
