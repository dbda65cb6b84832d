using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Diagnostics;
using Lstm.Formats;
using Lstm.Parameters;
using Lstm.Tests.Support;
using Lstm.Training;
using Lstm.Training.Losses;
using Lstm.Training.Models;

namespace Lstm.Tests.Training;

/// <summary>A model of two networks is trained by the trainer of one.</summary>
public class TrainableModelTests
{
    private const int Symbols = 4;

    [Fact]
    public void Backward_agrees_with_central_differences_in_every_parameter_of_both_networks()
    {
        EncoderDecoder<double> model = EncoderDecoder<double>.OfSymbols(Symbols, 3, 5);
        TrainingBatch<double> batch = Reversed<double>(3, [3, 0, 1, 4]);
        SoftmaxCrossEntropy<double> loss = new();
        PassCall<double> call = new() { Input = batch.Input, Target = batch.Target };
        using ModelPass<double> training = model.NewPass(new ModelPassOptions { Trains = true });
        using ModelPass<double> evaluation = model.NewPass(new ModelPassOptions());
        training.BeginStep();
        double value = training.Train(loss, call).Value;
        Assert.Equal(Evaluate(), value, 1e-14);
        List<GradientCheckEntry> entries = [];
        for (int n = 0; n < 2; n++)
        {
            Network<double> network = model.Networks[n];
            foreach (Parameter parameter in network.Parameters)
            {
                double[] values = new double[parameter.Count], analytic = new double[parameter.Count];
                parameter.Unpack<double>(network.Flat, values);
                parameter.Unpack<double>(training.AllGradients[n].Flat, analytic);
                Assert.Contains(analytic, element => element != 0);
                entries.Add(GradientCheck.Function(parameter.Name, values, Changed, analytic));
                Changed();

                double Changed()
                {
                    parameter.Pack<double>(values, network.Flat);
                    network.Touch();
                    return Evaluate();
                }
            }
        }

        Assert.All(entries, entry => Assert.True(entry.Error <= 1e-6, $"{entry}"));

        double Evaluate()
        {
            LossTotals totals = default;
            evaluation.Evaluate(loss, call, ref totals);
            return totals.Sum / totals.Normalizer;
        }
    }

    [Fact]
    public void Fit_learns_to_reverse_short_sequences()
    {
        EncoderDecoder<float> model = EncoderDecoder<float>.OfSymbols(Symbols, 64, 1);
        Trainer<float> trainer = new(model, new SoftmaxCrossEntropy<float>(), new Adam<float>(0.01))
        {
            Clip = GradientClip.ByGlobalNorm(1),
        };
        TrainingBatch<float>[] test = [Random(100)];
        trainer.Fit([.. Enumerable.Range(0, 16).Select(Random)], new TrainingOptions { Epochs = 40 });
        EvaluationResult result = trainer.Evaluate(test);
        Assert.InRange(result.Accuracy!.Value, 0.97, 1);
        Assert.InRange(result.Loss, 0, 0.1);

        // The decoder alone sees only the symbols before.
        foreach (Parameter parameter in model.Encoder.Parameters)
        {
            model.Encoder.WriteParameter(
                parameter.Name, Tensor.CreateFromShape<float>([.. parameter.Shape.Select(n => (nint)n)]));
        }

        Assert.InRange(trainer.Evaluate(test).Accuracy!.Value, 0, 0.8);

        static TrainingBatch<float> Random(int seed)
        {
            Random random = new(seed);
            return Reversed<float>(seed, [.. Enumerable.Range(0, 32).Select(_ => random.Next(1, 5))]);
        }
    }

    [Fact]
    public void LoadCheckpoint_within_an_epoch_that_was_cancelled_goes_on_to_the_same_bits()
    {
        Trainer<double> all = Make(1), part = Make(1), resumed = Make(9);
        all.Fit(Batches(), new TrainingOptions { Epochs = 3, Seed = 4 });
        using CancellationTokenSource source = new();
        Assert.Throws<OperationCanceledException>(() => part.Fit(
            Batches(), new TrainingOptions { Epochs = 3, Seed = 4 }, null,
            new TrainerTests.Seen { Then = p => Cancel(p is { Epoch: 2, Batch: 2 }) }, source.Token));
        Assert.Equal(TrainingOutcome.Canceled, part.LastResult!.Outcome);
        MemoryStream file = Save(part);
        resumed.Fit(Batches(), new TrainingOptions { Seed = 8 });
        resumed.LoadCheckpoint(file);
        Assert.Equal(part.Position, resumed.Position);
        Assert.Equal(new TrainingPosition(1, 2, 5), resumed.Position);
        resumed.Fit(Batches(), new TrainingOptions { Epochs = 2, Seed = 4 });
        Assert.Equal(Save(all).ToArray(), Save(resumed).ToArray());

        void Cancel(bool now)
        {
            if (now)
            {
                source.Cancel();
            }
        }
    }

    [Fact]
    public void LoadStateDict_reads_one_network_of_a_checkpoint()
    {
        Trainer<double> trainer = Make(1);
        trainer.Fit(Batches(), 1);
        Network<double> encoder = ((EncoderDecoder<double>)trainer.Model).Encoder;
        Network<double> other = EncoderDecoder<double>.OfSymbols(Symbols, 6, 77).Encoder;
        other.LoadStateDict(Save(trainer), new StateDictOptions { Prefix = "network.encoder.", AllowUnexpected = true });
        Assert.Equal(encoder.Flat.ToArray(), other.Flat.ToArray());
    }

    [Fact]
    public void LoadCheckpoint_of_another_model_names_its_networks_and_changes_nothing()
    {
        Trainer<double> several = Make(1);
        Network<double> network = EncoderDecoder<double>.OfSymbols(Symbols, 6, 1).Decoder;
        Trainer<double> single = new(network, new SoftmaxCrossEntropy<double>(), new Adam<double>());
        double[] before = network.Flat.ToArray();
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => single.LoadCheckpoint(Save(several)));
        Assert.Contains("'spec.encoder'; this training's networks are spec", e.Message);
        Assert.Equal(before, network.Flat.ToArray());
        before = several.Model.Networks[0].Flat.ToArray();
        e = Assert.Throws<InvalidDataException>(() => several.LoadCheckpoint(Save(single)));
        Assert.Contains("spec.encoder", e.Message);
        Assert.Equal(before, several.Model.Networks[0].Flat.ToArray());
    }

    [Fact]
    public void Evaluate_is_the_mean_over_all_labels_of_all_batches()
    {
        Trainer<double> trainer = Make(3);
        EncoderDecoder<double> model = (EncoderDecoder<double>)trainer.Model;
        double sum = 0, weight = 0;
        foreach (TrainingBatch<double> batch in Batches())
        {
            NetworkState<double> state = model.Encoder.CreateState(batch.Input[0].Ids!.Count);
            model.Encoder.Predict(batch.Input[0], state);
            LossSum part = trainer.Loss.EvaluateSum(model.Decoder.Predict(batch.Input[1], state), batch.Target.Labels!);
            (sum, weight) = (sum + part.Sum, weight + part.Weight);
        }

        EvaluationResult result = trainer.Evaluate(Batches());
        Assert.Equal(sum / weight, result.Loss, 1e-13);
        Assert.NotNull(result.Accuracy);
        Assert.Equal(result, trainer.Evaluate(Batches()));
    }

    [Fact]
    public void Fit_with_RestoreBest_ends_with_both_networks_of_the_best_epoch()
    {
        // Labels that have nothing to do with the source: the surer the model, the higher the loss.
        TrainingBatch<double> like = Reversed<double>(50, [4, 3, 4, 4]);
        TrainingBatch<double>[] validation = [new(like.Input, Reversed<double>(60, [4, 3, 4, 4]).Target)];
        Trainer<double> trainer = Make(1, rate: 0.05);
        TrainingResult result = trainer.Fit(Batches(), new TrainingOptions { Epochs = 30, RestoreBest = true }, validation);
        Assert.InRange(result.BestEpoch!.Value, 1, 29);
        Assert.Equal(result.Best!.Value.ValidationLoss, trainer.Evaluate(validation).Loss);
        Assert.NotEqual(result.Epochs[^1].ValidationLoss, result.Best!.Value.ValidationLoss);
    }

    [Theory]
    [InlineData(Shuffle.Batches, 1)]
    [InlineData(Shuffle.Sequences, 1)]
    [InlineData(Shuffle.Batches, 3)]
    public void Fit_gives_the_same_bits_on_any_number_of_workers(Shuffle shuffle, int accumulate)
    {
        TrainingOptions options = new() { Epochs = 2, Shuffle = shuffle, AccumulateBatches = accumulate };
        Trainer<double> one = Make(1), four = Make(1), start = Make(1);
        one.Fit(Batches(), options with { Workers = 1 });
        four.Fit(Batches(), options with { Workers = 4 });
        for (int n = 0; n < 2; n++)
        {
            Assert.Equal(one.Model.Networks[n].Flat.ToArray(), four.Model.Networks[n].Flat.ToArray());
            Assert.NotEqual(start.Model.Networks[n].Flat.ToArray(), one.Model.Networks[n].Flat.ToArray());
        }
    }

    [Fact]
    public void Fit_of_a_derived_model_of_one_network_gives_the_bits_of_the_network()
    {
        Network<double> network = Network.Create<double>(
            Symbols + 1, 3, new EmbeddingSpec(5), new LstmSpec(6), new DropoutSpec(0.2), new DenseSpec(Symbols));
        Network<double> derived = network.Clone();
        TrainingBatch<double>[] batches = [.. Batches().Select(batch => new TrainingBatch<double>(batch.Input[1], batch.Target))];
        new Trainer<double>(network, new SoftmaxCrossEntropy<double>(), new Adam<double>()).Fit(batches, 3);
        new Trainer<double>(new Alone(derived), new SoftmaxCrossEntropy<double>(), new Adam<double>()).Fit(batches, 3);
        Assert.Equal(network.Flat.ToArray(), derived.Flat.ToArray());
    }

    [Fact]
    public void Settings_of_parameters_are_found_by_the_name_of_their_network()
    {
        Trainer<double> trainer = Make(1);
        EncoderDecoder<double> model = (EncoderDecoder<double>)trainer.Model;
        trainer.Optimizer.SetLearningRateFactor("encoder.lstm.weight_hh_l0", 0);
        model.Decoder.SetTrainable("dense.bias", false);
        double[] still = [.. model.Encoder.ReadParameter("lstm.weight_hh_l0")];
        double[] moving = [.. model.Decoder.ReadParameter("lstm.weight_hh_l0")];
        double[] frozen = [.. model.Decoder.ReadParameter("dense.bias")];
        trainer.Fit(Batches(), 1);
        Assert.Equal(still, model.Encoder.ReadParameter("lstm.weight_hh_l0"));
        Assert.NotEqual(moving, model.Decoder.ReadParameter("lstm.weight_hh_l0"));
        Assert.Equal(frozen, model.Decoder.ReadParameter("dense.bias"));
        ArgumentException e = Assert.Throws<ArgumentException>(() => trainer.Optimizer.SetWeightDecay("lstm.weight_hh_l0", 0.1));
        Assert.Contains("encoder.lstm.weight_hh_l0", e.Message);

        Trainer<double> other = Make(2);
        other.LoadCheckpoint(Save(trainer));
        Assert.Equal(["dense.bias"], other.Model.Networks[1].Parameters.Where(p => !p.Trainable).Select(p => p.Name));
        int index = model.Encoder.Parameters.ToList().FindIndex(p => p.Name == "lstm.weight_hh_l0");
        Assert.Equal(0, other.Optimizer.Parts[0].Factors[index]);
    }

    [Fact]
    public void A_custom_optimizer_that_throws_leaves_both_networks_as_they_were()
    {
        CustomOptimizers.Momentum optimizer = new(0.1, 0.9);
        EncoderDecoder<double> model = EncoderDecoder<double>.OfSymbols(Symbols, 6, 1);
        Trainer<double> trainer = new(model, new SoftmaxCrossEntropy<double>(), optimizer);
        trainer.Fit(Batches(), 1);
        double[] encoder = model.Encoder.Flat.ToArray(), decoder = model.Decoder.Flat.ToArray();
        double[] velocity = optimizer.Parts[0].Buffers[0].Span.ToArray();
        optimizer.Then = parameter => _ = parameter.Name == "dense.bias" ? throw new ArithmeticException() : 0;
        Assert.Throws<ArithmeticException>(() => trainer.Fit(Batches(), new TrainingOptions { Workers = 1 }));
        Assert.Equal(encoder, model.Encoder.Flat.ToArray());
        Assert.Equal(decoder, model.Decoder.Flat.ToArray());
        Assert.Equal(velocity, optimizer.Parts[0].Buffers[0].Span.ToArray());
    }

    [Fact]
    public void A_gradient_that_is_not_finite_is_named_with_its_network()
    {
        Trainer<double> trainer = Make(1);
        Network<double> encoder = trainer.Model.Networks[0];
        encoder.Flat[encoder.Parameters.First(p => p.Name == "lstm.weight_hh_l0").Offset] = double.NaN;
        encoder.Touch();
        NonFiniteGradientException e = Assert.Throws<NonFiniteGradientException>(() => trainer.Fit(Batches(), 1));
        Assert.StartsWith("encoder.", e.ParameterName);
        Assert.Equal("encoder.lstm.weight_hh_l0", e.Origin!.Place);
    }

    [Fact]
    public void Batches_and_options_that_do_not_fit_are_refused_before_the_first_step()
    {
        Trainer<double> trainer = Make(1);
        TrainingBatch<double> good = Reversed<double>(1, [2, 3]), longer = Reversed<double>(1, [2, 3, 1]);
        double[] before = trainer.Network.Flat.ToArray();
        Refused(new TrainingBatch<double>(good.Input[1], good.Target), "The input has 1 parts; the model reads 2");
        Refused(new TrainingBatch<double>(new NetworkInput<double>(good.Input[0], longer.Input[1]), longer.Target),
            "has 2 sequences");
        Refused(new TrainingBatch<double>(good.Input, longer.Target), "batch 1 of the training batches");
        NetworkInput<double> unknown = SequenceBatch.FromSequences<int>([[1, 9], [1]]);
        Refused(new TrainingBatch<double>(new NetworkInput<double>(unknown, good.Input[1]), good.Target), "the id 9");
        Assert.Throws<NotSupportedException>(() => trainer.Fit([good], new TrainingOptions { TruncateAfter = 2 }));
        Assert.Throws<NotSupportedException>(() => trainer.Fit([good], new TrainingOptions { CarryState = true }));
        Assert.Throws<NotSupportedException>(() => trainer.Evaluate([good], new EvaluationOptions { CarryState = true }));
        Assert.Equal(before, trainer.Network.Flat.ToArray());
        Assert.Equal(0, trainer.Optimizer.Steps);

        void Refused(TrainingBatch<double> batch, string text)
        {
            ArgumentException e = Assert.Throws<ArgumentException>(() => trainer.Fit([good, batch], 1));
            Assert.Contains(text, e.Message);
        }
    }

    [Fact]
    public void Models_that_cannot_be_are_refused()
    {
        Network<double> network = Network.Create<double>(2, new LstmSpec(3)), other = network.Clone();
        Assert.Contains("0 networks", Assert.Throws<ArgumentException>(() => new Silent()).Message);
        Assert.Contains("'a.b'", Assert.Throws<ArgumentException>(() => new Silent(("a.b", network))).Message);
        Assert.Contains("name ''", Assert.Throws<ArgumentException>(() => new Silent((string.Empty, network))).Message);
        Assert.Contains("name 'a'", Assert.Throws<ArgumentException>(() => new Silent(("a", network), ("a", other))).Message);
        Assert.Contains("twice", Assert.Throws<ArgumentException>(() => new Silent(("a", network), ("b", network))).Message);
        Assert.Throws<ArgumentNullException>(() => new Silent(("a", null!)));
        Trainer<double> trainer = new(new Silent(("a", network)), new MeanSquaredError<double>(), new Adam<double>());
        SequenceBatch<double> batch = Sample.Batch<double>(1, 2, 3), target = Sample.Batch<double>(1, 3, 3);
        InvalidOperationException e = Assert.Throws<InvalidOperationException>(() => trainer.Fit([new(batch, target)], 1));
        Assert.Contains("did not call ForwardLoss", e.Message);
        Assert.Equal(other.Flat.ToArray(), network.Flat.ToArray());
    }

    [Fact]
    public void An_input_of_several_parts_gives_its_parts_and_no_network_reads_it()
    {
        SequenceBatch<int> ids = SequenceBatch.FromSequences<int>([[1, 2], [0]]);
        SequenceBatch<float> features = Sample.Batch<float>(1, 3, 4, 5, 6);
        NetworkInput<float> input = new(ids, features);
        Assert.Equal(2, input.PartCount);
        Assert.Same(ids, input[0].Ids);
        Assert.Same(features, input[1].Features);
        Assert.Same(features, input.Features);
        Assert.Null(input.Ids);
        Assert.Equal(3, new NetworkInput<float>(input, ids).PartCount);
        Assert.Equal(1, new NetworkInput<float>(ids).PartCount);
        Assert.Equal(1, ((NetworkInput<float>)ids).PartCount);
        Assert.Equal(0, default(NetworkInput<float>).PartCount);
        Assert.Throws<ArgumentOutOfRangeException>(() => input[2]);
        Assert.Throws<ArgumentNullException>(() => new NetworkInput<float>(ids, default(NetworkInput<float>)));
        Network<float> network = Network.Create<float>(3, new LstmSpec(2));
        ArgumentException e = Assert.Throws<ArgumentException>(() => network.Predict(input));
        Assert.Contains("The input has 2 parts, and a network reads 1", e.Message);
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Adam<float>());
        e = Assert.Throws<ArgumentException>(() => trainer.Fit([new(input, Sample.Batch<float>(2, 2, 4, 5, 6))], 1));
        Assert.Contains("The input has 2 parts, and a network reads 1", e.Message);
    }

    private static Trainer<double> Make(long seed, double rate = 0.01)
        => new(EncoderDecoder<double>.OfSymbols(Symbols, 6, seed, 0.2), new SoftmaxCrossEntropy<double>(), new Adam<double>(rate))
        {
            Clip = GradientClip.ByGlobalNorm(1),
        };

    private static MemoryStream Save(Trainer<double> trainer)
    {
        MemoryStream stream = new();
        trainer.SaveCheckpoint(stream);
        stream.Position = 0;
        return stream;
    }

    private static TrainingBatch<double>[] Batches()
        => [Reversed<double>(11, [3, 1, 4, 2]), Reversed<double>(12, [2, 0, 2]), Reversed<double>(13, [4, 4, 1])];

    /// <summary>Random sources, and their symbols in reverse: shifted by one for the decoder, and as labels.</summary>
    private static TrainingBatch<T> Reversed<T>(int seed, int[] lengths)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        List<int[]> sources = [.. lengths.Select((length, b) => Sample.IdSequence(seed, b, length, Symbols))];
        List<int[]> labels = [.. sources.Select(source => source.Reverse().ToArray())];
        List<int[]> shifted = [.. labels.Select(label => label.Prepend(Symbols).Take(label.Length).ToArray())];
        return new TrainingBatch<T>(
            new NetworkInput<T>(SequenceBatch.FromSequences<int>(sources), SequenceBatch.FromSequences<int>(shifted)),
            SequenceBatch.FromSequences<int>(labels));
    }

    /// <summary>One network, by the class that users derive from.</summary>
    private sealed class Alone(Network<double> network) : TrainableModel<double>(("alone", network))
    {
        protected override string? WhyNotInput(NetworkInput<double> input) => WhyNotInput(Networks[0], input);

        protected override ModelPass<double> CreatePass(ModelPassOptions options) => new Pass(this, options);

        private sealed class Pass(Alone model, ModelPassOptions options) : ModelPass<double>(model, options)
        {
            protected override void Forward(NetworkInput<double> input, NetworkTarget<double> target)
                => ForwardLoss(input, target);

            protected override void Backward() => model.Networks[0].Backward(Tapes[0], Gradients[0]);
        }
    }

    /// <summary>Runs nothing.</summary>
    private sealed class Silent(params (string Name, Network<double> Network)[] networks) : TrainableModel<double>(networks)
    {
        protected override string? WhyNotInput(NetworkInput<double> input) => null;

        protected override ModelPass<double> CreatePass(ModelPassOptions options) => new Pass(this, options);

        private sealed class Pass(Silent model, ModelPassOptions options) : ModelPass<double>(model, options)
        {
            protected override void Forward(NetworkInput<double> input, NetworkTarget<double> target)
            {
            }

            protected override void Backward()
            {
            }
        }
    }
}
