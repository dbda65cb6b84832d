using System.Diagnostics;
using System.Reflection;

namespace Lstm.Tests;

/// <summary>The kernels run many times slower when the compiler has told the JIT not to optimise them.</summary>
public class OptimizationTests
{
    [Fact]
    public void Lstm_assembly_in_every_configuration_is_optimized()
    {
        var attribute = Assembly.Load("Lstm").GetCustomAttribute<DebuggableAttribute>();
        Assert.False(attribute?.IsJITOptimizerDisabled ?? false);
    }
}
