using Lstm.Tests.Support;
using Xunit.Runner.InProc.SystemConsole;

namespace Lstm.Tests;

/// <summary>Runs the tests, or with <c>child NAME arguments…</c> one scenario of <see cref="ChildProcess"/>.</summary>
internal static class Program
{
    public static int Main(string[] args) => args is ["child", var scenario, .. var rest]
        ? ChildProcess.Dispatch(scenario, rest)
        : ConsoleRunner.Run(args).GetAwaiter().GetResult();
}
