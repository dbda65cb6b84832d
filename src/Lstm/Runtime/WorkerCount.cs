namespace Lstm.Runtime;

/// <summary>The meaning of a number of workers that a user gives.</summary>
internal static class WorkerCount
{
    // Browsers and WASI have threads in experimental builds only, and may not block the thread that a page runs on.
    private static bool HasThreads => !OperatingSystem.IsBrowser() && !OperatingSystem.IsWasi();

    /// <summary>Returns the number of workers, the caller included: the given number, or for 0 one per processor.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="workers"/> is negative.</exception>
    /// <exception cref="PlatformNotSupportedException">
    /// <paramref name="workers"/> is 2 or more and the platform has no threads.
    /// </exception>
    public static int Of(int workers) => Of(workers, HasThreads);

    /// <inheritdoc cref="Of(int)"/>
    internal static int Of(int workers, bool hasThreads)
    {
        if (workers < 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(workers), workers,
                $"The number of workers is {workers}. Use 1 for the caller's thread alone, or 0 to let the size of the work "
                + "decide.");
        }

        if (workers > 1 && !hasThreads)
        {
            throw new PlatformNotSupportedException(
                $"{workers} workers were asked for, but WebAssembly runs on a single thread. Use 1, or 0 to let the size of "
                + "the work and the platform decide.");
        }

        // ProcessorCount respects the process's affinity and its quota of processor time.
        return workers > 0 ? workers : hasThreads ? Environment.ProcessorCount : 1;
    }
}
