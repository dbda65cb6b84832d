using System.Runtime.Intrinsics.X86;

namespace Lstm.Tests.Support;

public class ChildProcessTests
{
    [Fact]
    public void Run_scenario_with_arguments_returns_its_lines() =>
        Assert.Equal(["one", "two words"], ChildProcess.Run("support.echo", ["one", "two words"]).Succeeded());

    [Fact]
    public void Run_environment_reaches_the_child()
    {
        ChildResult result = ChildProcess.Run(
            "support.environment", ["LSTM_A", "DOTNET_EnableAVX2"], new() { ["LSTM_A"] = "1", ["DOTNET_EnableAVX2"] = "0" });
        Assert.Equal(["1", "0"], result.Succeeded());
    }

    [Fact]
    public void Run_without_switches_removes_inherited_ones() =>
        Assert.Equal(["(unset)", "(unset)"], ChildProcess.Run(
            "support.environment", ["DOTNET_EnableAVX2", "DOTNET_EnableHWIntrinsic"]).Succeeded());

    [Theory]
    [InlineData("DOTNET_EnableAVX512", "True True False")]
    [InlineData("DOTNET_EnableAVX2", "True False False")]
    [InlineData("DOTNET_EnableHWIntrinsic", "False False False")]
    public void RunWith_switch_narrows_the_vectors(string instructionSet, string widths)
    {
        string all = ChildProcess.RunWith("default", "support.vector-widths").Succeeded()[0];
        Assert.SkipUnless(X86Base.IsSupported || all != "True False False", "not an x86 machine");
        Assert.SkipUnless(all.StartsWith("True True"), $"the machine has no more than {all}");
        Assert.Equal([widths], ChildProcess.RunWith(instructionSet, "support.vector-widths").Succeeded());
    }

    [Fact]
    public void Run_throwing_scenario_reports_the_exception_and_is_no_crash()
    {
        ChildResult result = ChildProcess.Run("support.throw");
        Assert.NotEqual(0, result.ExitCode);
        Assert.False(result.Crashed);
        Assert.Contains("thrown on purpose", result.Error);
    }

    [Fact]
    public void Run_unknown_scenario_says_so() =>
        Assert.Contains("0 methods are marked [ChildScenario(\"no such\")]", ChildProcess.Run("no such").Error);

    [Fact]
    public void Run_longer_than_the_timeout_throws() =>
        Assert.Throws<TimeoutException>(() => ChildProcess.Run("support.sleep", timeout: TimeSpan.FromSeconds(2)));
}
