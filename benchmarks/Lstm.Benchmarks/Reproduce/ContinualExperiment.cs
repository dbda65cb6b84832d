using System.Diagnostics;

namespace Lstm.Benchmarks.Reproduce;

/// <summary>
/// The continual embedded Reber grammar (Gers, Schmidhuber &amp; Cummins 2000): strings one after the other without a mark or a
/// reset between them, until ten new streams are predicted without an error.
/// </summary>
/// <remarks>
/// A prediction is right when the squared error of each output is below 0.49, the target being the symbol that came. A training
/// stream ends with its first wrong prediction, or after a million symbols; a new one begins with a cleared state.
/// </remarks>
internal sealed class ContinualExperiment : Experiment
{
    private const int TestStreams = 10;
    private const int TestLength = 100_000;
    private const int LongestStream = 1_000_000;
    private const double Tolerance = 0.7;

    /// <summary>Symbols from one update to the next. The state is carried on, the gradient is not.</summary>
    public required int Chunk { get; init; }

    /// <summary>How much is presented between two tests.</summary>
    public required int TestEvery { get; init; }

    /// <summary>Factor of the learning rate for each symbol from a stream's beginning on.</summary>
    public double RateDecay { get; init; } = 1;

    public override IReadOnlyList<Result> Run(int seed, long budget)
    {
        Stopwatch clock = Stopwatch.StartNew();
        Random random = new(seed), testRandom = new(~seed);
        using Learner learner = new(Setup, seed);
        double rate = learner.Optimizer.LearningRate;
        ReberStreams streams = new(Setup.Batch, random);
        SequenceBatch<float> weights = new(featureSize: 1);
        NetworkState<float> state = learner.Network.CreateState(Setup.Batch);
        long presented = 0, ends = 0, tested = 0;
        while (presented < budget)
        {
            streams.Advance(Chunk);
            SequenceBatch<float> answers = learner.Answer(streams.Input, state);
            weights.Reshape(streams.Input.Lengths);
            List<int> ended = FindEnds(streams, answers, weights);
            learner.Learn(streams.Target, weights);
            learner.Optimizer.LearningRate *= Math.Pow(RateDecay, Chunk);
            foreach (int b in ended)
            {
                streams.Restart(b);
                state.Clear(b);
                learner.Optimizer.LearningRate = rate;
            }

            presented += Setup.Batch * Chunk;
            ends += ended.Count;
            if (presented - tested >= TestEvery)
            {
                tested = presented;
                if (ErrorFree(learner, testRandom, isPerfectWanted: true) == TestLength)
                {
                    return [new Result(true, presented, clock.Elapsed, $"{ends:n0} streams ended")];
                }
            }
        }

        double length = ErrorFree(learner, testRandom, isPerfectWanted: false);
        return [new Result(
            false, presented, clock.Elapsed, $"{ends:n0} streams ended; test streams without error for {length:n0} symbols")];
    }

    /// <summary>Which streams end in a chunk; what comes after their first error has weight 0.</summary>
    private static List<int> FindEnds(ReberStreams streams, SequenceBatch<float> answers, SequenceBatch<float> weights)
    {
        List<int> ended = [];
        for (int b = 0; b < answers.Count; b++)
        {
            int right = CountRight(answers, streams.Target, b);
            for (int t = 0; t < answers.StepCount; t++)
            {
                weights[b, t][0] = t <= right ? 1 : 0;
            }

            if (right < answers.StepCount || streams.Length(b) >= LongestStream)
            {
                ended.Add(b);
            }
        }

        return ended;
    }

    /// <summary>The mean length, at most the test's, for which new streams are predicted without an error.</summary>
    /// <param name="learner">The network.</param>
    /// <param name="random">What draws the streams.</param>
    /// <param name="isPerfectWanted">Whether nothing but the whole length is of interest: the first error ends the test.</param>
    private static double ErrorFree(Learner learner, Random random, bool isPerfectWanted)
    {
        ReberStreams streams = new(TestStreams, random);
        NetworkState<float> state = learner.Network.CreateState(TestStreams);
        int[] lengths = new int[TestStreams];
        bool[] failed = new bool[TestStreams];
        for (int steps = 0, chunk = 20; steps < TestLength && !failed.All(one => one);
            steps += chunk, chunk = Math.Min(2 * chunk, 1000))
        {
            chunk = Math.Min(chunk, TestLength - steps);
            streams.Advance(chunk);
            SequenceBatch<float> answers = learner.Test(streams.Input, state);
            for (int b = 0; b < TestStreams; b++)
            {
                if (!failed[b])
                {
                    int right = CountRight(answers, streams.Target, b);
                    lengths[b] += right;
                    failed[b] = right < chunk;
                }
            }

            if (isPerfectWanted && failed.Any(one => one))
            {
                break;
            }
        }

        return lengths.Average();
    }

    /// <summary>How many predictions of a stream are right before the first that is not.</summary>
    private static int CountRight(SequenceBatch<float> answers, SequenceBatch<float> target, int b)
    {
        for (int t = 0; t < answers.StepCount; t++)
        {
            ReadOnlySpan<float> answer = answers[b, t], symbol = target[b, t];
            for (int i = 0; i < answer.Length; i++)
            {
                if (!(Math.Abs(answer[i] - symbol[i]) < Tolerance))
                {
                    return t;
                }
            }
        }

        return answers.StepCount;
    }
}
