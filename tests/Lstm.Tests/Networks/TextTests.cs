namespace Lstm.Tests.Networks;

/// <summary>What a debugger or a log shows.</summary>
public class TextTests
{
    [Fact]
    public void ToString_of_a_batch_says_its_sizes()
    {
        Assert.Equal(
            "SequenceBatch<Single>: 3 sequences, lengths 0…5, 8 steps in all, 2 features",
            SequenceBatch.FromSequences<float>([new float[10], [], new float[6]], 2).ToString());
        Assert.Equal("SequenceBatch<Int32>: 2 sequences, length 4, 8 steps in all, 1 features", SequenceBatch.FromSequences<int>([new int[4], new int[4]]).ToString());
        Assert.Equal("SequenceBatch<Double>: empty, 7 features", new SequenceBatch<double>(7).ToString());
    }

    [Fact]
    public void ToString_of_a_network_says_its_layers_and_the_number_of_parameters()
    {
        Network<float> network = Network.Create<float>(3, new LstmSpec(5) { Layers = 2, Direction = LstmDirection.Bidirectional }, new DenseSpec(2) { Name = "fc" });
        Assert.Equal($"Network<Single>: lstm 3→10, lstm 10→10, fc 10→2; {(2 * 20 * (3 + 5 + 1)) + (2 * 20 * (10 + 5 + 1)) + 22} parameters", network.ToString());
    }

    [Fact]
    public void ToString_of_a_training_result_is_one_line()
    {
        TrainingResult result = new()
        {
            Epochs = [new(0.5, double.NaN, 0.25, double.NaN), new(0.125, double.NaN, 1 / 3.0, double.NaN)],
            Steps = 12,
            SkippedSteps = 1,
            BestEpoch = 0,
            StoppedEarly = true,
            Elapsed = TimeSpan.FromSeconds(61.5),
        };
        Assert.Equal(
            "2 epochs, 12 steps (1 skipped), loss 0.125, validation loss 0.333333 (best 0.25 in epoch 1), stopped early, 00:01:01.5000000", result.ToString());
        Assert.Equal(
            "1 epochs, 12 steps, loss 0.5, 00:01:01.5000000",
            (result with { Epochs = [new(0.5, double.NaN, double.NaN, double.NaN)], SkippedSteps = 0, BestEpoch = null, StoppedEarly = false }).ToString());
    }

    [Fact]
    public void A_loss_is_called_by_its_plain_name()
    {
        SequenceBatch<int> labels = SequenceBatch.FromSequences<int>([[1]]);
        NotSupportedException e = Assert.Throws<NotSupportedException>(
            () => new MeanSquaredError<float>().Evaluate(SequenceBatch.FromSequences<float>([[1]]), labels));
        Assert.StartsWith("MeanSquaredError does not take integer labels", e.Message);
    }
}
