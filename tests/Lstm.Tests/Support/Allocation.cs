namespace Lstm.Tests.Support;

/// <summary>Counts the bytes an action allocates on the managed heap, on whatever thread.</summary>
/// <remarks>The count is the whole process's, so measure in a <see cref="ChildProcess"/>, where no other test runs.</remarks>
internal static class Allocation
{
    /// <summary>
    /// Bytes allocated by <paramref name="iterations"/> calls, after <paramref name="warmUp"/> calls not counted: the least of
    /// at most ten such blocks, for the runtime's own threads (the one that recompiles methods) allocate now and then, and what
    /// the calls themselves allocate is in every block.
    /// </summary>
    public static long Bytes(int warmUp, int iterations, Action action)
    {
        // The first reading may itself set something up.
        _ = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < warmUp; i++)
        {
            action();
        }

        long least = long.MaxValue;
        for (int block = 0; block < 10 && least > 0; block++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < iterations; i++)
            {
                action();
            }

            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return least;
    }

    /// <summary>For a child scenario: measures, and prints the bytes as a line of output.</summary>
    public static void Print(int warmUp, int iterations, Action action) => Console.WriteLine(Bytes(warmUp, iterations, action));

    /// <summary>For the test: runs a scenario that calls <see cref="Print"/> once, and returns the bytes.</summary>
    public static long InChild(string scenario, params string[] arguments) =>
        long.Parse(Assert.Single(ChildProcess.Run(scenario, arguments).Succeeded()));
}
