namespace Lstm.Tests.Support;

/// <summary>
/// How a <see cref="ChildProcess"/> ended: its exit code, the lines of its output, and what it wrote as errors.
/// </summary>
internal sealed record ChildResult(string Scenario, int ExitCode, string[] Output, string Error)
{
    /// <summary>The operating system ended it: a signal (128 + its number), or an exception code of Windows.</summary>
    public bool Crashed => OperatingSystem.IsWindows() ? ExitCode < 0 : ExitCode > 128;

    /// <summary>The output, after asserting that the scenario ended well.</summary>
    public string[] Succeeded()
    {
        Assert.True(ExitCode == 0, $"Scenario {Scenario} ended with exit code {ExitCode}: {string.Join('\n', Output)}\n{Error}");
        return Output;
    }
}
