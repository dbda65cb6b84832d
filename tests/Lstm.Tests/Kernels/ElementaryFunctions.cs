using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Simd;
using static System.Runtime.CompilerServices.MethodImplOptions;

namespace Lstm.Tests.Kernels;

/// <summary>A function of one variable, as a type, so that a loop over it inlines it.</summary>
internal interface IElementaryFunction
{
    static abstract TVec Apply<TSimd, TVec, T>(TVec x)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}

internal readonly struct ExpFunction : IElementaryFunction
{
    [MethodImpl(AggressiveInlining)]
    public static TVec Apply<TSimd, TVec, T>(TVec x)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Elementary<TSimd, TVec, T>.Exp(x);
}

internal readonly struct LogFunction : IElementaryFunction
{
    [MethodImpl(AggressiveInlining)]
    public static TVec Apply<TSimd, TVec, T>(TVec x)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Elementary<TSimd, TVec, T>.Log(x);
}

internal readonly struct Log1pFunction : IElementaryFunction
{
    [MethodImpl(AggressiveInlining)]
    public static TVec Apply<TSimd, TVec, T>(TVec x)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Elementary<TSimd, TVec, T>.Log1p(x);
}

internal readonly struct TanhFunction : IElementaryFunction
{
    [MethodImpl(AggressiveInlining)]
    public static TVec Apply<TSimd, TVec, T>(TVec x)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Elementary<TSimd, TVec, T>.Tanh(x);
}

internal readonly struct SigmoidFunction : IElementaryFunction
{
    [MethodImpl(AggressiveInlining)]
    public static TVec Apply<TSimd, TVec, T>(TVec x)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Elementary<TSimd, TVec, T>.Sigmoid(x);
}

internal readonly struct SoftplusFunction : IElementaryFunction
{
    [MethodImpl(AggressiveInlining)]
    public static TVec Apply<TSimd, TVec, T>(TVec x)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Elementary<TSimd, TVec, T>.Softplus(x);
}
