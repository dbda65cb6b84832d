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

    public required bool Json { get; init; }

    public required bool SkipCheck { get; init; }
}
