using BenchmarkDotNet.Running;
using Lstm.Benchmarks.Compare;

return args is ["compare", .. string[] rest]
    ? CompareCommand.Run(rest)
    : RunBenchmarks(args);

static int RunBenchmarks(string[] args)
{
    BenchmarkSwitcher.FromAssembly(typeof(CompareCommand).Assembly).Run(args);
    return 0;
}
