namespace Lstm.Benchmarks.Reproduce;

/// <summary>A task with one answer for each sequence, after its last step.</summary>
internal interface ILastStepTask
{
    int InputSize { get; }

    int OutputSize { get; }

    /// <summary>Fills a batch with new sequences, and the target with one row for each.</summary>
    void Draw(Random random, int count, SequenceBatch<float> input, SequenceBatch<float> target);
}
