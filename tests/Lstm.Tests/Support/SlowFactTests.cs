namespace Lstm.Tests.Support;

public class SlowFactTests
{
    [SlowFact]
    public void SlowFact_runs_only_when_asked() => Assert.Equal("1", Environment.GetEnvironmentVariable("LSTM_SLOW"));

    [SlowTheory]
    [InlineData(1)]
    public void SlowTheory_runs_only_when_asked(int one) =>
        Assert.Equal($"{one}", Environment.GetEnvironmentVariable("LSTM_SLOW"));
}
