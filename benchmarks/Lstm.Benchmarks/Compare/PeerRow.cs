namespace Lstm.Benchmarks.Compare;

/// <summary>Another library on the same row, in the same run.</summary>
internal sealed record PeerRow
{
    /// <summary>Name and version.</summary>
    public required string Peer { get; init; }

    public required double MedianUs { get; init; }

    public required double FractionOfPeak { get; init; }

    /// <summary>P of one core beside its samples, GFLOP/s.</summary>
    public required double PeakGflops { get; init; }

    /// <summary>Its time over ours: above 1 it is slower.</summary>
    public required double Ratio { get; init; }

    public required bool IsVoid { get; init; }
}
