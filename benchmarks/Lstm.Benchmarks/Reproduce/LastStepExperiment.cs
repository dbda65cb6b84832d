using System.Diagnostics;

namespace Lstm.Benchmarks.Reproduce;

/// <summary>New sequences until the last 2000 were answered well enough before they were learned from; then a test.</summary>
internal sealed class LastStepExperiment : Experiment
{
    private const int RecentSequences = 2000;
    private const int TestSequences = 2560;

    public required ILastStepTask Sequences { get; init; }

    /// <summary>From what absolute error of an output value on a sequence is wrong.</summary>
    public required double Tolerance { get; init; }

    public override IReadOnlyList<Result> Run(int seed, long budget)
    {
        Stopwatch clock = Stopwatch.StartNew();
        Random random = new(seed);
        Recent recent = new(RecentSequences, Tolerance);
        using Learner learner = new(Setup, seed);
        SequenceBatch<float> input = new(Sequences.InputSize), target = new(Sequences.OutputSize);
        List<Result> results = [];
        long presented = 0;
        while (results.Count < Goals.Count && presented < budget)
        {
            Sequences.Draw(random, Setup.Batch, input, target);
            SequenceBatch<float> answers = learner.Answer(input);
            for (int b = 0; b < Setup.Batch; b++)
            {
                recent.Add(answers[b, 0], target[b, 0]);
            }

            learner.Learn(target);
            presented += Setup.Batch;
            while (results.Count < Goals.Count && ((LastStepGoal)Goals[results.Count]).IsMet(recent))
            {
                results.Add(new Result(true, presented, clock.Elapsed, Test(learner)));
            }
        }

        while (results.Count < Goals.Count)
        {
            results.Add(new Result(
                false, presented, clock.Elapsed,
                $"{recent.Wrong} of the last {RecentSequences} wrong, mean error {recent.MeanError:0.000}; {Test(learner)}"));
        }

        return results;
    }

    // The same test set for all, which no seed of a training can be.
    private string Test(Learner learner)
    {
        Random random = new(-1);
        Recent errors = new(TestSequences, Tolerance);
        SequenceBatch<float> input = new(Sequences.InputSize), target = new(Sequences.OutputSize);
        for (int i = 0; i < TestSequences; i += 64)
        {
            Sequences.Draw(random, 64, input, target);
            SequenceBatch<float> answers = learner.Test(input);
            for (int b = 0; b < 64; b++)
            {
                errors.Add(answers[b, 0], target[b, 0]);
            }
        }

        return $"test: {errors.Wrong} of {TestSequences} wrong, mean error {errors.MeanError:0.000}";
    }
}
