using System.Runtime.CompilerServices;
using Lstm.Cells;

namespace Lstm.Tests.Cells;

/// <summary>
/// The cell of <see cref="LstmEquations.Peephole"/> as a user would write it: weights of the units' own, one of them with the
/// new c.
/// </summary>
internal readonly record struct PeepholeCell : ICustomCell<PeepholeCell>
{
    public static IReadOnlyList<string> WeightNames => ["ci", "cf", "co"];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>
    {
        i = TLane.Sigmoid(TLane.MultiplyAdd(units.Weight(0), previous, i));
        f = TLane.Sigmoid(TLane.MultiplyAdd(units.Weight(1), previous, f));
        g = TLane.Tanh(g);
        TLane c = TLane.MultiplyAdd(f, previous, i * g);
        o = TLane.Sigmoid(TLane.MultiplyAdd(units.Weight(2), c, o));
        return c;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(
        ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, TLane next, TLane outputGateGradient,
        ref TLane gradient, CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>
    {
        o = TLane.SigmoidBackward(o, outputGateGradient);
        gradient = TLane.MultiplyAdd(units.Weight(2), o, gradient);
        (TLane dI, TLane dF, TLane dG) = (gradient * g, gradient * previous, gradient * i);
        gradient *= f;
        i = TLane.SigmoidBackward(i, dI);
        f = TLane.SigmoidBackward(f, dF);
        g = TLane.TanhBackward(g, dG);
        gradient = TLane.MultiplyAdd(units.Weight(0), i, gradient);
        gradient = TLane.MultiplyAdd(units.Weight(1), f, gradient);
        units.SetWeightGradient(0, i * previous);
        units.SetWeightGradient(1, f * previous);
        units.SetWeightGradient(2, o * next);
    }
}
