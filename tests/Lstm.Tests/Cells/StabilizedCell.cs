using System.Runtime.CompilerServices;
using Lstm.Cells;

namespace Lstm.Tests.Cells;

/// <summary>
/// The stabilised sLSTM of xLSTM (Beck et al. 2024): exponential gates, with a normaliser n and a stabiliser m beside c.
/// </summary>
/// <remarks>
/// <code>
/// m = max(log σ(z_f) + m₋₁, zᵢ)   i = exp(zᵢ − m)   f = exp(log σ(z_f) + m₋₁ − m)
/// c = f⊙c₋₁ + i⊙tanh(z_g)   n = f⊙n₋₁ + i   h = σ(z_o)⊙c/n
///
/// dn ← dn − dh⊙o⊙c/n²   dc ← dc + dh⊙o/n   d = dm − dc⊙c − dn⊙n, which goes to the larger of the two in m
/// dzᵢ = (dc⊙g + dn)⊙i (+ d)   dm₋₁ = (dc⊙c₋₁ + dn⊙n₋₁)⊙f (+ d)
/// dz_f = dm₋₁⊙σ(−z_f)   dc₋₁ = dc⊙f   dn₋₁ = dn⊙f
/// </code>
/// </remarks>
internal readonly record struct StabilizedCell : ICustomCell<StabilizedCell>
{
    private const int N = 1;
    private const int M = 2;

    public static int StateCount => 3;

    public static int KeptCount => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>
    {
        CellStates<TLane> states = units.States;
        units.Keep(0, TLane.Sigmoid(-f));
        TLane carried = states[M] - TLane.Softplus(-f);
        TLane m = TLane.Max(carried, i);
        i = TLane.Exp(i - m);
        f = TLane.Exp(carried - m);
        g = TLane.Tanh(g);
        o = TLane.Sigmoid(o);
        states.Set(N, (f * states[N]) + i);
        states.Set(M, m);
        return (f * previous) + (i * g);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(
        ref TLane i,
        ref TLane f,
        ref TLane g,
        ref TLane o,
        TLane previous,
        TLane next,
        TLane outputGateGradient,
        ref TLane gradient,
        CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>
    {
        CellStates<TLane> states = units.States;
        TLane dn = states.Gradient(N);
        TLane dm = states.Gradient(M) - (gradient * next) - (dn * states[N]);

        // The larger of the two in m is the one whose gate is 1.
        TLane toInput = TLane.WhereGreater(f, i, 0, dm);
        TLane toCarried = TLane.WhereGreater(f, i, dm, 0);
        TLane carried = (((gradient * previous) + (dn * states.Previous(N))) * f) + toCarried;
        states.SetGradient(N, dn * f);
        states.SetGradient(M, carried);
        TLane dg = gradient * i;
        i = (((gradient * g) + dn) * i) + toInput;
        gradient *= f;
        f = carried * units.Kept(0);
        g = TLane.TanhBackward(g, dg);
        o = TLane.SigmoidBackward(o, outputGateGradient);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Output<TLane>(in StabilizedCell cell, TLane o, TLane c, CellStates<TLane> states)
        where TLane : struct, ILane<TLane> => o * c / states[N];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane OutputBackward<TLane>(
        in StabilizedCell cell, TLane o, TLane c, TLane gradient, CellStates<TLane> states, out TLane outputGateGradient)
        where TLane : struct, ILane<TLane>
    {
        TLane ratio = c / states[N];
        TLane shown = gradient * o / states[N];
        outputGateGradient = gradient * ratio;
        states.SetGradient(N, states.Gradient(N) - (shown * ratio));
        return shown;
    }
}
