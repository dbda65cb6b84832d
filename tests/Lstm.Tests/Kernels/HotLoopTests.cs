using System.Reflection;
using Lstm.Simd;
using Lstm.Tests.Support;

namespace Lstm.Tests.Kernels;

/// <summary>
/// A loop over vectors that waits for the JIT's second tier runs many times slower until then, at worst for one whole long call.
/// </summary>
public class HotLoopTests
{
    private const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public
        | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    // Compiled for good at the first call, or within a method that is.
    private const MethodImplAttributes Wanted = MethodImplAttributes.AggressiveOptimization
        | MethodImplAttributes.AggressiveInlining;

    [Fact]
    public void Loops_over_vectors_are_optimized_at_once()
    {
        string[] missing =
        [
            .. from type in typeof(Network).Assembly.GetTypes()
               from method in type.GetMethods(Declared)
               where (method.MethodImplementationFlags & Wanted) == 0 && IsForAnyWidth(type, method) && LoopsOverVectors(method)
               select $"{type.Name}.{method.Name}",
        ];
        Assert.True(missing.Length == 0, $"Neither AggressiveOptimization nor AggressiveInlining: {string.Join(", ", missing)}");
    }

    [Fact]
    public void Loops_over_vectors_are_found()
        => Assert.Contains("TileKernel", from type in typeof(Network).Assembly.GetTypes()
                                         where type.GetMethods(Declared).Any(LoopsOverVectors)
                                         select type.Name.Split('`')[0]);

    private static bool IsForAnyWidth(Type type, MethodInfo method)
        => type.GetGenericArguments().Concat(method.GetGenericArguments()).Any(argument => argument.Name == "TVec");

    // With an operation in it, or straight code that has one. Loops that only call other loops use no vector themselves.
    private static bool LoopsOverVectors(MethodInfo method)
        => new IlBody(method) is { HasLoop: true } body
            && body.Calls.Any(call => IsOperation(call) || IsStraightWithOperation(call));

    private static bool IsStraightWithOperation(MethodBase method)
        => method.Module == typeof(Network).Module && new IlBody(method) is { HasLoop: false } body
            && body.Calls.Any(IsOperation);

    // Constants such as the width are none.
    private static bool IsOperation(MethodBase method)
        => method is { IsSpecialName: false, DeclaringType: { IsGenericType: true } type }
            && type.GetGenericTypeDefinition() == typeof(ISimd<,>);
}
