using System.Numerics;
using Lstm.Cells;
using Lstm.Kernels;

namespace Lstm.Layers;

/// <summary>Picks the cell that a spec describes.</summary>
internal static class LstmCells<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The kernels of a direction; they are compiled when they first run, so a network costs only what it uses.</summary>
    public static CellKernels<T> Kernels(LstmSpec spec, bool second)
    {
        if (spec.Cell is { } own)
        {
            return own.Kernels<T>(spec.HiddenSize);
        }

        LstmActivation? gate = spec.GateActivation, cell = spec.CellActivation, hidden = spec.HiddenActivation;
        if (second)
        {
            (gate, cell, hidden) = (spec.ReverseGateActivation ?? gate, spec.ReverseCellActivation ?? cell, spec.ReverseHiddenActivation ?? hidden);
        }

        return (gate, cell, hidden) is not (null, null, null)
            ? new CellKernels<T, VariantCell<T, ChosenActivations<T>>>(new(spec, new(gate, cell, hidden)))
            : IsStandard(spec)
            ? new CellKernels<T, StandardCell<T>>(default)
            : new CellKernels<T, VariantCell<T, StandardActivations<T>>>(new(spec, default));
    }

    private static bool IsStandard(LstmSpec spec) => spec is
    {
        Peephole: false, CoupledGates: false, CellClip: null, PreActivationClip: null,
        InputGate: true, ForgetGate: true, OutputGate: true, GateRecurrence: false, CandidateDropout: 0,
    };
}
