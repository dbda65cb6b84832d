using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;
using Lstm.Training;
using Lstm.Training.Losses;

namespace Lstm;

/// <summary>The mean absolute error: the loss of each value is l = |y − t|.</summary>
/// <remarks>∂l/∂y = sign(y − t), which is 0 for y = t. <see cref="Loss{T}"/> describes how the values are combined.</remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class MeanAbsoluteError<T> : Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Gets <see cref="LossUnit.Element"/>: the mean is taken over all values of all rows.</summary>
    public override LossUnit Unit => LossUnit.Element;

    internal override RowLoss<T> Rows { get; } = new ElementLoss<AbsoluteError, T>();
}

internal readonly struct AbsoluteError : IElementLoss
{
    public static bool Decides => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Apply<TSimd, TVec, T>(TVec y, TVec target, TVec parameter, out TVec slope)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVec d = TSimd.Subtract(y, target);
        TVec size = TSimd.Abs(d);

        // What is neither above zero nor zero is NaN, and stays it.
        TVec sign = TSimd.CopySign(TSimd.Constant(1), d);
        slope = TSimd.Select(TSimd.GreaterThan(size, TSimd.Zero), sign, d);
        return size;
    }
}
