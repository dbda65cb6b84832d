using System.Text.Json;
using Lstm.Simd;

namespace Lstm.Benchmarks.Compare;

/// <summary>What a target is a number of.</summary>
internal enum TargetKind
{
    /// <summary>At least this share of P.</summary>
    OfPeak,

    /// <summary>At least this share of W.</summary>
    OfBandwidth,

    /// <summary>At most so many microseconds.</summary>
    Microseconds,

    /// <summary>At most so many times forward and backward alone.</summary>
    OfReference,
}

/// <summary>What a row is held to.</summary>
internal readonly record struct Target(TargetKind Kind, double Value)
{
    public override string ToString() => Kind switch
    {
        TargetKind.OfPeak => $"{Value:0.00} P",
        TargetKind.OfBandwidth => $"{Value:0.00} W",
        TargetKind.Microseconds => $"{Value:0.00} µs",
        _ => $"{Value:0.00} ×",
    };
}

/// <summary>The table of targets.json, and how it is read for other numbers and processors than float on AVX-512.</summary>
internal sealed class Targets
{
    // The peak, in GFLOP/s, of the core that the microseconds of targets.json are for.
    private const double PeakOfMicroseconds = 268;

    // Narrower vectors have half the registers: a smaller tile, and more loads for each multiply-add.
    private const double LessWithoutV512 = 0.05;
    private const double LessForSmallDouble = 0.10;
    private const double MostWithoutFma = 0.60;

    private readonly JsonElement _table;

    private Targets(JsonElement table) => _table = table;

    public static Targets Read()
        => new(JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "targets.json"))));

    /// <summary>
    /// The target of a row on a core of the given peak (of its own numbers and width, GFLOP/s); null where there is none.
    /// </summary>
    public Target? Find(string what, Configuration configuration, bool isDouble, SimdWidth width, bool isFused, double peak)
    {
        if (what == "train_step")
        {
            return new Target(TargetKind.OfReference, _table.GetProperty("of_fwdbwd").GetDouble());
        }

        if (Value("us_at_268") is double microseconds)
        {
            return new Target(TargetKind.Microseconds, microseconds * PeakOfMicroseconds / peak);
        }

        double less = width == SimdWidth.V512 ? 0 : LessWithoutV512;
        if (Value("of_w") is double ofBandwidth)
        {
            return isFused ? new Target(TargetKind.OfBandwidth, ofBandwidth - less) : null;
        }

        less += isDouble && configuration.H == 32 ? LessForSmallDouble : 0;
        return Value("of_p") is not double ofPeak ? null
            : new Target(TargetKind.OfPeak, isFused ? ofPeak - less : Math.Min(ofPeak - less, MostWithoutFma));

        double? Value(string list)
            => _table.GetProperty(list).TryGetProperty(what, out JsonElement rows)
                && rows.TryGetProperty(configuration.ToString(), out JsonElement value)
                ? value.GetDouble()
                : null;
    }
}
