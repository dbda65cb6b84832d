using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Recurrence;
using Lstm.Simd;

namespace Lstm.Cells;

/// <summary>
/// The variants of the LSTM's equations, in any combination: peepholes, coupled or missing gates, clipped pre-activations, a
/// clipped cell, other activations, dropout of the candidate, gates that the next step's gates see.
/// </summary>
/// <remarks>
/// <para>Peepholes (Gers &amp; Schmidhuber 2000): the input and forget gates see the old cell state, the output gate the new one.
/// Coupled gates (Greff et al. 2017): f = 1 − i. A missing gate is 1. The clips bound every z, and c, to ±their limit. The
/// candidate's dropout (Semeniuta et al. 2016) multiplies g by m, 0 or 1/(1 − p), where it enters the cell.</para>
/// <code>
/// zᵢ ← zᵢ + pᵢ⊙c₋₁   z_f ← z_f + p_f⊙c₋₁   c = clip(f⊙c₋₁ + i⊙g⊙m)   z_o ← z_o + p_o⊙c   gate = act(clip(z))   h = o⊙act(c)
///
/// dz_o = dh⊙act(c)⊙act'(z_o)      dc ← dc + dh⊙o⊙act'(c) + p_o⊙dz_o, then 0 where c was clipped
/// di = dc⊙g⊙m   df = dc⊙c₋₁   dg = dc⊙i⊙m      coupled: di ← di − df, dz_f = 0
/// dc₋₁ = dc⊙f + pᵢ⊙dzᵢ + p_f⊙dz_f
/// </code>
/// <para>With the truncated gradient of 1997 no error leaves a gate: the terms of the peepholes in dc and dc₋₁ are left out (Gers
/// et al. 2002).</para>
/// <para>A clipped z has no gradient. It is known by its gate, which is exactly that of the limit; where other z give the same
/// gate, the activation is flat to rounding.</para>
/// </remarks>
// SAFETY: `own` has a line for each peephole (UnitWeightLines) and is read only with peepholes, for which LstmWeights then has
// the parameter. gateGradient is null, or has the three lines that HiddenUpdateTape.PrepareBackward has reserved for each rank.
internal unsafe struct VariantCell<T, TActivations> : ICell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TActivations : unmanaged, ICellActivations<T>
{
    private readonly TActivations _activations;
    private readonly bool _peephole;
    private readonly bool _peepholesCarry;
    private readonly bool _coupled;
    private readonly bool _hasInputGate;
    private readonly bool _hasForgetGate;
    private readonly bool _hasOutputGate;
    private readonly bool _drops;
    private readonly bool _clips;
    private readonly bool _clipsCell;
    private readonly T _clip;
    private readonly T _cellClip;

    // The gates at the limits.
    private readonly T _gateHigh;
    private readonly T _gateLow;
    private readonly T _candidateHigh;
    private readonly T _candidateLow;

    public VariantCell(LstmEquations equations, bool truncates, TActivations activations)
    {
        _activations = activations;
        _peephole = equations.Peephole;
        _peepholesCarry = equations.Peephole && !truncates;
        _coupled = equations.CoupledGates;
        (_hasInputGate, _hasForgetGate, _hasOutputGate) = (equations.InputGate, equations.ForgetGate, equations.OutputGate);
        _drops = equations.CandidateDropout > 0;
        _clips = equations.PreActivationClip is not null;
        _clipsCell = equations.CellClip is not null;
        _cellClip = T.CreateChecked(equations.CellClip ?? double.PositiveInfinity);
        _clip = T.CreateChecked(equations.PreActivationClip ?? double.PositiveInfinity);
        _gateHigh = activations.Gate<SimdScalar<T>, T>(_clip);
        _gateLow = activations.Gate<SimdScalar<T>, T>(-_clip);
        _candidateHigh = activations.Candidate<SimdScalar<T>, T>(_clip);
        _candidateLow = activations.Candidate<SimdScalar<T>, T>(-_clip);
    }

    public static int UnitWeightLines => 3;

    public static bool FillsPadding => TActivations.FillsPadding;

    public static bool DropsCandidate => true;

    public static int StateVectors => 1;

    public readonly int KeptLines => 0;

    private static nint Line
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 64 / sizeof(T);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TVec Forward<TSimd, TVec>(
        T* own, T* lines, StateLines<T> states, TVec drop, ref TVec i, ref TVec f, ref TVec g, ref TVec o, TVec cPrevious)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        if (_peephole)
        {
            i = TSimd.MultiplyAdd(own, 0, cPrevious, i);
            f = TSimd.MultiplyAdd(own, Line, cPrevious, f);
        }

        if (_clips)
        {
            i = Clip<TSimd, TVec>(i, _clip);
            f = Clip<TSimd, TVec>(f, _clip);
            g = Clip<TSimd, TVec>(g, _clip);
        }

        i = Gate<TSimd, TVec>(i, _hasInputGate);
        f = _coupled ? TSimd.Subtract(TSimd.Constant(1), i) : Gate<TSimd, TVec>(f, _hasForgetGate);
        g = _activations.Candidate<TSimd, TVec>(g);
        TVec entering = _drops ? TSimd.Multiply(g, drop) : g;
        TVec c = TSimd.MultiplyAdd(f, cPrevious, TSimd.Multiply(i, entering));
        if (_clipsCell)
        {
            c = Clip<TSimd, TVec>(c, _cellClip);
        }

        if (_peephole)
        {
            o = TSimd.MultiplyAdd(own, 2 * Line, c, o);
        }

        if (_clips)
        {
            o = Clip<TSimd, TVec>(o, _clip);
        }

        o = Gate<TSimd, TVec>(o, _hasOutputGate);
        return c;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TVec Output<TSimd, TVec>(StateLines<T> states, TVec o, TVec c)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => TSimd.Multiply(o, _activations.Hidden<TSimd, TVec>(c));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TVec OutputBackward<TSimd, TVec>(StateLines<T> states, TVec o, TVec c, TVec dh, out TVec dO)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TVec shown = _activations.Hidden<TSimd, TVec>(c);
        dO = TSimd.Multiply(dh, shown);
        return _activations.HiddenBackward<TSimd, TVec>(shown, TSimd.Multiply(dh, o));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Backward<TSimd, TVec>(
        T* own,
        T* lines,
        StateLines<T> states,
        T* gateGradient,
        TVec drop,
        ref TVec i,
        ref TVec f,
        ref TVec g,
        ref TVec o,
        TVec cPrevious,
        TVec c,
        TVec dO,
        ref TVec dc)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        OutputGateBackward<TSimd, TVec>(own, gateGradient, c, dO, ref o, ref dc);
        TVec entering = _drops ? TSimd.Multiply(g, drop) : g;
        TVec dI = TSimd.Multiply(dc, entering);
        TVec dF = TSimd.Multiply(dc, cPrevious);
        TVec dG = TSimd.Multiply(dc, i);
        dG = _drops ? TSimd.Multiply(dG, drop) : dG;
        dc = TSimd.Multiply(dc, f);
        if (gateGradient != null)
        {
            dI = TSimd.Add(dI, TSimd.Load(gateGradient));
            dF = TSimd.Add(dF, TSimd.Load(gateGradient + Line));
        }

        if (_coupled)
        {
            dI = TSimd.Subtract(dI, dF);
            f = TSimd.Zero;
        }
        else
        {
            f = GateBackward<TSimd, TVec>(f, dF, _hasForgetGate);
        }

        i = GateBackward<TSimd, TVec>(i, dI, _hasInputGate);
        TVec candidate = _activations.CandidateBackward<TSimd, TVec>(g, dG);
        g = _clips ? Unclipped<TSimd, TVec>(g, candidate, _candidateLow, _candidateHigh) : candidate;
        if (_peepholesCarry)
        {
            dc = TSimd.MultiplyAdd(own, 0, i, dc);
            dc = TSimd.MultiplyAdd(own, Line, f, dc);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly TVec Gate<TSimd, TVec>(TVec z, bool exists)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => exists ? _activations.Gate<TSimd, TVec>(z) : TSimd.Constant(1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly TVec GateBackward<TSimd, TVec>(TVec gate, TVec d, bool exists)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        if (!exists)
        {
            return TSimd.Zero;
        }

        TVec dz = _activations.GateBackward<TSimd, TVec>(gate, d);
        return _clips ? Unclipped<TSimd, TVec>(gate, dz, _gateLow, _gateHigh) : dz;
    }

    // o in: the gate, out: dz_o; dc, that of c as the gate saw it, becomes that of c before its clip.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void OutputGateBackward<TSimd, TVec>(T* own, T* gateGradient, TVec c, TVec dO, ref TVec o, ref TVec dc)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        if (gateGradient != null)
        {
            dO = TSimd.Add(dO, TSimd.Load(gateGradient + (2 * Line)));
        }

        o = GateBackward<TSimd, TVec>(o, dO, _hasOutputGate);
        if (_peepholesCarry)
        {
            dc = TSimd.MultiplyAdd(own, 2 * Line, o, dc);
        }

        if (_clipsCell)
        {
            dc = TSimd.Select(TSimd.EqualTo(TSimd.Abs(c), TSimd.Broadcast(_cellClip)), TSimd.Zero, dc);
        }
    }

    // dz, but 0 where the gate is that of a limit.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Unclipped<TSimd, TVec>(TVec gate, TVec dz, T low, T high)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        dz = TSimd.Select(TSimd.EqualTo(gate, TSimd.Broadcast(low)), TSimd.Zero, dz);
        return TSimd.Select(TSimd.EqualTo(gate, TSimd.Broadcast(high)), TSimd.Zero, dz);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Clip<TSimd, TVec>(TVec value, T limit)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        => TSimd.AtLeast(TSimd.AtMost(value, TSimd.Broadcast(limit)), TSimd.Broadcast(-limit));
}
