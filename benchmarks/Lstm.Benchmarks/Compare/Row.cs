using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lstm.Benchmarks.Compare;

/// <summary>One line of the result, in the names of the peers' scripts.</summary>
internal sealed record Row
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public required string Peer { get; init; }

    public required string What { get; init; }

    public required string Config { get; init; }

    public required int Threads { get; init; }

    public required double MedianUs { get; init; }

    public required double MinUs { get; init; }

    public required long N { get; init; }

    public required double Gflops { get; init; }

    /// <summary>Gflops over the peak of as many cores as there are threads.</summary>
    public required double FractionOfPeak { get; init; }

    /// <summary>Weight bytes per second over the bandwidth at that size; null where weights are not the limit.</summary>
    public required double? FractionOfBandwidth { get; init; }

    public required double AllocatedBytes { get; init; }

    /// <summary>P of one core around this row.</summary>
    public required double PeakGflops { get; init; }

    /// <summary>W of one core around this row, at its weights' size.</summary>
    [JsonPropertyName("bandwidth_gbs")]
    public required double? BandwidthGBs { get; init; }

    /// <summary>Processor time over wall time, per thread.</summary>
    public required double Cpu { get; init; }

    [JsonIgnore]
    public bool IsCoreShared => Threads == 1 && Cpu < 0.97;

    public static string Header =>
        $"{"what",-13}{"config",-25}{"median µs",12}{"min µs",12}{"n",9}{"GFLOP/s",10}{"of P",7}{"of W",7}{"alloc B",9}{"cpu",6}";

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    public override string ToString() =>
        $"{What,-13}{Config,-25}{MedianUs,12:0.00}{MinUs,12:0.00}{N,9}{Gflops,10:0.0}{FractionOfPeak,7:0.00}"
        + $"{(FractionOfBandwidth is double w ? $"{w:0.00}" : "–"),7}{AllocatedBytes,9:0.##}{Cpu,6:0.00}{(IsCoreShared ? "  core shared: run again" : "")}";
}
