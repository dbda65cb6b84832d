namespace Lstm.Benchmarks.Reproduce;

/// <summary>Something to be reached in training.</summary>
/// <param name="Criterion">When it counts as reached, in words.</param>
/// <param name="Published">What was published.</param>
internal record Goal(string Criterion, string Published);
