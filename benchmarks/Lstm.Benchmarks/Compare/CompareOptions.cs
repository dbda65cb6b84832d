using System.Text.RegularExpressions;

namespace Lstm.Benchmarks.Compare;

/// <summary>What <c>compare</c> was asked for.</summary>
internal sealed record CompareOptions
{
    /// <summary>Chooses rows by "what config".</summary>
    public required Regex Filter { get; init; }

    /// <summary>Workers of the tape and the workspace.</summary>
    public required int Threads { get; init; }

    /// <summary>Seconds of timing for each row.</summary>
    public required double Budget { get; init; }

    /// <summary>The best P known of this machine, GFLOP/s; 0 if unknown.</summary>
    public required double Peak { get; init; }

    public required bool Json { get; init; }

    public required bool SkipCheck { get; init; }

    /// <summary>Times the other libraries on the same rows.</summary>
    public required bool Peers { get; init; }

    /// <summary>Puts the rows into docs/performance.md.</summary>
    public required bool Write { get; init; }

    /// <summary>Names the rows instead of timing them.</summary>
    public required bool List { get; init; }
}
