using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>
/// How the steps of a direction are run forward and backward: which kernels do it, what is normalised on the way into the cell's
/// equations, and the buffers and parameter gradients that belong to that. A tape has one.
/// </summary>
// SAFETY: the products have GateRows rows in each panel, reserved by DirectionTape.Prepare or by Prepare here; a backward pass,
// for which DirectionTape.Prepare keeps all rows, has as many as its runs go over. Factors are those that
// DirectionGradients.AddWeights counts: x, s, perhaps the gates, and one for each bias.
internal abstract unsafe class Recurrence<T>(LstmWeights weights, CellKernels<T> kernels)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    protected LstmWeights Weights => weights;

    protected CellKernels<T> Kernels => kernels;

    /// <summary>Whether a step may compute W_ih x itself, so that it need not be written and read back.</summary>
    public virtual bool TakesInput => false;

    /// <summary>Whether the bias is added to W_ih x; else the steps add it.</summary>
    public virtual bool StartsFromBias => false;

    /// <summary>Whether <see cref="StepGradient"/> has the rows of one step, by rank, instead of all rows.</summary>
    public virtual bool StepsByRank => false;

    /// <summary>W_ih x before the steps; after a backward pass its gradient.</summary>
    public abstract Panels<T> InputProduct(DirectionTape<T> tape);

    /// <summary>The gradient of W_hh s of all rows, after a backward pass.</summary>
    public abstract Panels<T> HiddenProductGradient(DirectionTape<T> tape);

    /// <summary>The gradient of W_hh s as the step before reads it.</summary>
    public virtual Panels<T> StepGradient(DirectionTape<T> tape) => HiddenProductGradient(tape);

    /// <summary>Makes room for a forward pass.</summary>
    public virtual void Prepare(in Pass<T> pass, DirectionTape<T> tape)
    {
    }

    /// <summary>Makes room for a backward pass.</summary>
    public virtual void PrepareBackward(SequenceShape shape)
    {
    }

    /// <summary>Runs a stretch of steps: z becomes gates, and c and h follow.</summary>
    public abstract void Forward(in Pass<T> pass, DirectionTape<T> tape, in RecurrentForward<T> steps);

    /// <summary>Runs all steps backward: gates become dz. May add into the gradients of its own parameters.</summary>
    public abstract void Backward(in Pass<T> pass, DirectionTape<T> tape, in RecurrentBackward<T> steps, T* gradient);

    /// <summary>
    /// After <see cref="Backward"/>: adds the gradients of W_ih (the first factor), of what s is multiplied by, and of the biases
    /// (the last factors).
    /// </summary>
    public virtual void AddGradients(in Pass<T> pass, DirectionTape<T> tape, WeightFactor<T>* factors, int count, T* gradient)
    {
        int biases = weights.Biases.Length;
        Debug.Assert(count >= 2 + biases, "A factor is missing.");
        Debug.Assert(tape.Keeps && tape.GateRows == tape.Shape.RowCount, "The forward pass has kept nothing of these rows.");
        pass.AddWeightGradients(tape.Runs, tape.Layout, factors, 1, InputProduct(tape).Pointer, tape.GateRows);
        T* hidden = HiddenProductGradient(tape).Pointer;
        pass.AddWeightGradients(tape.Runs, tape.Layout, factors + 1, count - 1 - biases, hidden, tape.GateRows);
        if (biases > 0)
        {
            pass.AddWeightGradients(tape.Runs, tape.Layout, factors + count - biases, biases, tape.Gates.Pointer, tape.GateRows);
        }
    }

    /// <summary>Moves running averages, in flat parameters, towards what the last pass measured.</summary>
    public virtual void MoveStatistics(Span<T> flat)
    {
    }
}
