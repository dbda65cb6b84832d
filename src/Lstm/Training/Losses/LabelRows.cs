using System.Numerics;
using Lstm.Layers;

namespace Lstm.Training.Losses;

/// <summary>
/// The arithmetic of a loss of one label per row that is summed row by row, so that a sweep may take the rows in another order
/// than the sum does.
/// </summary>
internal abstract class LabelRows<T> : RowLoss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public sealed override bool TakesLabels => true;

    /// <summary>
    /// Computes the logits of some rows, w·l of each row, and the gradient of the logits by panels in
    /// <see cref="LossTape{T}.Dense"/>.
    /// </summary>
    /// <param name="pass">The pass.</param>
    /// <param name="dense">The layer that the logits come from.</param>
    /// <param name="input">x [rows, I].</param>
    /// <param name="block">Labels, weights and scale of the rows; no output.</param>
    /// <param name="tape">Scratch, and the gradient.</param>
    /// <param name="losses">w·l of each row, overwritten.</param>
    /// <param name="totals">Gets the decisions; not the losses.</param>
    // SAFETY: LossLayer.Sweep gives block.Rows rows of dense.InputSize values and of losses, labels that LossRun.Begin has
    // checked, and room for the rows' gradient in tape.Dense.Dz.
    public abstract unsafe void Sweep(
        in Pass<T> pass, DenseLayer<T> dense, T* input, LossBlock<T> block, LossTape<T> tape, double* losses,
        ref LossTotals totals);
}
