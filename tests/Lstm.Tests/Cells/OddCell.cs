using System.Runtime.CompilerServices;
using Lstm.Cells;

namespace Lstm.Tests.Cells;

/// <summary>
/// All that a cell can have: settings, weights and how they start, kept values, unused gates, an output of its own.
/// </summary>
/// <remarks>
/// c = f⊙c₋₁ + softplus(z_g) + w₁·log w₀² with f = √(σ(z_f) + shift), h = c/(1 + |c|). In a padding of zeros, where w₀ = 0, c
/// would be NaN, and all gradients with it.
/// </remarks>
internal readonly record struct OddCell(double Shift) : ICustomCell<OddCell>
{
    public static LstmGates Gates => LstmGates.Forget | LstmGates.Candidate;

    public static IReadOnlyList<string> WeightNames => ["scale", "drift"];

    public static int KeptCount => 2;

    public static double StartOf(in OddCell cell, int weight, int unit, int units)
        => weight == 0 ? 1 + ((double)unit / units) : cell.Shift;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>
    {
        i = TLane.Sigmoid(f);
        f = TLane.Sqrt(i + Shift);
        TLane log = TLane.Log(units.Weight(0) * units.Weight(0));
        units.Keep(0, log);
        units.Keep(1, TLane.Sigmoid(g));
        return (f * previous) + TLane.Softplus(g) + (units.Weight(1) * log);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(
        ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, TLane next, TLane outputGateGradient,
        ref TLane gradient, CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>
    {
        units.SetWeightGradient(0, gradient * units.Weight(1) * 2 / units.Weight(0));
        units.SetWeightGradient(1, gradient * units.Kept(0));
        g = gradient * units.Kept(1);
        TLane carried = gradient * f;
        f = TLane.SigmoidBackward(i, gradient * previous / (2 * f));
        gradient = carried;
        o = i = double.NaN;
    }

    public static TLane Output<TLane>(in OddCell cell, TLane o, TLane c)
        where TLane : struct, ILane<TLane> => c / (1 + TLane.Abs(c));

    public static TLane OutputBackward<TLane>(in OddCell cell, TLane o, TLane c, TLane gradient, out TLane outputGateGradient)
        where TLane : struct, ILane<TLane>
    {
        TLane slope = 1 / (1 + TLane.Abs(c));
        outputGateGradient = 0;
        return gradient * slope * slope;
    }
}
