using Lstm.Data;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>Evaluation in pieces, with carried states, and without an output that is kept.</summary>
public class EvaluationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public void Evaluate_of_long_dense_batches_is_the_loss_of_the_whole_output(int count)
    {
        Network<float> network = Network.Create<float>(2, 7, new LstmSpec(4) { LearnInitialState = true }, new DenseSpec(1));
        int[] lengths = new int[count];
        Array.Fill(lengths, 10_000 / count);
        Random random = new(1);
        TrainingBatch<float> batch = new(
            Rows.Random<float>(random, lengths, 2), Rows.Random<float>(random, lengths, 1),
            Rows.Random<float>(random, lengths, 1));
        MeanAbsoluteError<float> loss = new() { Reduction = Reduction.Sum };
        double whole = loss.Evaluate(network.Predict(batch.Input.Features!), batch.Target.Values!, null, batch.Target.Weights);
        Trainer<float> trainer = new(network, loss, new Adam<float>());
        Assert.Equal(whole, trainer.Evaluate([batch], new EvaluationOptions { Workers = 1 }).Loss);
        Assert.Equal(whole, trainer.Evaluate([batch], new EvaluationOptions { Workers = 2 }).Loss);
    }

    [Theory]
    [InlineData(Activation.None)]
    [InlineData(Activation.Tanh)]
    public void Evaluate_of_long_ragged_batches_is_the_loss_of_the_whole_output(Activation last)
    {
        Network<double> network = Network.Create<double>(2, 7, new LstmSpec(4), new DenseSpec(1) { Activation = last });
        int[] lengths = [9_001, 0, 5_000, 1, 8_999];
        Random random = new(1);
        TrainingBatch<double> batch = new(Rows.Random<double>(random, lengths, 2), Rows.Random<double>(random, lengths, 1));
        MeanSquaredError<double> loss = new();
        double whole = loss.Evaluate(network.Predict(batch.Input.Features!), batch.Target.Values!);
        Assert.Equal(whole, new Trainer<double>(network, loss, new Adam<double>()).Evaluate([batch]).Loss, 1e-14 * whole);
    }

    [Fact]
    public void Evaluate_carries_states_as_the_validation_of_Fit_does()
    {
        Network<double> network = Network.Create<double>(2, 7, new LstmSpec(4), new DenseSpec(1));
        Random random = new(1);
        List<TrainingBatch<double>> parts =
            [.. Enumerable.Range(0, 3)
                .Select(_ => new TrainingBatch<double>(
                    Rows.Random<double>(random, [7, 7], 2), Rows.Random<double>(random, [7, 7], 1)))];
        Trainer<double> trainer = new(network, new MeanSquaredError<double>(), new Sgd<double>(0));
        double carried = trainer.Evaluate(parts, new EvaluationOptions { CarryState = true }).Loss;
        Assert.Equal(carried, trainer.Fit(parts, new TrainingOptions { CarryState = true }, parts).ValidationLoss);
        Assert.NotEqual(carried, trainer.Evaluate(parts).Loss);
        List<double[]> inputs = [Joined(0, part => part.Input.Features!), Joined(1, part => part.Input.Features!)],
            targets = [Joined(0, part => part.Target.Values!), Joined(1, part => part.Target.Values!)];
        TrainingBatch<double> joined =
            new(SequenceBatch.FromSequences<double>(inputs, 2), SequenceBatch.FromSequences<double>(targets));
        Assert.Equal(trainer.Evaluate([joined]).Loss, carried, 1e-15);

        double[] Joined(int sequence, Func<TrainingBatch<double>, SequenceBatch<double>> part)
            => [.. parts.SelectMany(p => part(p).GetSequence(sequence))];
    }

    [Fact]
    public void Evaluate_carries_states_over_lanes_unless_told_otherwise()
    {
        Network<float> network = Network.Create<float>(1, 7, new LstmSpec(4), new DenseSpec(1));
        float[] series = Sample.Values<float>(1, 61);
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Sgd<float>(0));
        List<TrainingBatch<float>> lanes = new Lanes(3, stepsPerBatch: 5).ToBatches<float>(series, featureSize: 1);
        double carried = trainer.Evaluate(lanes, new EvaluationOptions { CarryState = true }).Loss;
        Assert.Equal(carried, trainer.Evaluate(lanes).Loss);
        Assert.NotEqual(carried, trainer.Evaluate(lanes, new EvaluationOptions { CarryState = false }).Loss);
        List<TrainingBatch<float>> windows =
            new SlidingWindows(5) { Stride = 5, Target = WindowTarget.ManyToMany }.ToBatches<float>(series, 1, 1);
        Assert.Equal(
            trainer.Evaluate(windows, new EvaluationOptions { CarryState = false }).Loss, trainer.Evaluate(windows).Loss);
    }

    [Fact]
    public void Evaluate_of_a_large_vocabulary_keeps_no_logits()
    {
        const int words = 20_000, steps = 2_000;
        Network<float> network = Network.Create<float>(words, 7, new EmbeddingSpec(4), new LstmSpec(4), new DenseSpec(words));
        SequenceBatch<int> ids = Sample.Ids(1, words, steps);
        Trainer<float> trainer = new(network, new SoftmaxCrossEntropy<float>(), new Adam<float>());
        long before = GC.GetAllocatedBytesForCurrentThread();
        EvaluationResult result = trainer.Evaluate([new TrainingBatch<float>(ids, ids)], new EvaluationOptions { Workers = 1 });
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(
            allocated < (long)words * steps * sizeof(float) / 4,
            $"{allocated} bytes were allocated; the logits take {(long)words * steps * sizeof(float)}.");
        Assert.Equal(new SoftmaxCrossEntropy<float>().Evaluate(network.Predict(ids), ids), result.Loss);
        Assert.NotNull(result.Accuracy);
    }

    [Fact]
    public void Evaluate_of_a_long_series_takes_memory_for_a_piece_of_it()
    {
        const int steps = 200_000;
        Network<float> network = Network.Create<float>(1, 7, new LstmSpec(64), new DenseSpec(1));
        SequenceBatch<float> series = SequenceBatch.FromSequences<float>([new float[steps]]);
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Adam<float>());
        long before = GC.GetAllocatedBytesForCurrentThread();
        trainer.Evaluate([new TrainingBatch<float>(series, series)], new EvaluationOptions { Workers = 1 });
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(
            allocated < steps * 64L * sizeof(float) / 8,
            $"{allocated} bytes were allocated; the hidden states of all steps take {steps * 64L * sizeof(float)}.");
    }

    [Fact]
    public void Evaluate_is_cancelled_within_a_long_series()
    {
        Network<float> network = Network.Create<float>(1, 7, new LstmSpec(8), new DenseSpec(1));
        SequenceBatch<float> series = SequenceBatch.FromSequences<float>([new float[300_000]]);
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Adam<float>());
        using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(1));
        Assert.Throws<OperationCanceledException>(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                trainer.Evaluate([new TrainingBatch<float>(series, series)], null, stop.Token);
            }
        });
    }
}
