using System.Text.Json;
using Lstm.Benchmarks.Compare;
using Lstm.Simd;

namespace Lstm.Tests.Benchmarks;

/// <summary>What the verdicts of <c>compare</c> rest on.</summary>
public sealed class CompareTests
{
    [Fact]
    public void Median_of_an_even_number_is_the_mean_of_the_middle_two()
    {
        Assert.Equal(2, Statistics.Median([3, 1, 2]));
        Assert.Equal(2.5, Statistics.Median([4, 1, 3, 2]));
        Assert.Throws<ArgumentException>(() => Statistics.Median([]));
    }

    [Theory]
    [InlineData(100, 100, true)]
    [InlineData(88, 87, true)]     // held back alike on both sides
    [InlineData(100, 94, false)]   // the speed changed in between
    [InlineData(79, 79, false)]    // a shared core
    public void Counts_wants_one_speed_on_both_sides_and_a_core_of_its_own(double before, double after, bool counts)
    {
        Assert.Equal(counts, Statistics.Counts(NewSample(1, before, after), bestPeak: 100));
        Assert.Equal(counts, Statistics.Counts(NewSample(1, after, before), bestPeak: 100));
    }

    [Fact]
    public void Select_keeps_what_counts_or_all_as_void()
    {
        List<Sample> samples = [.. Enumerable.Repeat(NewSample(1, 100, 100), 4), NewSample(2, 100, 50)];
        (IReadOnlyList<Sample> kept, bool isVoid) = Statistics.Select(samples, 100);
        Assert.True(isVoid);
        Assert.Equal(5, kept.Count);

        samples.Add(NewSample(1, 99, 100));
        (kept, isVoid) = Statistics.Select(samples, 100);
        Assert.False(isVoid);
        Assert.Equal(5, kept.Count);
        Assert.All(kept, sample => Assert.Equal(1, sample.Seconds));
    }

    [Fact]
    public void Targets_name_every_row_of_configs()
        => Assert.All(Configuration.Rows(), row => Assert.NotNull(Find(row.What, row.Configuration.ToString())));

    [Fact]
    public void Targets_follow_the_numbers_and_the_processor()
    {
        Assert.Equal(new Target(TargetKind.OfPeak, 0.45), Find("train_fwdbwd", "I1_H32_L1_B32_T50"));
        Equal(TargetKind.OfPeak, 0.35, Find("train_fwdbwd", "I1_H32_L1_B32_T50", isDouble: true));
        Equal(TargetKind.OfPeak, 0.84, Find("train_fwdbwd", "I256_H256_L2_B32_T50", isDouble: true));
        Equal(TargetKind.OfPeak, 0.79, Find("train_fwdbwd", "I256_H256_L2_B32_T50", width: SimdWidth.V256));
        Equal(TargetKind.OfPeak, 0.60, Find("train_fwdbwd", "I256_H256_L2_B32_T50", width: SimdWidth.V128, isFused: false));
        Equal(TargetKind.OfBandwidth, 0.94, Find("infer_step", "I256_H256_L1_B1_T1"));
        Equal(TargetKind.Microseconds, 0.20, Find("infer_step", "I1_H32_L1_B1_T1", peak: 134));
        Equal(TargetKind.OfReference, 1.05, Find("train_step", "I256_H256_L2_B32_T50"));
        Assert.Null(Find("infer_seq", "I3_H3_L1_B1_T1"));
    }

    [Fact]
    public void Markdown_has_a_part_for_each_width_and_a_table_for_each_kind()
    {
        Row row = NewRow();

        string text = PerformanceTables.Markdown(
            [row, row with { What = "train_step", OfForwardBackward = 1.1, Target = null, Peers = [] }, row with
        {
            Simd = "V256", IsVoid = true,
        }]);

        Assert.Equal(2, text.Split("\n### ").Length - 1);
        Assert.Contains("| `I1_H2_L1_B1_T3` | 1,234 | 100 | 0.50 | 0.45 P met | 2,468 (2.00×) |", text, StringComparison.Ordinal);
        Assert.Contains("| `I1_H2_L1_B1_T3` | 1,234 | 100 | 0.50 | 1.10 |\n", text, StringComparison.Ordinal);
        Assert.Contains("`I1_H2_L1_B1_T3` (void)", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_are_read_back_as_they_were_written()
    {
        Row row = NewRow();
        Row again = JsonSerializer.Deserialize<Row>(row.ToJson(), Row.Json)!;
        Assert.Equal(row.Peers, again.Peers);
        Assert.Equal(row, again with { Peers = row.Peers });
    }

    private static Row NewRow() => new()
    {
        Peer = "lstm",
        Simd = "V512",
        Machine = "a machine",
        What = "infer_seq",
        Config = "I1_H2_L1_B1_T3",
        Threads = 1,
        MedianUs = 1234,
        MinUs = 1200,
        N = 10,
        Gflops = 50,
        FractionOfPeak = 0.5,
        FractionOfBandwidth = null,
        AllocatedBytes = 0,
        PeakGflops = 100,
        BandwidthGBs = null,
        Cpu = 1,
        IsVoid = false,
        Target = new Target(TargetKind.OfPeak, 0.45),
        Peers = [new PeerRow
        {
            Peer = "Other 1.0", MedianUs = 2468, FractionOfPeak = 0.25, PeakGflops = 100, Ratio = 2, IsVoid = false,
        }],
    };

    private static Sample NewSample(double seconds, double before, double after)
        => new() { Seconds = seconds, PeakBefore = before, PeakAfter = after };

    private static Target? Find(
        string what, string configuration, bool isDouble = false, SimdWidth width = SimdWidth.V512, bool isFused = true,
        double peak = 268)
        => Targets.Read().Find(what, Configuration.Parse(configuration), isDouble, width, isFused, peak);

    private static void Equal(TargetKind kind, double value, Target? target)
    {
        Assert.Equal(kind, target?.Kind);
        Assert.Equal(value, target!.Value.Value, 1e-12);
    }
}
