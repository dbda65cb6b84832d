using BenchmarkDotNet.Running;
using Lstm.Benchmarks.Compare;
using Lstm.Benchmarks.Elementwise;
using Lstm.Benchmarks.Exhaustive;
using Lstm.Benchmarks.Growth;
using Lstm.Benchmarks.Memory;
using Lstm.Benchmarks.OddSizes;
using Lstm.Benchmarks.Precision;
using Lstm.Benchmarks.Ragged;
using Lstm.Benchmarks.Recompute;
using Lstm.Benchmarks.Reproduce;
using Lstm.Benchmarks.Startup;
using Lstm.Benchmarks.Stress;
using Lstm.Benchmarks.Variants;
using Lstm.Benchmarks.Vocabulary;
using Lstm.Benchmarks.Workers;

return args switch
{
    ["compare", .. string[] rest] => CompareCommand.Run(rest),
    ["exhaustive", .. string[] rest] => ExhaustiveCommand.Run(rest),
    ["growth", .. string[] rest] => GrowthCommand.Run(rest),
    ["memory", .. string[] rest] => MemoryCommand.Run(rest),
    ["odd", .. string[] rest] => OddSizesCommand.Run(rest),
    ["precision", .. string[] rest] => PrecisionCommand.Run(rest),
    ["ragged", .. string[] rest] => RaggedCommand.Run(rest),
    ["recompute", .. string[] rest] => RecomputeCommand.Run(rest),
    ["elementwise", .. string[] rest] => ElementwiseCommand.Run(rest),
    ["reproduce", .. string[] rest] => ReproduceCommand.Run(rest),
    ["stress", .. string[] rest] => StressCommand.Run(rest),
    ["startup", .. string[] rest] => StartupCommand.Run(rest),
    ["variants", .. string[] rest] => VariantsCommand.Run(rest),
    ["vocabulary", .. string[] rest] => VocabularyCommand.Run(rest),
    ["workers", .. string[] rest] => WorkersCommand.Run(rest),
    _ => RunBenchmarks(args),
};

static int RunBenchmarks(string[] args)
{
    BenchmarkSwitcher.FromAssembly(typeof(CompareCommand).Assembly).Run(args);
    return 0;
}
