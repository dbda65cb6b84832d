using System.Numerics;
using Lstm.Simd;

namespace Lstm.Cells;

/// <summary>Any three of the functions of <see cref="LstmActivation"/>, looked up for each vector.</summary>
internal readonly struct ChosenActivations<T> : ICellActivations<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ChosenActivation<T> _gate;
    private readonly ChosenActivation<T> _candidate;
    private readonly ChosenActivation<T> _hidden;

    public ChosenActivations(LstmActivation? gate, LstmActivation? candidate, LstmActivation? hidden)
    {
        _gate = new(gate ?? new(LstmActivationFunction.Sigmoid));
        _candidate = new(candidate ?? new(LstmActivationFunction.Tanh));
        _hidden = new(hidden ?? new(LstmActivationFunction.Tanh));
    }

    public static bool FillsPadding => true;

    public TVec Gate<TSimd, TVec>(TVec z)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => _gate.Forward<TSimd, TVec>(z);

    public TVec GateBackward<TSimd, TVec>(TVec y, TVec d)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => _gate.Backward<TSimd, TVec>(y, d);

    public TVec Candidate<TSimd, TVec>(TVec z)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => _candidate.Forward<TSimd, TVec>(z);

    public TVec CandidateBackward<TSimd, TVec>(TVec y, TVec d)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => _candidate.Backward<TSimd, TVec>(y, d);

    public TVec Hidden<TSimd, TVec>(TVec c)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => _hidden.Forward<TSimd, TVec>(c);

    public TVec HiddenBackward<TSimd, TVec>(TVec y, TVec d)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => _hidden.Backward<TSimd, TVec>(y, d);
}
