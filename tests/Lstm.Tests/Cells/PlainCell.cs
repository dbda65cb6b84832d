using System.Runtime.CompilerServices;
using Lstm.Cells;

namespace Lstm.Tests.Cells;

/// <summary>The plain LSTM as a user would write it, the products in the same order as the built-in cell.</summary>
internal readonly record struct PlainCell : ICustomCell<PlainCell>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>
    {
        i = TLane.Sigmoid(i);
        f = TLane.Sigmoid(f);
        g = TLane.Tanh(g);
        o = TLane.Sigmoid(o);
        return TLane.MultiplyAdd(f, previous, i * g);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(
        ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, TLane next, TLane outputGateGradient,
        ref TLane gradient, CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>
    {
        (TLane dI, TLane dF, TLane dG) = (gradient * g, gradient * previous, gradient * i);
        gradient *= f;
        i = TLane.SigmoidBackward(i, dI);
        f = TLane.SigmoidBackward(f, dF);
        g = TLane.TanhBackward(g, dG);
        o = TLane.SigmoidBackward(o, outputGateGradient);
    }
}
