using System.Numerics;
using Lstm.Training.Losses;

namespace Lstm.Training;

/// <summary>
/// The base class of custom losses that compare each row of the output with one integer label, independently of all other rows.
/// </summary>
/// <remarks>
/// <para>The value is Σ w·l / Σ w, or Σ w·l under <see cref="Reduction.Sum"/>: l is <see cref="LossOf"/>, and w is the weight of
/// the row times <see cref="LabelWeight"/>. The library adds up the rows, applies the weights and divides.</para>
/// <para>Since rows are independent, <see cref="Network{T}.ForwardLoss"/> and <see cref="Trainer{T}"/> compute the last dense
/// layer together with the loss, a few hundred rows at a time: the whole output is never stored, and long sequences are evaluated
/// in pieces. A loss in which rows depend on each other derives from <see cref="Loss{T}"/>.</para>
/// <para>Passes call the methods for several rows at the same time when they have several workers. The methods must not change
/// the loss, and must give the same result whenever they are given the same row.</para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public abstract class LabelLoss<T> : Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private CustomLabelRows<T>? _rows;

    /// <summary>Gets <see cref="LossUnit.Row"/>: the weight of a row is multiplied by the weight of its label.</summary>
    public sealed override LossUnit Unit => LossUnit.Row;

    /// <summary><see cref="LabelWeight"/> and <see cref="LossOf"/> for the rows' arithmetic.</summary>
    internal double WeightOfLabel(int label) => LabelWeight(label);

    internal bool Accepts(int label, int outputSize) => TakesLabel(label, outputSize);

    internal double LossOfRow(ReadOnlySpan<T> output, int label, Span<T> outputGradient) => LossOf(output, label, outputGradient);

    internal sealed override RowLoss<T> Rows => _rows ??= new CustomLabelRows<T>(this);

    /// <summary>Computes the loss l of one row and its gradient, without weights.</summary>
    /// <remarks>Called only for labels whose weight is not 0 and that <see cref="TakesLabel"/> accepts.</remarks>
    /// <param name="output">The row of the output, one value per output of the network.</param>
    /// <param name="label">The label of the row.</param>
    /// <param name="outputGradient">
    /// Overwritten with ∂l/∂output, as long as <paramref name="output"/>. Empty if no gradient is needed.
    /// </param>
    /// <returns>The loss l.</returns>
    protected abstract double LossOf(ReadOnlySpan<T> output, int label, Span<T> outputGradient);

    /// <summary>
    /// Gets the weight of a label, which has to be finite. Rows of a label with weight 0 are ignored. Default 1.
    /// </summary>
    /// <param name="label">The label, before <see cref="TakesLabel"/> has checked it.</param>
    protected virtual double LabelWeight(int label) => 1;

    /// <summary>
    /// Gets whether the loss accepts a label. By default labels are classes: 0 … <paramref name="outputSize"/> − 1.
    /// </summary>
    /// <param name="label">The label, whose weight is not 0.</param>
    /// <param name="outputSize">The number of values in a row of the output.</param>
    protected virtual bool TakesLabel(int label, int outputSize) => (uint)label < (uint)outputSize;

    /// <summary>Not called: <see cref="LossOf"/> takes its place.</summary>
    /// <inheritdoc/>
    protected sealed override double SumOf(
        SequenceBatch<T> output, SequenceBatch<int> labels, SequenceBatch<T>? outputGradient, SequenceBatch<T>? weights)
        => EvaluateSum(output, labels, outputGradient, weights).Sum;

    /// <summary>Not called: <see cref="LabelWeight"/> takes its place.</summary>
    /// <inheritdoc/>
    protected sealed override double WeightOf(SequenceBatch<int> labels, SequenceBatch<T>? weights)
        => WeightOf(new NetworkTarget<T>(labels, weights));
}
