namespace Lstm.Benchmarks.Reproduce;

/// <summary>One string of the embedded Reber grammar.</summary>
/// <param name="Symbols">Indices into <see cref="EmbeddedReber.Symbols"/>.</param>
/// <param name="Followers">
/// For each symbol, those that the grammar allows after it, a bit each; one entry less, since the string ends.
/// </param>
internal sealed record ReberString(int[] Symbols, int[] Followers)
{
    public static ReberString Draw(Random random)
    {
        EmbeddedReber walk = new();
        List<int> symbols = [walk.Next(random)], followers = [];
        while (!walk.IsAtStart)
        {
            followers.Add(walk.Followers);
            symbols.Add(walk.Next(random));
        }

        return new ReberString([.. symbols], [.. followers]);
    }

    /// <summary>A training set of random strings, and a test set of random strings that are not among them.</summary>
    public static (List<ReberString> Training, List<ReberString> Test) DrawSets(Random random, int count)
    {
        List<ReberString> training = [.. Enumerable.Range(0, count).Select(_ => Draw(random))];
        HashSet<string> seen = [.. training.Select(one => one.ToString())];
        List<ReberString> test = [];
        while (test.Count < count)
        {
            ReberString one = Draw(random);
            if (!seen.Contains(one.ToString()))
            {
                test.Add(one);
            }
        }

        return (training, test);
    }

    public override string ToString() => string.Concat(Symbols.Select(symbol => EmbeddedReber.Symbols[symbol]));
}
