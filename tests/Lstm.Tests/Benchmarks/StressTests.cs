using Lstm.Benchmarks.Stress;

namespace Lstm.Tests.Benchmarks;

/// <summary>A second of <c>stress</c>, and what it says of what it finds.</summary>
public sealed class StressTests
{
    [Fact]
    public void Stress_of_a_second_ends_without_a_wrong_result()
    {
        StressReport report = StressRun.Run(TimeSpan.FromSeconds(1), 1);
        Assert.Empty(report.Failures);
        Assert.True(report.IsClean);
        Assert.True(report.Operations > 0);
        Assert.Equal(report.Operations, report.Right + report.Refused + report.Uncompared);
        Assert.EndsWith("0 crashes, 0 silent wrong results", report.ToString());
    }

    [Fact]
    public void Wrong_results_unexpected_exceptions_and_crashes_are_failures()
    {
        StressReport report = new(), sum = new();
        using Shared shared = new(3);
        using StressThread thread = new(shared, 0, 3);
        Func<StressThread, bool> wrong = _ => throw new WrongResultException("other bits");
        Func<StressThread, bool> refused = _ => throw new InvalidOperationException("in use");
        StressRun.Do(new StressAction("wrong", Promise.SucceedsOrIsRefused, wrong), thread, report);
        StressRun.Do(new StressAction("refused", Promise.SucceedsOrIsRefused, refused), thread, report);
        StressRun.Do(new StressAction("refused though promised", Promise.Succeeds, refused), thread, report);
        StressRun.Do(new StressAction("right", Promise.Succeeds, _ => true), thread, report);
        sum.Add(StressReport.Parse(report.ToLine()));
        sum.Add(new StressReport { Crashes = 1 });
        Assert.Equal((4, 1, 1, 2, 1, 1), (sum.Operations, sum.Right, sum.Refused, sum.FailureCount, sum.Wrong, sum.Crashes));
        Assert.Contains("other bits", sum.ToString());
        Assert.EndsWith("1 crashes, 1 silent wrong results", sum.ToString());
        Assert.False(report.IsClean);
        Assert.False(new StressReport { Crashes = 1 }.IsClean);
    }
}
