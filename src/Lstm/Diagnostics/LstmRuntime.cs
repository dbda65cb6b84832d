using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Lstm.Simd;

namespace Lstm.Diagnostics;

/// <summary>The instructions that the library's kernels run on in this process.</summary>
/// <remarks>
/// Two processes with the same <see cref="Arithmetic"/> give the same bits, whatever their vectors are. A program compiled by NativeAOT without
/// <c>IlcInstructionSet</c> is <see cref="LstmArithmetic.Separate"/> on x64, whatever the processor offers; under the JIT it would be
/// <see cref="LstmArithmetic.Fused"/> there.
/// </remarks>
public sealed class LstmRuntime
{
    private LstmRuntime()
    {
    }

    /// <summary>That of this process; it never changes.</summary>
    public static LstmRuntime Current { get; } = new();

    /// <summary>Whether multiply-adds are fused: the class of equal bits that the process belongs to.</summary>
    public LstmArithmetic Arithmetic { get; } = SimdDispatch.IsFused ? LstmArithmetic.Fused : LstmArithmetic.Separate;

    /// <summary>Bits of a vector: 512, 256 or 128, or 0 where there are none. It changes the speed, never a result.</summary>
    public int VectorBits { get; } = SimdDispatch.Best switch
    {
        SimdWidth.V512 => 512,
        SimdWidth.V256 => 256,
        SimdWidth.V128 => 128,
        _ => 0,
    };

    /// <summary>The three together, such as "AVX2 + FMA, 256 bits, fused multiply-add".</summary>
    public override string ToString()
        => $"{Instructions()}, {(VectorBits > 0 ? $"{VectorBits} bits" : "no vectors")}, {(Arithmetic == LstmArithmetic.Fused ? "fused" : "separate")} multiply-add";

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
