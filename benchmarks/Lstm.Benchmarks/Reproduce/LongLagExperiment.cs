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

    /// <summary>The outputs alone, which learn first, before the cell is added, as in the paper.</summary>
    public required Func<int, Network<float>> Outputs { get; init; }

    /// <summary>The sequences that the outputs learn alone.</summary>
    public required int OutputsFirst { get; init; }

    public override IReadOnlyList<Result> Run(int seed, long budget)
    {
        Stopwatch clock = Stopwatch.StartNew();
        Random random = new(seed);
        using Learner outputs = new(Setup with { Network = Outputs }, seed), learner = new(Setup, seed);
        for (int presented = 0; presented < Math.Min(OutputsFirst, budget); presented += Setup.Batch)
        {
            Learn(outputs, random);
        }

        learner.Network.StartFrom(outputs.Network);
        for (long presented = OutputsFirst; presented < budget;)
        {
            Learn(learner, random);
            presented += Setup.Batch;
            if (presented / TestEvery != (presented - Setup.Batch) / TestEvery && LargestError(learner) < Tolerance)
            {
                return [new Result(true, presented, clock.Elapsed, "")];
            }
        }

        return [new Result(false, budget, clock.Elapsed, $"largest error {LargestError(learner):0.00}")];
    }

    private void Learn(Learner learner, Random random)
    {
        SequenceBatch<float> input = new(Lag + 1), target = new(Lag + 1);
        OneHot.WritePrediction(
            [.. Enumerable.Range(0, Setup.Batch).Select(_ => LongLag.Sequence(Lag, random.Next(2) == 1))], input, target);
        learner.Answer(input);
        learner.Learn(target);
    }

    private double LargestError(Learner learner)
    {
        SequenceBatch<float> input = new(Lag + 1), target = new(Lag + 1);
        OneHot.WritePrediction([LongLag.Sequence(Lag, isY: false), LongLag.Sequence(Lag, isY: true)], input, target);
        ReadOnlySpan<float> answers = learner.Test(input).Rows, targets = target.Rows;
        double largest = 0;
        for (int i = 0; i < answers.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs((double)answers[i] - targets[i]));
        }

        return largest;
    }
}
