namespace Lstm.Benchmarks.Reproduce;

/// <summary>Symbols as rows with a single 1.</summary>
internal static class OneHot
{
    public static void Write(Span<float> row, int symbol)
    {
        row.Clear();
        row[symbol] = 1;
    }

    /// <summary>
    /// Sequences of symbols as inputs, and each symbol's successor as its target: one step less than there are symbols.
    /// </summary>
    public static void WritePrediction(IReadOnlyList<int[]> sequences, SequenceBatch<float> input, SequenceBatch<float> target)
    {
        int[] lengths = [.. sequences.Select(symbols => symbols.Length - 1)];
        input.Reshape(lengths);
        target.Reshape(lengths);
        for (int b = 0; b < sequences.Count; b++)
        {
            for (int t = 0; t < lengths[b]; t++)
            {
                Write(input[b, t], sequences[b][t]);
                Write(target[b, t], sequences[b][t + 1]);
            }
        }
    }
}
