namespace Lstm.Runtime;

/// <summary>Work that a team divides among its workers.</summary>
/// <remarks>What a share computes depends on its index and the number of shares alone, so it does not matter who computes it, or when.</remarks>
internal interface IJob
{
    /// <summary>How much the whole job is, in the units of <see cref="JobWork"/>.</summary>
    long Work { get; }

    /// <summary>How many shares suit a number of workers, two or more; 1 where the job cannot be divided.</summary>
    int SharesFor(int workers);

    /// <summary>Does one share. Called on a copy of the job, so it may keep what it works on in fields.</summary>
    void Run(WorkShare share);
}

/// <summary>One of the equal parts of a job.</summary>
/// <param name="Index">0 … <paramref name="Count"/> − 1.</param>
/// <param name="Count">How many parts the job has.</param>
/// <param name="Worker">
/// Who does this part: 0 for the caller, else less than the team's size. No two shares run at once with the same number, so memory that is only
/// used within a share is reserved per worker.
/// </param>
internal readonly record struct WorkShare(int Index, int Count, int Worker)
{
    /// <summary>All of a job.</summary>
    public static WorkShare Whole => new(0, 1, 0);

    /// <summary>The part [first, end) of <paramref name="count"/> things that take equally long.</summary>
    public (int First, int End) Of(int count) => ((int)((long)count * Index / Count), (int)((long)count * (Index + 1) / Count));
}

/// <summary>The unit that a job's work is stated in: the time of one multiply-add in a matrix product, about 0.02 ns to 0.05 ns on one core.</summary>
/// <remarks>The other constants are estimates in this unit, rounded to powers of two: a job's work only decides how many workers it is worth.</remarks>
internal static class JobWork
{
    /// <summary>
    /// Work that is worth another worker, some 10 µs: as long as it takes until a worker that spins has taken a share and the caller has seen its
    /// result, several times over.
    /// </summary>
    public const long LeastPerWorker = 1 << 18;

    // A share with fewer rows would fetch a matrix for too few multiply-adds.
    private const int FewestRows = 48;

    /// <summary>A unit's gates, c and h in one step, there or back.</summary>
    public const int Cell = 128;

    /// <summary>An element that goes through a few operations between two streams in memory.</summary>
    public const int Element = 8;

    /// <summary>An element that goes through a division, a square root or an exponential.</summary>
    public const int HardElement = 32;

    /// <summary>Shares of a product's rows: several for each worker where they are large enough, so that the last one ends soon after the first.</summary>
    public static int SharesOfRows(int rows, int workers) => Math.Clamp(rows / FewestRows, Math.Min(workers, rows), 4 * workers);
}
