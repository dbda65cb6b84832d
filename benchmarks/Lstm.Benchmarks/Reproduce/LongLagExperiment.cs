using System.Diagnostics;

namespace Lstm.Benchmarks.Reproduce;

/// <summary>
/// The noise-free long time lag problem (Hochreiter &amp; Schmidhuber 1997, experiment 2a): one of two sequences at random, until
/// all outputs of both are within the tolerance.
/// </summary>
/// <remarks>
/// The paper looks at 10,000 random sequences. There are but two, and an answer depends on nothing else, so that both once are
/// the same test.
/// </remarks>
internal sealed class LongLagExperiment : Experiment
{
    private const double Tolerance = 0.25;

    /// <summary>p, the symbols before the one that repeats the first.</summary>
    public required int Lag { get; init; }

    /// <summary>How many sequences are presented between two tests.</summary>
    public required int TestEvery { get; init; }

    public override IReadOnlyList<Result> Run(int seed, long budget)
    {
        Stopwatch clock = Stopwatch.StartNew();
        Random random = new(seed);
        using Learner learner = new(Setup, seed);
        int[][] sequences = [LongLag.Sequence(Lag, isY: false), LongLag.Sequence(Lag, isY: true)];
        SequenceBatch<float> input = new(Lag + 1), target = new(Lag + 1);
        long presented = 0;
        while (presented < budget)
        {
            OneHot.WritePrediction([.. Enumerable.Range(0, Setup.Batch).Select(_ => sequences[random.Next(2)])], input, target);
            learner.Answer(input);
            learner.Learn(target);
            presented += Setup.Batch;
            if (presented / TestEvery != (presented - Setup.Batch) / TestEvery && LargestError(learner, sequences) < Tolerance)
            {
                return [new Result(true, presented, clock.Elapsed, "")];
            }
        }

        return [new Result(false, presented, clock.Elapsed, $"largest error {LargestError(learner, sequences):0.00}")];
    }

    private double LargestError(Learner learner, int[][] sequences)
    {
        SequenceBatch<float> input = new(Lag + 1), target = new(Lag + 1);
        OneHot.WritePrediction(sequences, input, target);
        ReadOnlySpan<float> answers = learner.Test(input).Rows, targets = target.Rows;
        double largest = 0;
        for (int i = 0; i < answers.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs((double)answers[i] - targets[i]));
        }

        return largest;
    }
}
