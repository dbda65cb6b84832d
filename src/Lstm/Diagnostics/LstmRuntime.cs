using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Lstm.Simd;

namespace Lstm.Diagnostics;

/// <summary>The instruction set and the arithmetic that the library's kernels use in this process.</summary>
/// <remarks>
/// Processes with the same <see cref="Arithmetic"/> compute the same bits, whatever their vector sizes. On x64, a program
/// compiled by NativeAOT without <c>IlcInstructionSet</c> uses <see cref="LstmArithmetic.Separate"/> on any processor; with the
/// JIT compiler it uses <see cref="LstmArithmetic.Fused"/> on a processor with FMA.
/// </remarks>
public sealed class LstmRuntime
{
    private LstmRuntime()
    {
    }

    /// <summary>The instruction set and the arithmetic of this process. They never change.</summary>
    public static LstmRuntime Current { get; } = new();

    /// <summary>The rounding of multiply-adds in this process. Processes with the same value compute the same bits.</summary>
    public LstmArithmetic Arithmetic { get; } = SimdDispatch.IsFused ? LstmArithmetic.Fused : LstmArithmetic.Separate;

    /// <summary>
    /// The size of a vector in bits: 512, 256, 128, or 0 without vector instructions. It changes the speed, never a result.
    /// </summary>
    public int VectorBits { get; } = SimdDispatch.Best switch
    {
        SimdWidth.V512 => 512,
        SimdWidth.V256 => 256,
        SimdWidth.V128 => 128,
        _ => 0,
    };

    /// <summary>
    /// The instruction set, the vector size and the arithmetic, such as "AVX2 + FMA, 256 bits, fused multiply-add".
    /// </summary>
    public override string ToString()
        => $"{Instructions()}, {(VectorBits > 0 ? $"{VectorBits} bits" : "no vectors")}, " +
            $"{(Arithmetic == LstmArithmetic.Fused ? "fused" : "separate")} multiply-add";

    private string Instructions()
    {
        string vectors = VectorBits switch
        {
            512 => "AVX-512",
            256 => "AVX2",
            128 when Sse2.IsSupported => "SSE",
            128 when AdvSimd.IsSupported => "AdvSimd",
            128 => "128-bit SIMD",
            _ => "scalar",
        };
        return Fma.IsSupported ? $"{vectors} + FMA" : vectors;
    }
}
