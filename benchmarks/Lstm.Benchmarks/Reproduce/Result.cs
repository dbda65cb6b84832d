namespace Lstm.Benchmarks.Reproduce;

/// <summary>What became of one goal with one seed.</summary>
/// <param name="IsMet">Whether it was reached.</param>
/// <param name="Presented">What had been presented by then, or when the run gave up.</param>
/// <param name="Elapsed">The time by then, data and tests included.</param>
/// <param name="Remark">What a test afterwards showed.</param>
internal sealed record Result(bool IsMet, long Presented, TimeSpan Elapsed, string Remark);
