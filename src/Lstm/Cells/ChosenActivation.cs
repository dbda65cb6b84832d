using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Simd;
using F = Lstm.Cells.LstmActivationFunction;

namespace Lstm.Cells;

/// <summary>One activation, picked at run time. Its derivative is a function of its output.</summary>
/// <remarks>
/// Not inlined: a cell has five of these, and the call is small beside what most of them compute. NaN stays NaN.
/// </remarks>
internal readonly struct ChosenActivation<T>(LstmActivation activation)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly F _function = activation.Function;
    private readonly T _alpha = T.CreateChecked(activation.Alpha);
    private readonly T _beta = T.CreateChecked(activation.Beta);

    // AggressiveOptimization, as on the kernels that call it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public TVec Forward<TSimd, TVec>(TVec x)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TVec alpha = TSimd.Broadcast(_alpha);
        TVec beta = TSimd.Broadcast(_beta);
        TVec one = TSimd.Constant(1);
        TVec y;
        switch (_function)
        {
            case F.Sigmoid:
                return Elementary<TSimd, TVec, T>.Sigmoid(x);
            case F.Tanh:
                return Elementary<TSimd, TVec, T>.Tanh(x);
            case F.Relu:
                return TSimd.Select(TSimd.GreaterThan(TSimd.Zero, x), TSimd.Zero, x);
            case F.HardSigmoid:
                y = TSimd.AtMost(TSimd.MultiplyAdd(x, alpha, beta), one);
                return TSimd.Select(TSimd.GreaterThan(TSimd.Zero, y), TSimd.Zero, y);
            case F.LeakyRelu:
                y = TSimd.Multiply(x, alpha);
                return TSimd.Select(TSimd.GreaterThan(TSimd.Zero, x), y, x);
            case F.Elu:
                y = TSimd.Multiply(ExpMinusOne<TSimd, TVec>(x), alpha);
                return TSimd.Select(TSimd.GreaterThan(TSimd.Zero, x), y, x);
            case F.Softsign:
                // Beyond the limit the result rounds to 1; ∞/∞ would not.
                y = TSimd.AtMost(TSimd.Abs(x), TSimd.Constant(1e30));
                return TSimd.CopySign(TSimd.Divide(y, TSimd.Add(y, one)), x);
            case F.Softplus:
                return Elementary<TSimd, TVec, T>.Softplus(x);
            case F.ScaledTanh:
                return TSimd.Multiply(Elementary<TSimd, TVec, T>.Tanh(TSimd.Multiply(x, beta)), alpha);
            case F.Affine:
                return TSimd.MultiplyAdd(x, alpha, beta);
            default:
                y = TSimd.Select(TSimd.GreaterThan(alpha, x), TSimd.Zero, x);
                return TSimd.Select(TSimd.EqualTo(x, alpha), TSimd.Zero, y);
        }
    }

    /// <summary>d·y', from the output y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public TVec Backward<TSimd, TVec>(TVec y, TVec d)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TVec alpha = TSimd.Broadcast(_alpha);
        TVec one = TSimd.Constant(1);
        TVec scaled = TSimd.Multiply(d, alpha);
        TVec slope;
        switch (_function)
        {
            case F.Sigmoid:
                return TSimd.Multiply(d, TSimd.NegatedMultiplyAdd(y, y, y));
            case F.Tanh:
                return TSimd.Multiply(d, TSimd.NegatedMultiplyAdd(y, y, one));
            case F.Relu:
                return TSimd.Select(TSimd.GreaterThan(y, TSimd.Zero), d, TSimd.Zero);
            case F.HardSigmoid:
                scaled = TSimd.Select(TSimd.GreaterThan(y, TSimd.Zero), scaled, TSimd.Zero);
                return TSimd.Select(TSimd.GreaterThan(one, y), scaled, TSimd.Zero);
            case F.LeakyRelu:
                return TSimd.Select(TSimd.GreaterThan(y, TSimd.Zero), d, scaled);
            case F.Elu:
                slope = TSimd.Multiply(d, TSimd.Add(y, alpha));
                return TSimd.Select(TSimd.GreaterThan(y, TSimd.Zero), d, slope);
            case F.Softsign:
                slope = TSimd.Subtract(one, TSimd.Abs(y));
                return TSimd.Multiply(d, TSimd.Multiply(slope, slope));
            case F.Softplus:
                // 1 − e⁻ʸ.
                slope = TSimd.Subtract(TSimd.Zero, ExpMinusOne<TSimd, TVec>(TSimd.Subtract(TSimd.Zero, y)));
                return TSimd.Multiply(d, slope);
            case F.ScaledTanh:
                slope = TSimd.Divide(y, alpha);
                slope = TSimd.NegatedMultiplyAdd(slope, slope, one);
                return TSimd.Multiply(TSimd.Multiply(scaled, TSimd.Broadcast(_beta)), slope);
            case F.Affine:
                return scaled;
            default:
                return TSimd.Select(TSimd.EqualTo(y, TSimd.Zero), TSimd.Zero, d);
        }
    }

    // eˣ − 1 = 2t/(1 − t), t = tanh(x/2): for x ≤ 0, with full relative accuracy near 0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec ExpMinusOne<TSimd, TVec>(TVec x)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TVec t = Elementary<TSimd, TVec, T>.Tanh(TSimd.Multiply(x, TSimd.Constant(0.5)));
        return TSimd.Divide(TSimd.Add(t, t), TSimd.Subtract(TSimd.Constant(1), t));
    }
}
