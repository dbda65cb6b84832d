using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Lstm.Simd;

/// <summary>A kernel with its operands, run at whatever width the dispatcher picks.</summary>
internal interface IKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged;
}

/// <summary>The widths a kernel is compiled for, narrowest first.</summary>
internal enum SimdWidth
{
    Scalar,
    V128,
    V256,
    V512,
}

/// <summary>Picks the instantiation of a kernel. Every property is a constant to the JIT.</summary>
internal static class SimdDispatch
{
    /// <summary>The widest width the hardware accelerates.</summary>
    public static SimdWidth Best =>
        Vector512.IsHardwareAccelerated ? SimdWidth.V512
        : Vector256.IsHardwareAccelerated ? SimdWidth.V256
        : Vector128.IsHardwareAccelerated ? SimdWidth.V128
        : SimdWidth.Scalar;

    /// <summary>
    /// Whether multiply-adds round once (fused) or twice, on every width alike: which of the two classes of equal bits
    /// this process belongs to.
    /// </summary>
    public static bool IsFused
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Fma.IsSupported || AdvSimd.Arm64.IsSupported;
    }

    /// <summary>Whether the hardware has <paramref name="width"/>, so that a kernel can run at it.</summary>
    public static bool IsAccelerated(SimdWidth width) => width switch
    {
        SimdWidth.V512 => Vector512.IsHardwareAccelerated,
        SimdWidth.V256 => Vector256.IsHardwareAccelerated,
        SimdWidth.V128 => Vector128.IsHardwareAccelerated,
        SimdWidth.Scalar => true,
        _ => false,
    };

    /// <summary>Runs <paramref name="kernel"/> at <see cref="Best"/>.</summary>
    public static void Run<T, TKernel>(ref TKernel kernel)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TKernel : struct, IKernel<T> => Run<T, TKernel>(Best, ref kernel);

    /// <summary>Runs <paramref name="kernel"/> at <paramref name="width"/>.</summary>
    /// <exception cref="PlatformNotSupportedException">
    /// The hardware lacks the width; the runtime would emulate it hundreds of times slower.
    /// </exception>
    public static void Run<T, TKernel>(SimdWidth width, ref TKernel kernel)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TKernel : struct, IKernel<T>
    {
        // The widest alone, so that the first call loads and compiles nothing of the narrower ones.
        if (width != Best)
        {
            RunNarrower<T, TKernel>(width, ref kernel);
        }
        else if (Vector512.IsHardwareAccelerated)
        {
            kernel.Invoke<Simd512<T>, Vector512<T>>();
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            kernel.Invoke<Simd256<T>, Vector256<T>>();
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            kernel.Invoke<Simd128<T>, Vector128<T>>();
        }
        else
        {
            kernel.Invoke<SimdScalar<T>, T>();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunNarrower<T, TKernel>(SimdWidth width, ref TKernel kernel)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TKernel : struct, IKernel<T>
    {
        switch (width)
        {
            case SimdWidth.V256 when Vector256.IsHardwareAccelerated:
                kernel.Invoke<Simd256<T>, Vector256<T>>();
                break;
            case SimdWidth.V128 when Vector128.IsHardwareAccelerated:
                kernel.Invoke<Simd128<T>, Vector128<T>>();
                break;
            case SimdWidth.Scalar:
                kernel.Invoke<SimdScalar<T>, T>();
                break;
            default:
                throw new PlatformNotSupportedException(
                    $"This process has no {width} instructions; the widest it has is {Best}.");
        }
    }
}
