using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;
using Lstm.Training;
using Lstm.Training.Losses;

namespace Lstm;

/// <summary>The mean squared error: the loss of each value is l = (y − t)².</summary>
/// <remarks>∂l/∂y = 2·(y − t). <see cref="Loss{T}"/> describes how the values are combined.</remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class MeanSquaredError<T> : Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Gets <see cref="LossUnit.Element"/>: the mean is taken over all values of all rows.</summary>
    public override LossUnit Unit => LossUnit.Element;

    internal override RowLoss<T> Rows { get; } = new ElementLoss<SquaredError, T>();
}

internal readonly struct SquaredError : IElementLoss
{
    public static bool Decides => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Apply<TSimd, TVec, T>(TVec y, TVec target, TVec parameter, out TVec slope)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVec d = TSimd.Subtract(y, target);
        slope = TSimd.Add(d, d);
        return TSimd.Multiply(d, d);
    }
}
