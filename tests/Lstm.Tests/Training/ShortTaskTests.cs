using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>Small tasks that take a few seconds: each needs something that a network without memory cannot do.</summary>
public class ShortTaskTests
{
    [Fact]
    public void Fit_learns_the_parity_of_the_last_three_bits()
    {
        EvaluationResult result = Learn((bits, t) => bits[t] ^ (t > 0 ? bits[t - 1] : 0) ^ (t > 1 ? bits[t - 2] : 0));
        Assert.Equal(1, result.Accuracy);
        Assert.InRange(result.Loss, 0, 0.05);
    }

    [Fact]
    public void Fit_learns_to_repeat_what_was_five_steps_ago()
    {
        EvaluationResult result = Learn((bits, t) => t < 5 ? 0 : bits[t - 5]);
        Assert.Equal(1, result.Accuracy);
        Assert.InRange(result.Loss, 0, 0.05);
    }

    [Fact]
    public void Fit_with_a_step_every_two_and_eight_back_learns_to_repeat_what_was_five_steps_ago()
    {
        EvaluationResult result = Learn((bits, t) => t < 5 ? 0 : bits[t - 5], new TrainingOptions
        {
            Epochs = 25,
            StepEvery = 2,
            TruncateAfter = 8,
        });
        Assert.Equal(1, result.Accuracy);
        Assert.InRange(result.Loss, 0, 0.05);

        // As many updates that go back two steps only.
        Assert.InRange(
            Learn((bits, t) => t < 5 ? 0 : bits[t - 5], new TrainingOptions { Epochs = 25, TruncateAfter = 2 }).Accuracy!.Value,
            0, 0.9);
    }

    /// <summary>Trains on ragged batches of random bits, with a label at each step, and evaluates on others.</summary>
    private static EvaluationResult Learn(Func<int[], int, int> label, TrainingOptions? options = null)
    {
        Random random = new(1);
        List<TrainingBatch<float>> training = [.. Enumerable.Range(0, 8).Select(_ => Batch())];
        List<TrainingBatch<float>> test = [Batch()];
        Network<float> network =
            Network.Create<float>(inputSize: 2, seed: 1, new EmbeddingSpec(4), new LstmSpec(32), new DenseSpec(2));
        Trainer<float> trainer = new(network, new SoftmaxCrossEntropy<float>(), new Adam<float>(0.01))
        {
            Clip = GradientClip.ByGlobalNorm(1),
        };
        trainer.Fit(training, options ?? new TrainingOptions { Epochs = 60 });
        return trainer.Evaluate(test);

        TrainingBatch<float> Batch()
        {
            List<int[]> bits =
                [.. Enumerable.Range(0, 32)
                    .Select(b => Enumerable.Range(0, 10 + (b % 15)).Select(_ => random.Next(2)).ToArray())];
            List<int[]> labels = [.. bits.Select(sequence => sequence.Select((_, t) => label(sequence, t)).ToArray())];
            return new TrainingBatch<float>(SequenceBatch.FromSequences<int>(bits), SequenceBatch.FromSequences<int>(labels));
        }
    }
}
