using System.Runtime.CompilerServices;
using Lstm.Cells;

namespace Lstm.Benchmarks.Variants;

/// <summary>The cell of docs/examples/custom_cell.cs: f = σ(z_f), i = σ(β − z_f), c ← f⊙c + i⊙tanh(z_g), h = c.</summary>
internal readonly record struct CustomJanetCell(double Beta) : ICustomCell<CustomJanetCell>
{
    public static LstmGates Gates => LstmGates.Forget | LstmGates.Candidate;

    public static IReadOnlyList<string> WeightNames => ["beta"];

    public static double StartOf(in CustomJanetCell cell, int weight, int unit, int units) => cell.Beta;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>
    {
        i = TLane.Sigmoid(units.Weight(0) - f);
        f = TLane.Sigmoid(f);
        g = TLane.Tanh(g);
        return (f * previous) + (i * g);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(
        ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, TLane next, TLane outputGateGradient,
        ref TLane gradient, CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>
    {
        TLane throughI = TLane.SigmoidBackward(i, gradient * g);
        TLane carried = gradient * f;
        f = TLane.SigmoidBackward(f, gradient * previous) - throughI;
        g = TLane.TanhBackward(g, gradient * i);
        gradient = carried;
        units.SetWeightGradient(0, throughI);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Output<TLane>(in CustomJanetCell cell, TLane o, TLane c)
        where TLane : struct, ILane<TLane> => c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane OutputBackward<TLane>(
        in CustomJanetCell cell, TLane o, TLane c, TLane gradient, out TLane outputGateGradient)
        where TLane : struct, ILane<TLane>
    {
        outputGateGradient = 0;
        return gradient;
    }
}
