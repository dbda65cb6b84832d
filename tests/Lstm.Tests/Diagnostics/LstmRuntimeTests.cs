using Lstm.Diagnostics;
using Lstm.Simd;
using Lstm.Tests.Support;

namespace Lstm.Tests.Diagnostics;

public class LstmRuntimeTests
{
    [Fact]
    public void Current_is_that_of_the_kernels()
    {
        Assert.Same(LstmRuntime.Current, LstmRuntime.Current);
        Assert.Equal(SimdDispatch.IsFused, LstmRuntime.Current.Arithmetic == LstmArithmetic.Fused);
        int bits = SimdDispatch.Best switch { SimdWidth.V512 => 512, SimdWidth.V256 => 256, SimdWidth.V128 => 128, _ => 0 };
        Assert.Equal(bits, LstmRuntime.Current.VectorBits);
    }

    [Theory]
    [InlineData("DOTNET_EnableAVX512", "AVX2 + FMA, 256 bits, fused multiply-add")]
    [InlineData("DOTNET_EnableAVX2", "SSE, 128 bits, separate multiply-add")]
    [InlineData("DOTNET_EnableHWIntrinsic", "scalar, no vectors, separate multiply-add")]
    public void ToString_names_instructions_width_and_arithmetic(string instructionSet, string expected)
    {
        Assert.SkipUnless(SimdDispatch.Best is SimdWidth.V512 or SimdWidth.V256, "the machine has no AVX2");
        Assert.Equal(expected, Assert.Single(ChildProcess.RunWith(instructionSet, "diagnostics.runtime").Succeeded()));
    }

    [ChildScenario("diagnostics.runtime")]
    internal static void Print() => Console.WriteLine(LstmRuntime.Current);
}
