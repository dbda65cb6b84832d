namespace Lstm.Benchmarks.Reproduce;

/// <summary>
/// The two sequences of the noise-free long time lag problem (Hochreiter &amp; Schmidhuber 1997, experiment 2a): x a₁ … a₍p₋₁₎ x
/// and y a₁ … a₍p₋₁₎ y, each symbol to be predicted from those before it.
/// </summary>
internal static class LongLag
{
    /// <summary>Symbols 0 … p − 2 are a₁ … a₍p₋₁₎, p − 1 is x and p is y.</summary>
    public static int[] Sequence(int p, bool isY)
    {
        int ends = isY ? p : p - 1;
        return [ends, .. Enumerable.Range(0, p - 1), ends];
    }
}
