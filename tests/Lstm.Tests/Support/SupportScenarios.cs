using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Lstm.Tests.Support;

/// <summary>What the tests of the test support run in processes of their own.</summary>
internal static unsafe class SupportScenarios
{
    private static object? kept;
    private static float sink;

    [ChildScenario("support.echo")]
    public static void Echo(string[] arguments)
    {
        foreach (string argument in arguments)
        {
            Console.WriteLine(argument);
        }
    }

    [ChildScenario("support.environment")]
    public static void PrintEnvironment(string[] names) =>
        Echo([.. names.Select(name => Environment.GetEnvironmentVariable(name) ?? "(unset)")]);

    [ChildScenario("support.throw")]
    public static void Throw() => throw new InvalidOperationException("thrown on purpose");

    [ChildScenario("support.sleep")]
    public static void Sleep() => Thread.Sleep(TimeSpan.FromMinutes(1));

    [ChildScenario("support.vector-widths")]
    public static void PrintVectorWidths() => Console.WriteLine(
        $"{Vector128.IsHardwareAccelerated} {Vector256.IsHardwareAccelerated} {Vector512.IsHardwareAccelerated}");

    /// <summary>Touches the element at an index of guarded memory: <c>edge length index read|write</c>.</summary>
    [ChildScenario("support.touch")]
    public static void Touch(string[] arguments)
    {
        using var memory = new GuardedMemory<float>(int.Parse(arguments[1]), Enum.Parse<Guard>(arguments[0]));
        float* element = memory.Pointer + int.Parse(arguments[2]);
        Console.WriteLine("before");
        if (arguments[3] == "read")
        {
            sink = Volatile.Read(ref *element);
        }
        else
        {
            Volatile.Write(ref *element, 1);
        }

        Console.WriteLine("after");
    }

    [ChildScenario("support.allocates-nothing")]
    public static void AllocateNothing() => Allocation.Print(warmUp: 10, iterations: 1000, () => sink += 1);

    [ChildScenario("support.allocates-arrays")]
    public static void AllocateArrays() => Allocation.Print(warmUp: 10, iterations: 1000, () => kept = new byte[100]);

    [ChildScenario("support.allocates-elsewhere")]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void AllocateOnAnotherThread() => Allocation.Print(warmUp: 1, iterations: 10, () =>
    {
        var thread = new Thread(() => kept = new byte[10_000]);
        thread.Start();
        thread.Join();
    });
}
