namespace Lstm.Runtime;

/// <summary>Work that a team divides among its workers.</summary>
/// <remarks>
/// The result of a share depends only on its index and the number of shares, so it does not matter which worker computes it, or
/// when.
/// </remarks>
internal interface IJob
{
    /// <summary>The size of the whole job, in the unit of <see cref="JobWork"/>.</summary>
    long Work { get; }

    /// <summary>Returns the number of shares for two or more workers; 1 if the job cannot be divided.</summary>
    int SharesFor(int workers);

    /// <summary>Does one share. It is called on a copy of the job, so it may keep its state in fields.</summary>
    void Run(WorkShare share);
}

/// <summary>One of the equal parts of a job.</summary>
/// <param name="Index">0 … <paramref name="Count"/> − 1.</param>
/// <param name="Count">The number of parts of the job.</param>
/// <param name="Worker">
/// The worker that does this part: 0 for the caller, else less than the team's size. No two shares run at the same time with the
/// same number, so memory that is used only within a share is reserved per worker.
/// </param>
internal readonly record struct WorkShare(int Index, int Count, int Worker)
{
    /// <summary>All of a job.</summary>
    public static WorkShare Whole => new(0, 1, 0);

    /// <summary>Returns the part [first, end) of <paramref name="count"/> items that take equally long.</summary>
    public (int First, int End) Of(int count) => ((int)((long)count * Index / Count), (int)((long)count * (Index + 1) / Count));
}

/// <summary>
/// The unit of a job's work: the time of one multiply-add in a matrix product, about 0.02 ns to 0.05 ns on one core.
/// </summary>
/// <remarks>
/// The other constants are estimates in this unit, rounded to powers of two: they only decide the number of workers.
/// </remarks>
internal static class JobWork
{
    /// <summary>
    /// The least work for each worker, about 10 µs: several times the time until a spinning worker has taken a share and the
    /// caller has seen its result.
    /// </summary>
    public const long LeastPerWorker = 1 << 18;

    // A share with fewer rows would fetch a matrix for too few multiply-adds.
    private const int FewestRows = 48;

    /// <summary>The gates, c and h of one unit in one step, forward or backward.</summary>
    public const int Cell = 128;

    /// <summary>An element with a few operations between a read and a write of memory.</summary>
    public const int Element = 8;

    /// <summary>An element with a division, a square root or an exponential.</summary>
    public const int HardElement = 32;

    /// <summary>
    /// Returns the number of shares of a product's rows: several for each worker where they are large enough, so that the last
    /// one ends soon after the first.
    /// </summary>
    public static int SharesOfRows(int rows, int workers) => Math.Clamp(rows / FewestRows, Math.Min(workers, rows), 4 * workers);
}
