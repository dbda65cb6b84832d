using System.Text.RegularExpressions;
using Lstm.Benchmarks.Reproduce;

namespace Lstm.Tests.Benchmarks;

/// <summary>
/// That <c>reproduce</c> poses the papers' tasks, and judges answers as they did; and that the quick ones are learned.
/// </summary>
public sealed partial class ReproduceTests
{
    // The grammar once more, read off its graph: what follows TS*X or PT*V, from the place where the two arms meet again.
    [GeneratedRegex("^B(?<frame>[TP])B(TS*X|PT*VP)(XT*VP)*(S|XT*VV)E\\k<frame>E$|^B(?<frame>[TP])BPT*VVE\\k<frame>E$")]
    private static partial Regex Grammar { get; }

    [Fact]
    public void Embedded_Reber_strings_are_of_the_grammar_and_all_of_it()
    {
        Random random = new(1);
        ReberString[] strings = [.. Enumerable.Range(0, 2000).Select(_ => ReberString.Draw(random))];
        Assert.All(strings, one => Assert.Matches(Grammar, one.ToString()));
        Assert.Contains("BTBTXSETE", strings.Select(one => one.ToString()));
        Assert.Contains("BPBPVVEPE", strings.Select(one => one.ToString()));
        Assert.Equal(9, strings.Min(one => one.Symbols.Length));
        Assert.True(strings.Max(one => one.Symbols.Length) > 25);
        Assert.InRange(strings.Count(one => one.ToString()[1] == 'T'), 900, 1100);
    }

    [Fact]
    public void Followers_are_what_the_grammar_lets_come_next()
    {
        Random random = new(2);
        Dictionary<string, int> seen = [];
        ReberString[] strings = [.. Enumerable.Range(0, 5000).Select(_ => ReberString.Draw(random))];
        foreach (ReberString one in strings)
        {
            Assert.Equal(one.Symbols.Length - 1, one.Followers.Length);
            for (int t = 0; t < one.Followers.Length; t++)
            {
                string past = one.ToString()[..(t + 1)];
                seen[past] = seen.GetValueOrDefault(past) | 1 << one.Symbols[t + 1];
                Assert.NotEqual(0, one.Followers[t] & 1 << one.Symbols[t + 1]);
            }
        }

        // A past of up to five symbols has come up so often that all of its ways on have been seen.
        Assert.All(
            strings.SelectMany(
            one => Enumerable.Range(0, 5).Select(t => (Past: one.ToString()[..(t + 1)], Followers: one.Followers[t]))),
            pair => Assert.Equal(seen[pair.Past], pair.Followers));
    }

    [Fact]
    public void Test_strings_are_not_among_the_training_strings()
    {
        (List<ReberString> training, List<ReberString> test) = ReberString.DrawSets(new Random(3), 256);
        Assert.Equal((256, 256), (training.Count, test.Count));
        Assert.Empty(training.Select(one => one.ToString()).Intersect(test.Select(one => one.ToString())));
    }

    [Fact]
    public void Streams_go_on_where_they_were_and_targets_are_the_next_inputs()
    {
        ReberStreams streams = new(3, new Random(4));
        string text = "";
        int target = -1;
        for (int i = 0; i < 40; i++)
        {
            streams.Advance(7);
            for (int t = 0; t < 7; t++)
            {
                int symbol = streams.Input[1, t].IndexOf(1f);
                Assert.True(target == -1 || target == symbol);
                target = streams.Target[1, t].IndexOf(1f);
                text += EmbeddedReber.Symbols[symbol];
            }
        }

        Assert.Equal(280, streams.Length(1));
        string whole = text[..(text.LastIndexOf("EB", StringComparison.Ordinal) + 1)];
        Assert.All(Split(whole), one => Assert.Matches(Grammar, one));
        streams.Restart(1);
        Assert.Equal(0, streams.Length(1));
        streams.Advance(2);
        Assert.Equal('B', EmbeddedReber.Symbols[streams.Input[1, 0].IndexOf(1f)]);
        Assert.Equal(2, streams.Length(1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Marked_pairs_have_the_answer_of_their_marks(bool isProduct)
    {
        SequenceBatch<float> input = new(2), target = new(1);
        new MarkedPairs(30, isProduct).Draw(new Random(5), 3000, input, target);
        Assert.Equal([30, 31, 32, 33], input.Lengths.ToArray().Distinct().Order());
        int withFirst = 0;
        for (int b = 0; b < input.Count; b++)
        {
            int length = input.Lengths[b];
            int[] marked = [.. Enumerable.Range(0, length).Where(t => input[b, t][1] == 1)];
            float[] values = [.. marked.Select(t => input[b, t][0])];
            Assert.Equal([0, length - 1], Enumerable.Range(0, length).Where(t => input[b, t][1] == -1));
            Assert.InRange(marked.Length, 1, 2);
            Assert.True(marked.All(t => t < 15) && (marked.Length == 1 || marked.Any(t => t < 10)));
            Assert.Equal(isProduct ? values.Aggregate(1f, (x, y) => x * y) : 0.5f + (values.Sum() / 4), target[b, 0][0], 1e-6f);
            Assert.InRange(target[b, 0][0], 0, 1);
            withFirst += 2 - marked.Length;
        }

        // The first step is the first of the two with probability 1/10, the second of them with 9/10 · 1/14.
        Assert.InRange(withFirst, 400, 600);
    }

    [Fact]
    public void Temporal_order_hides_two_symbols_where_it_says()
    {
        SequenceBatch<float> input = new(TemporalOrder.Symbols.Length), target = new(4);
        new TemporalOrder(100).Draw(new Random(6), 500, input, target);
        HashSet<string> classes = [];
        for (int b = 0; b < input.Count; b++)
        {
            string text =
                string.Concat(Enumerable.Range(0, input.Lengths[b]).Select(t => TemporalOrder.Symbols[input[b, t].IndexOf(1f)]));
            Match match = Regex.Match(text, "^E[a-d]{9,19}(?<one>[XY])[a-d]{29,49}(?<two>[XY])[a-d]*B$");
            Assert.True(match.Success, text);
            Assert.InRange(text.Length, 100, 110);
            Assert.InRange(match.Groups["one"].Index, 10, 20);
            Assert.InRange(match.Groups["two"].Index, 50, 60);
            string order = match.Groups["one"].Value + match.Groups["two"].Value;
            Assert.Equal(Array.IndexOf(["XX", "XY", "YX", "YY"], order), target[b, 0].IndexOf(1f));
            classes.Add(order);
        }

        Assert.Equal(4, classes.Count);
    }

    [Fact]
    public void The_long_time_lag_ends_as_it_began()
    {
        Assert.Equal([4, 0, 1, 2, 4], LongLag.Sequence(4, isY: true));
        Assert.Equal([3, 0, 1, 2, 3], LongLag.Sequence(4, isY: false));
    }

    [Fact]
    public void Recent_forgets_what_is_older()
    {
        Recent recent = new(2, tolerance: 0.5);
        recent.Add([1, 2], [1, 3]);
        Assert.False(recent.IsFull);
        recent.Add([1, 2], [1.2f, 2]);
        Assert.Equal((true, 1), (recent.IsFull, recent.Wrong));
        Assert.Equal(0.3, recent.MeanError, 1e-6);
        recent.Add([float.NaN, 0], [0, 0]);
        Assert.Equal(1, recent.Wrong);
        recent.Add([0, 0], [0, 0]);
        recent.Add([0, 0], [0, 0.25f]);
        Assert.Equal(0, recent.Wrong);
        Assert.Equal(0.0625, recent.MeanError, 1e-9);
    }

    [Theory]
    [InlineData("reber", "modern")]
    [InlineData("reber", "1997 cell")]
    [InlineData("order", "1997 cell")]
    [InlineData("order", "modern")]
    [InlineData("longlag", "1997 cell")]
    [InlineData("continual", "modern")]
    public void Quick_tasks_are_learned(string name, string setup)
    {
        Experiment experiment = Catalogue.All.First(one => one.Name == name && one.Setup.Name == setup);
        Result result = Assert.Single(experiment.Run(seed: 1, experiment.Budget));
        Assert.True(result.IsMet, result.Remark);
        Assert.InRange(result.Presented, 1, experiment.Budget);
    }

    [Fact]
    public void A_spent_budget_is_a_task_not_learned()
    {
        Assert.All(Catalogue.All.GroupBy(one => one.Name).Select(group => group.First()), experiment =>
        {
            IReadOnlyList<Result> results = experiment.Run(seed: 1, budget: 40);
            Assert.Equal(experiment.Goals.Count, results.Count);
            Assert.All(results, result => Assert.False(result.IsMet));
        });
    }

    // A string has two E: the inner one's end and its own.
    private static IEnumerable<string> Split(string text)
    {
        for (int start = 0; start < text.Length;)
        {
            int inner = text.IndexOf('E', start);
            int end = text.IndexOf('E', inner + 1) + 1;
            yield return text[start..end];
            start = end;
        }
    }
}
