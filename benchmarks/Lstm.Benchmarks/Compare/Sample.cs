namespace Lstm.Benchmarks.Compare;

/// <summary>One timed sample between its two neighbours: the ceilings measured right before and right after it.</summary>
internal readonly record struct Sample
{
    /// <summary>Of one iteration.</summary>
    public required double Seconds { get; init; }

    /// <summary>P of one core, GFLOP/s.</summary>
    public required double PeakBefore { get; init; }

    public required double PeakAfter { get; init; }

    /// <summary>W of one core, GB/s, the mean of both neighbours; 0 where it is not measured.</summary>
    public double Bandwidth { get; init; }

    /// <summary>Of one iteration of the work it is compared with, next to it; 0 where there is none.</summary>
    public double ReferenceSeconds { get; init; }

    public double Peak => (PeakBefore + PeakAfter) / 2;
}
