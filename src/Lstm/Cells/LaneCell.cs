using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Recurrence;
using Lstm.Simd;

namespace Lstm.Cells;

/// <summary>A user's cell in the kernels.</summary>
/// <param name="cell">The cell.</param>
/// <param name="weights">Its weights' number.</param>
/// <param name="weightBytes">From one of its weights' vectors to the next.</param>
internal unsafe struct LaneCell<T, TCell>(TCell cell, int weights, nint weightBytes) : ICell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : unmanaged, ICustomCell<TCell>
{
    private TCell _cell = cell;

    // Each weight is a parameter, so the lines of a panel are not neighbours.
    public static int UnitWeightLines => 1;

    public static bool FillsPadding => true;

    public static bool DropsCandidate => false;

    public static int StateVectors
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TCell.StateCount;
    }

    public readonly int KeptLines
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TCell.KeptCount + weights;
    }

    // SAFETY: `own` and `lines` point to what CellUnits says of them; the lines of the states are those of StateLines, of which
    // there are StateVectors in each row. DirectionTape.Prepare has reserved them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVec Forward<TSimd, TVec>(
        T* own, T* lines, StateLines<T> states, TVec drop, ref TVec i, ref TVec f, ref TVec g, ref TVec o, TVec cPrevious)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Clear<TSimd, TVec>(lines, 0, TCell.KeptCount);
        KeepStates<TSimd, TVec>(states);
        CellStates<Lane<TSimd, TVec, T>> others = new(null, states.Next, null, TCell.StateCount, isForward: true);
        Lane<TSimd, TVec, T> laneI = new(i), laneF = new(f), laneG = new(g), laneO = new(o);
        Lane<TSimd, TVec, T> c = _cell.Forward(
            ref laneI, ref laneF, ref laneG, ref laneO, new(cPrevious), Units<TSimd, TVec>(own, lines, others));
        i = laneI.Value;
        f = laneF.Value;
        g = laneG.Value;
        o = laneO.Value;
        return c.Value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVec Output<TSimd, TVec>(StateLines<T> states, TVec o, TVec c)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        CellStates<Lane<TSimd, TVec, T>> others = new(null, states.Next, null, TCell.StateCount, isForward: false);
        return TCell.Output<Lane<TSimd, TVec, T>>(in _cell, new(o), new(c), others).Value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVec OutputBackward<TSimd, TVec>(StateLines<T> states, TVec o, TVec c, TVec dh, out TVec dO)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        CellStates<Lane<TSimd, TVec, T>> others = new(null, states.Next, states.Gradient, TCell.StateCount, isForward: false);
        Lane<TSimd, TVec, T> dc = TCell.OutputBackward<Lane<TSimd, TVec, T>>(
            in _cell, new(o), new(c), new(dh), others, out Lane<TSimd, TVec, T> laneO);
        dO = laneO.Value;
        return dc.Value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TSimd, TVec>(
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
        Clear<TSimd, TVec>(lines, TCell.KeptCount, weights);
        CellStates<Lane<TSimd, TVec, T>> others = new(
            states.Previous, states.Next, states.Gradient, TCell.StateCount, isForward: false);
        CellUnits<Lane<TSimd, TVec, T>> units = Units<TSimd, TVec>(own, lines, others);
        Lane<TSimd, TVec, T> laneI = new(i), laneF = new(f), laneG = new(g), laneO = new(o), gradient = new(dc);
        _cell.Backward(ref laneI, ref laneF, ref laneG, ref laneO, new(cPrevious), new(c), new(dO), ref gradient, units);
        i = Used(LstmGates.Input) ? laneI.Value : TSimd.Zero;
        f = Used(LstmGates.Forget) ? laneF.Value : TSimd.Zero;
        g = Used(LstmGates.Candidate) ? laneG.Value : TSimd.Zero;
        o = Used(LstmGates.Output) ? laneO.Value : TSimd.Zero;
        dc = gradient.Value;
    }

    // The new states begin as the old ones, whether or not they lie in one place: what a cell does not set keeps its value.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void KeepStates<TSimd, TVec>(StateLines<T> states)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        for (nint k = 1; k < TCell.StateCount; k++)
        {
            nint place = k * (64 / sizeof(T));
            TSimd.Store(states.Next + place, TSimd.Load(states.Previous + place));
        }
    }

    // What a cell does not keep or set is 0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Clear<TSimd, TVec>(T* lines, int first, int count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        for (nint k = first; k < first + count; k++)
        {
            TSimd.Store(lines + (k * (64 / sizeof(T))), TSimd.Zero);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Used(LstmGates gate) => (TCell.Gates & gate) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly CellUnits<Lane<TSimd, TVec, T>> Units<TSimd, TVec>(T* own, T* lines, CellStates<Lane<TSimd, TVec, T>> states)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => new(own, weightBytes, weights, lines, TCell.KeptCount, states);
}
