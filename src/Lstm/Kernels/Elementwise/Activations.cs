using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Kernels.Elementwise;

/// <summary>y ← φ(y), in place.</summary>
internal unsafe struct ActivationForward<T> : IKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Activation _activation;
    private T* _values;
    private nint _count;

    public static void Run(SimdWidth width, Activation activation, T* values, nint count)
    {
        // SAFETY: DenseLayer.ForwardRows passes the rows × OutputSize values that its product has just written. Vectors are used
        // only while a whole one is left.
        Debug.Assert(count >= 0 && (values != null || count == 0), "There are no values.");
        if (activation != Activation.None)
        {
            ActivationForward<T> kernel = new() { _activation = activation, _values = values, _count = count };
            SimdDispatch.Run<T, ActivationForward<T>>(width, ref kernel);
        }
    }

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        switch (_activation)
        {
            case Activation.Sigmoid:
                Apply<TSimd, TVec, SigmoidActivation>(_values, _count);
                break;
            case Activation.Tanh:
                Apply<TSimd, TVec, TanhActivation>(_values, _count);
                break;
            default:
                Apply<TSimd, TVec, ReluActivation>(_values, _count);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<TSimd, TVec, TFunction>(T* values, nint count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TFunction : struct, IActivationFunction
    {
        for (; count >= TSimd.Width; count -= TSimd.Width, values += TSimd.Width)
        {
            TSimd.Store(values, TFunction.Forward<TSimd, TVec, T>(TSimd.Load(values)));
        }

        for (; count > 0; count--, values++)
        {
            *values = TFunction.Forward<SimdScalar<T>, T, T>(*values);
        }
    }
}

/// <summary>dz = dy ⊙ φ′, from the output y, written by panels with zeros in the padding.</summary>
internal unsafe struct ActivationBackward<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required SimdWidth Width;
    public required Activation Activation;
    public required PanelLayout Columns;
    public required int Rows;

    /// <summary>y [Rows, Columns].</summary>
    public required T* Output;

    /// <summary>dy [Rows, Columns].</summary>
    public required T* OutputGradient;

    /// <summary>dz [panels, Rows, panel width].</summary>
    public required T* Gradient;

    private int _first;
    private int _end;

    public readonly long Work => (long)Rows * Columns.PaddedColumns * (Activation == Activation.None ? 1 : JobWork.Element);

    public readonly int SharesFor(int workers) => Math.Min(workers, Rows);

    public void Run(WorkShare share)
    {
        (_first, _end) = share.Of(Rows);
        SimdDispatch.Run<T, ActivationBackward<T>>(Width, ref this);
    }

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        // SAFETY: DenseLayer.BackwardRows reserves dz for Rows × PaddedColumns values; y and dy are the layer's output and the
        // gradient of it, Rows × Columns.Columns values each, real columns alone. A share is a range of the rows.
        Debug.Assert(_first >= 0 && _end <= Rows, "A row is not of the layer.");
        Debug.Assert(Rows == 0 || (Output != null && OutputGradient != null && Gradient != null), "An operand is missing.");
        for (int q = 0; q < Columns.PanelCount; q++)
        {
            int width = Columns.Width(q);
            int columns = Math.Min(width, Columns.Columns - Columns.Start(q));
            for (int row = _first; row < _end; row++)
            {
                nint place = ((nint)row * Columns.Columns) + Columns.Start(q);
                T* dz = Gradient + ((nint)Columns.Start(q) * Rows) + ((nint)row * width);
                switch (Activation)
                {
                    case Activation.Sigmoid:
                        Apply<TSimd, TVec, SigmoidActivation>(Output + place, OutputGradient + place, dz, columns);
                        break;
                    case Activation.Tanh:
                        Apply<TSimd, TVec, TanhActivation>(Output + place, OutputGradient + place, dz, columns);
                        break;
                    case Activation.Relu:
                        Apply<TSimd, TVec, ReluActivation>(Output + place, OutputGradient + place, dz, columns);
                        break;
                    default:
                        new ReadOnlySpan<T>(OutputGradient + place, columns).CopyTo(new Span<T>(dz, columns));
                        break;
                }

                new Span<T>(dz + columns, width - columns).Clear();
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<TSimd, TVec, TFunction>(T* y, T* dy, T* dz, nint count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where TFunction : struct, IActivationFunction
    {
        for (; count >= TSimd.Width; count -= TSimd.Width, y += TSimd.Width, dy += TSimd.Width, dz += TSimd.Width)
        {
            TSimd.Store(dz, TFunction.Backward<TSimd, TVec, T>(TSimd.Load(y), TSimd.Load(dy)));
        }

        for (; count > 0; count--)
        {
            *dz++ = TFunction.Backward<SimdScalar<T>, T, T>(*y++, *dy++);
        }
    }
}

/// <summary>A function applied to each value, with its derivative as a function of its output.</summary>
internal interface IActivationFunction
{
    static abstract TVec Forward<TSimd, TVec, T>(TVec x)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    static abstract TVec Backward<TSimd, TVec, T>(TVec y, TVec dy)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}

internal readonly struct SigmoidActivation : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Forward<TSimd, TVec, T>(TVec x)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => Elementary<TSimd, TVec, T>.Sigmoid(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Backward<TSimd, TVec, T>(TVec y, TVec dy)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => TSimd.Multiply(dy, TSimd.NegatedMultiplyAdd(y, y, y));
}

internal readonly struct TanhActivation : IActivationFunction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Forward<TSimd, TVec, T>(TVec x)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => Elementary<TSimd, TVec, T>.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Backward<TSimd, TVec, T>(TVec y, TVec dy)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => TSimd.Multiply(dy, TSimd.NegatedMultiplyAdd(y, y, TSimd.Constant(1)));
}

internal readonly struct ReluActivation : IActivationFunction
{
    // The comparison is with 0 > x, so that NaN passes through.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Forward<TSimd, TVec, T>(TVec x)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => TSimd.Select(TSimd.GreaterThan(TSimd.Zero, x), TSimd.Zero, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Backward<TSimd, TVec, T>(TVec y, TVec dy)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => TSimd.Select(TSimd.GreaterThan(y, TSimd.Zero), dy, TSimd.Zero);
}
