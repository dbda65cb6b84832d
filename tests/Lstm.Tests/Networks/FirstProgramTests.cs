using Lstm.Data;
using Lstm.Training;

namespace Lstm.Tests.Networks;

/// <summary>What a first program writes: float without being named, lists and arrays as they come.</summary>
public class FirstProgramTests
{
    private static readonly float[] Series = [.. Enumerable.Range(0, 40).Select(i => MathF.Sin(0.3f * i))];

    // Holds a property named like the static class.
    private Network<float> Network { get; } = Network<float>.Create(1, 7, new LstmSpec(4), new DenseSpec(1));

    [Fact]
    public void Float_need_not_be_named_to_create_train_and_predict()
    {
        List<TrainingBatch<float>> batches =
            new SlidingWindows(length: 8) { Target = WindowTarget.ManyToMany }.ToBatches(Series, featureSize: 1, batchSize: 4);
        Network<float> network = Lstm.Network.Create(inputSize: 1, seed: 7, new LstmSpec(4), new DenseSpec(1));
        Trainer<float> trainer = Trainer.Create(
            network, Loss.MeanSquaredError(), Optimizer.Adam(0.01), GradientClip.ByGlobalNorm(1));
        Trainer<float> other =
            new(Network, new MeanSquaredError<float>(), new Adam<float>(0.01)) { Clip = GradientClip.ByGlobalNorm(1) };
        TrainingResult result = trainer.Fit(batches, epochs: 3);
        other.Fit(batches, new TrainingOptions { Epochs = 3 });
        Assert.Equal(3, result.Epochs.Count);
        Assert.Equal(
            Network.Predict(SequenceBatch.FromSequences([Series])).Rows,
            network.Predict(SequenceBatch.FromSequences([Series])).Rows);
    }

    [Fact]
    public void Layers_come_from_any_sequence_of_specs()
    {
        IEnumerable<LayerSpec> specs = Enumerable.Repeat<LayerSpec>(new LstmSpec(3), 2).Append(new DenseSpec(1));
        Network<float>[] same =
        [
            Lstm.Network.Create(1, 5, specs), Lstm.Network.Create<float>(1, 5, specs), Network<float>.Create(1, 5, specs),
            Lstm.Network.Create(1, 5, new LstmSpec(3), new LstmSpec(3), new DenseSpec(1)),
        ];
        Assert.All(same, network => Assert.Equal(same[0].Predict(SequenceBatch.FromSequences([Series])).Rows,
            network.Predict(SequenceBatch.FromSequences([Series])).Rows));
        Assert.Equal(3, Lstm.Network.Create(1, specs).Specs.Count);
        Assert.Throws<ArgumentNullException>("layers", () => Lstm.Network.Create(1, (IEnumerable<LayerSpec>)null!));
    }

    [Fact]
    public void Losses_and_optimizers_in_float_take_what_their_constructors_take()
    {
        Assert.Equal(Reduction.Sum, Loss.MeanSquaredError(Reduction.Sum).Reduction);
        Assert.Equal(Reduction.Mean, Loss.MeanAbsoluteError().Reduction);
        Assert.Throws<ArgumentOutOfRangeException>(() => Loss.Huber(delta: 0));
        Assert.Equal(0.1, Loss.SoftmaxCrossEntropy(labelSmoothing: 0.1).LabelSmoothing);
        Assert.Equal(Reduction.Sum, Loss.BinaryCrossEntropyWithLogits(Reduction.Sum).Reduction);
        Assert.Equal(0.5, Optimizer.Sgd(0.5).LearningRate);
        Assert.Equal(new RMSprop<float>().LearningRate, Optimizer.RMSprop().LearningRate);
        Assert.Equal(0.7, Optimizer.AdamW(beta1: 0.7).Beta1);
        Assert.Equal((0.8, 0.9), (Optimizer.Adam(beta1: 0.8, beta2: 0.9).Beta1, Optimizer.Adam(beta1: 0.8, beta2: 0.9).Beta2));
    }

    [Fact]
    public void Batches_come_from_arrays_of_steps_matrices_and_any_sequences()
    {
        SequenceBatch<float> expected = SequenceBatch.FromSequences<float>([[1, 2, 3, 4], [5, 6]], featureSize: 2);
        float[][][] steps = [[[1, 2], [3, 4]], [[5, 6]]];
        IEnumerable<IEnumerable<float>> lists = [new List<float> { 1, 2, 3, 4 }, new Queue<float>([5, 6])];
        Assert.Equal(expected.ToList(), SequenceBatch.FromSteps(steps).ToList());
        Assert.Equal(expected.ToList(), SequenceBatch.FromSequences(lists, featureSize: 2).ToList());
        Assert.Equal(
            [1, 2, 3, 4], SequenceBatch.FromSequence(new float[,] { { 1, 2 }, { 3, 4 } })[0, 0].ToArray().Concat([3, 4]));
        Assert.Equal(2, SequenceBatch.FromSequence(new float[,] { { 1, 2 }, { 3, 4 } }).StepCount);
        Assert.Equal("sequences", Assert.Throws<ArgumentException>(() => SequenceBatch.FromSteps<float>([[]])).ParamName);
        Assert.Contains("Step 1 of sequence 0 has 1 values", Assert.Throws<ArgumentException>(
            () => SequenceBatch.FromSteps<float>([[[1, 2], [3]]])).Message);
        Assert.ThrowsAny<ArgumentException>(() => SequenceBatch.FromSequence(new float[3, 0]));
        Assert.Contains(
            "1 values", Assert.Throws<ArgumentException>(() => Lstm.Network.Create(2, new LstmSpec(2)).Predict([1f])).Message);
        Assert.Throws<ArgumentNullException>(() => SequenceBatch.FromSteps<float>([[[1]], null!]));
        Assert.Throws<ArgumentException>(() => SequenceBatch.FromSequences<float>(new List<IEnumerable<float>> { null! }));
    }

    [Fact]
    public void A_batch_is_gone_through_sequence_by_sequence()
    {
        List<float[]> seen = [];
        foreach (float[] sequence in SequenceBatch.FromSequences<float>([[1, 2], [], [3]]))
        {
            seen.Add(sequence);
        }

        Assert.Equal([[1, 2], [], [3]], seen);
    }

    [Fact]
    public void Step_and_Predict_give_arrays()
    {
        float[] whole = Network.Predict(Series);
        using NetworkStream<float> stream = Network.OpenStream();
        Assert.Equal(whole, Series.SelectMany(x => stream.Step([x])));
        Assert.Equal([], Network.Predict(Array.Empty<float>()));
        Network<float> ids = Lstm.Network.Create(3, new EmbeddingSpec(2), new LstmSpec(2));
        Assert.Throws<ArgumentException>(() => ids.Predict(Series));
    }

    [Fact]
    public void Progress_is_a_lambda()
    {
        List<TrainingBatch<float>> batches =
            new SlidingWindows(length: 8) { Target = WindowTarget.ManyToMany }.ToBatches(Series, featureSize: 1, batchSize: 40);
        List<int> epochs = [];
        StepDecay schedule = new(every: 1);
        Trainer<float> trainer = Trainer.Create(Network, Loss.MeanSquaredError(), Optimizer.Sgd(0.1), schedule: schedule);
        Assert.Same(schedule, trainer.Schedule);
        trainer.Fit(batches, new TrainingOptions { Epochs = 2 }, progress => epochs.Add(progress.Epoch));
        Assert.Equal([1, 2], epochs.Distinct());

        // Nulls mean no validation and no progress, as before there was a lambda.
        trainer.Fit(batches, new TrainingOptions(), null);
        trainer.Fit(batches, new TrainingOptions(), null, null, CancellationToken.None);
        Assert.Throws<ArgumentNullException>(
            "progress", () => trainer.Fit(batches, new TrainingOptions(), (Action<TrainingProgress>)null!));
    }

    [Fact]
    public void A_scaler_of_either_kind_is_read_back()
    {
        FeatureScaler[] scalers = [StandardScaler.Fit<float>(Series), MinMaxScaler.Fit<float>(Series)];
        foreach (FeatureScaler scaler in scalers)
        {
            scaler.SaveTo(Network.Metadata);
            FeatureScaler read = Scaler.LoadFrom(Network.Metadata);
            Assert.Equal(
                (scaler.GetType(), scaler.Centers[0], scaler.Scales[0]), (read.GetType(), read.Centers[0], read.Scales[0]));
        }

        Network.Metadata["scaler.kind"] = "logarithmic";
        Assert.Contains("'logarithmic'", Assert.Throws<InvalidDataException>(() => Scaler.LoadFrom(Network.Metadata)).Message);
        Assert.Throws<InvalidDataException>(() => Scaler.LoadFrom(Network.Metadata, "other"));
    }
}
