using System.Numerics;
using Lstm.Cells;
using Lstm.Kernels;

namespace Lstm.Layers;

/// <summary>Picks the cell that computes given equations.</summary>
internal static class LstmCells<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// The kernels of a direction; they are compiled when they first run, so a network costs only what it uses.
    /// </summary>
    /// <param name="cell">The equations.</param>
    /// <param name="units">Units H of the layer.</param>
    /// <param name="truncates">Whether no error leaves a gate.</param>
    /// <param name="second">Whether it is the reverse direction of a bidirectional layer.</param>
    public static CellKernels<T> Kernels(CellEquations cell, int units, bool truncates, bool second)
    {
        if (cell is CustomEquations { Cell: var custom })
        {
            return custom.Code.Kernels<T>(units);
        }

        LstmEquations equations = (LstmEquations)cell;
        LstmActivation? gate = equations.GateActivation;
        LstmActivation? candidate = equations.CellActivation;
        LstmActivation? hidden = equations.HiddenActivation;
        if (second)
        {
            gate = equations.ReverseGateActivation ?? gate;
            candidate = equations.ReverseCellActivation ?? candidate;
            hidden = equations.ReverseHiddenActivation ?? hidden;
        }

        return (gate, candidate, hidden) is not (null, null, null)
            ? new CellKernels<T, VariantCell<T, ChosenActivations<T>>>(new(equations, truncates, new(gate, candidate, hidden)))
            : IsStandard(equations)
            ? new CellKernels<T, StandardCell<T>>(default)
            : new CellKernels<T, VariantCell<T, StandardActivations<T>>>(new(equations, truncates, default));
    }

    private static bool IsStandard(LstmEquations equations) => equations is
    {
        Peephole: false, CoupledGates: false, CellClip: null, PreActivationClip: null,
        InputGate: true, ForgetGate: true, OutputGate: true, GateRecurrence: false, CandidateDropout: 0,
    };
}
