using System.Numerics;
using Lstm.Kernels;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;

namespace Lstm.Layers;

/// <summary>
/// z = W_ih x + b + W_hh s, nothing normalised: x's and s's products are z itself, and dz is the gradient of both.
/// </summary>
// SAFETY: DirectionLayer makes the steps, and DirectionGradients the factors, of what DirectionTape.Prepare and PrepareBackward
// have reserved; z and dz are the tape's gates, GateRows rows in each panel.
internal sealed unsafe class PlainRecurrence<T>(LstmWeights weights, CellKernels<T> kernels) : Recurrence<T>(weights, kernels)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override bool TakesInput => true;

    public override bool StartsFromBias => true;

    public override Panels<T> InputProduct(DirectionTape<T> tape) => tape.Z;

    public override Panels<T> HiddenProductGradient(DirectionTape<T> tape) => tape.Z;

    public override void Forward(in Pass<T> pass, DirectionTape<T> tape, in RecurrentForward<T> steps)
    {
        RecurrentForward<T> work = steps;
        Kernels.Run(pass.Team, ref work);
    }

    public override void Backward(in Pass<T> pass, DirectionTape<T> tape, in RecurrentBackward<T> steps, T* gradient)
    {
        RecurrentBackward<T> work = steps;
        Kernels.Run(pass.Team, ref work);
    }

    // One product for all: they share dz.
    public override void AddGradients(in Pass<T> pass, DirectionTape<T> tape, WeightFactor<T>* factors, int count, T* gradient)
        => pass.AddWeightGradients(tape.Runs, tape.Layout, factors, count, tape.Gates.Pointer, tape.GateRows);
}
