using BenchmarkDotNet.Running;
using Lstm.Benchmarks.Compare;
using Lstm.Benchmarks.Exhaustive;

return args switch
{
    ["compare", .. string[] rest] => CompareCommand.Run(rest),
    ["exhaustive", .. string[] rest] => ExhaustiveCommand.Run(rest),
    _ => RunBenchmarks(args),
};

static int RunBenchmarks(string[] args)
{
    BenchmarkSwitcher.FromAssembly(typeof(CompareCommand).Assembly).Run(args);
    return 0;
}
