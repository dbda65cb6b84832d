using System.CommandLine;
using System.Diagnostics;
using Lstm.Benchmarks.Compare;

namespace Lstm.Benchmarks.Memory;

/// <summary><c>memory</c>: what a training step holds, beside what it has to hold and what the process grows by.</summary>
internal static class MemoryCommand
{
    public static int Run(string[] args)
    {
        if (args is ["child", string config])
        {
            return MemoryChild.Run(Configuration.Parse(config)) ? 0 : 1;
        }

        Argument<string[]> configs = new("configs")
        {
            Description = "Sizes such as I256_H256_L2_B32_T50.",
            DefaultValueFactory = _ => ["I256_H256_L2_B32_T50", "I512_H512_L2_B64_T50", "I64_H128_L1_B32_T100"],
        };
        RootCommand command =
            new("Lists the buffers of a training step, each configuration in a process of its own.") { configs };
        command.SetAction(parsed => parsed.GetValue(configs)!.Max(Start));
        return command.Parse(args).Invoke();
    }

    private static int Start(string config)
    {
        string host = Environment.ProcessPath!;
        string[] arguments = ["memory", "child", config];
        if (Path.GetFileNameWithoutExtension(host) == "dotnet")
        {
            arguments = [typeof(MemoryCommand).Assembly.Location, .. arguments];
        }

        using Process child = Process.Start(new ProcessStartInfo(host, arguments))!;
        child.WaitForExit();
        return child.ExitCode;
    }
}
