using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lstm.Benchmarks.Compare;

/// <summary>One line of the result, in the names of the peers' scripts.</summary>
internal sealed record Row
{
    public static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>lstm, or lstm-double.</summary>
    public required string Peer { get; init; }

    /// <summary>The width of the vectors, and whether multiply-adds are fused.</summary>
    public required string Simd { get; init; }

    /// <summary>Processor and runtime.</summary>
    public required string Machine { get; init; }

    public required string What { get; init; }

    public required string Config { get; init; }

    public required int Threads { get; init; }

    public required double MedianUs { get; init; }

    public required double MinUs { get; init; }

    public required long N { get; init; }

    public required double Gflops { get; init; }

    /// <summary>Of the peak of as many cores as there are threads.</summary>
    public required double FractionOfPeak { get; init; }

    /// <summary>Weight bytes per second over the bandwidth at that size; null where weights are not the limit.</summary>
    public double? FractionOfBandwidth { get; init; }

    public required double AllocatedBytes { get; init; }

    /// <summary>P of one core around this row's samples.</summary>
    public required double PeakGflops { get; init; }

    /// <summary>W of one core around this row's samples, at its weights' size.</summary>
    [JsonPropertyName("bandwidth_gbs")]
    public double? BandwidthGBs { get; init; }

    /// <summary>Processor time over wall time, per thread.</summary>
    public required double Cpu { get; init; }

    /// <summary>Too few samples count: the core was shared, or never kept one speed.</summary>
    public required bool IsVoid { get; init; }

    /// <summary>train_step on one thread: over forward and backward alone, sampled in turn.</summary>
    public double? OfForwardBackward { get; init; }

    /// <summary>On several threads: one thread's time over this one, sampled in turn.</summary>
    public double? SpeedUp { get; init; }

    /// <summary>On several threads: their P at once over P of one.</summary>
    public double? SpeedUpCeiling { get; init; }

    /// <summary>On several threads: from one to another and back.</summary>
    public double? RoundTripNs { get; init; }

    public Target? Target { get; init; }

    public IReadOnlyList<PeerRow> Peers { get; init; } = [];

    [JsonIgnore]
    public bool IsCoreShared => Threads == 1 && Cpu < 0.97;

    /// <summary>Whether the target is met; null where there is none.</summary>
    public bool? Met => Target is not Target target ? null : target.Kind switch
    {
        TargetKind.OfPeak => FractionOfPeak >= target.Value,
        TargetKind.OfBandwidth => FractionOfBandwidth >= target.Value,
        TargetKind.Microseconds => MedianUs <= target.Value,
        _ => OfForwardBackward <= target.Value,
    };

    public string ToJson() => JsonSerializer.Serialize(this, Json);
}
