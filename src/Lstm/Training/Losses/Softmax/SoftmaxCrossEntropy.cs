using System.Numerics;
using Lstm.Texts;
using Lstm.Training;
using Lstm.Training.Losses;
using Lstm.Training.Losses.Softmax;

namespace Lstm;

/// <summary>The softmax cross-entropy of logits x and an integer label y, for one class among C.</summary>
/// <remarks>
/// <para>With p = softmax(x), smoothing ε and class weights v (1 by default), l = −(1 − ε)·v_y·log p_y − (ε/C)·Σ_c v_c·log p_c,
/// and ∂l/∂x_j = p_j·((1 − ε)·v_y + (ε/C)·Σ_c v_c) − (1 − ε)·v_y·[j = y] − (ε/C)·v_j.</para>
/// <para>As in PyTorch, the weight w of a row in the mean is v_y times the row's weight. Rows whose label is
/// <see cref="IgnoredLabel"/> have no effect. If all labels are ignored, the loss and the gradient are 0 (PyTorch gives NaN).
/// <see cref="Loss{T}"/> describes how the rows are combined.</para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class SoftmaxCrossEntropy<T> : Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] _classWeights;
    private RowLoss<T>? _rows;

    /// <summary>Initializes a softmax cross-entropy loss.</summary>
    /// <param name="classWeights">
    /// The class weights v, one per class, finite in <typeparamref name="T"/> and at least 0. Default 1.
    /// </param>
    /// <exception cref="ArgumentException">
    /// A weight is negative or not finite, or is above 0 and rounded to 0 in <typeparamref name="T"/>.
    /// </exception>
    public SoftmaxCrossEntropy(params ReadOnlySpan<double> classWeights)
    {
        _classWeights = new T[classWeights.Length];
        for (int i = 0; i < classWeights.Length; i++)
        {
            _classWeights[i] = NumberCheck<T>.Weight(classWeights[i], "Class weight", i, nameof(classWeights));
        }
    }

    /// <summary>The part ε of each label that is spread evenly over all classes, 0 … 1. Default 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside 0 … 1.</exception>
    public double LabelSmoothing
    {
        get;
        init => field = value is >= 0 and <= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "Label smoothing has to be in 0 … 1.");
    }

    /// <summary>The label of rows that the loss ignores. Default −100, as in PyTorch.</summary>
    public int IgnoredLabel { get; init; } = -100;

    /// <summary>Gets <see cref="LossUnit.Row"/>: the mean is taken over all rows.</summary>
    public override LossUnit Unit => LossUnit.Row;

    internal override RowLoss<T> Rows => _rows ??= new SoftmaxRows<T>(_classWeights, LabelSmoothing, IgnoredLabel);
}
