using System.Diagnostics;

namespace Lstm.Benchmarks.Reproduce;

/// <summary>
/// The embedded Reber grammar (Hochreiter &amp; Schmidhuber 1997, experiment 1): strings drawn from a training set, until every
/// prediction for every string of the training set and of a test set is right.
/// </summary>
/// <remarks>A prediction is right when the outputs of the symbols that may follow are the largest ones.</remarks>
internal sealed class ReberExperiment : Experiment
{
    private const int SetSize = 256;

    /// <summary>How many strings are presented between two looks at both sets.</summary>
    public required int TestEvery { get; init; }

    public override IReadOnlyList<Result> Run(int seed, long budget)
    {
        Stopwatch clock = Stopwatch.StartNew();
        Random random = new(seed);
        (List<ReberString> training, List<ReberString> test) = ReberString.DrawSets(random, SetSize);
        using Learner learner = new(Setup, seed);
        SequenceBatch<float> input = new(EmbeddedReber.Symbols.Length), target = new(EmbeddedReber.Symbols.Length);
        long presented = 0;
        while (presented < budget)
        {
            OneHot.WritePrediction(
                [.. Enumerable.Range(0, Setup.Batch).Select(_ => training[random.Next(SetSize)].Symbols)], input, target);
            learner.Answer(input);
            learner.Learn(target);
            presented += Setup.Batch;
            if (presented / TestEvery != (presented - Setup.Batch) / TestEvery
                && Wrong(learner, training) + Wrong(learner, test) == 0)
            {
                return [new Result(true, presented, clock.Elapsed, "")];
            }
        }

        string remark =
            $"{Wrong(learner, training)} of {SetSize} training strings and {Wrong(learner, test)} of {SetSize} test strings "
            + "wrong";
        return [new Result(false, presented, clock.Elapsed, remark)];
    }

    /// <summary>How many strings have a wrong prediction.</summary>
    private static int Wrong(Learner learner, List<ReberString> strings)
    {
        SequenceBatch<float> input = new(EmbeddedReber.Symbols.Length), target = new(EmbeddedReber.Symbols.Length);
        OneHot.WritePrediction([.. strings.Select(one => one.Symbols)], input, target);
        SequenceBatch<float> answers = learner.Test(input);
        return Enumerable.Range(0, strings.Count).Count(b => !IsRight(strings[b], answers, b));
    }

    private static bool IsRight(ReberString one, SequenceBatch<float> answers, int b)
    {
        for (int t = 0; t < one.Followers.Length; t++)
        {
            if (!AreLargest(answers[b, t], one.Followers[t]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether each output of a set is larger than all others.</summary>
    private static bool AreLargest(ReadOnlySpan<float> outputs, int set)
    {
        float smallestInside = float.PositiveInfinity, largestOutside = float.NegativeInfinity;
        for (int i = 0; i < outputs.Length; i++)
        {
            if ((set >> i & 1) == 1)
            {
                smallestInside = MathF.Min(smallestInside, outputs[i]);
            }
            else
            {
                largestOutside = MathF.Max(largestOutside, outputs[i]);
            }
        }

        return smallestInside > largestOutside;
    }
}
