using Lstm.Formats.Safetensors;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>
/// An optimizer outside the library has what the library's have: decay, frozen parameters, workers, checkpoints, whole steps or
/// none.
/// </summary>
public class CustomOptimizerTests
{
    private static readonly LayerSpec[] Specs = [new LstmSpec(5) { Layers = 2, Dropout = 0.2 }, new DenseSpec(2)];

    [Theory]
    [InlineData(0, false)]
    [InlineData(0.1, false)]
    [InlineData(0.1, true)]
    public void Step_of_plain_descent_has_the_bits_of_Sgd(double decay, bool whole)
    {
        Trainer<double> own = Make(new CustomOptimizers.Momentum(0.05, 0, decay, whole)),
            sgd = Make(new Sgd<double>(0.05, weightDecay: decay));
        foreach (Trainer<double> trainer in new[] { own, sgd })
        {
            trainer.Optimizer.SetLearningRateFactor("dense.bias", 0.5);
            trainer.Optimizer.SetWeightDecay("dense.weight", 0.3);
            trainer.Network.SetTrainable("lstm.weight_hh_l0", false);
            trainer.Fit(Batches(), new TrainingOptions { Epochs = 2, Workers = 1 });
        }

        Close.SameBits<double>(sgd.Network.Flat, own.Network.Flat, "parameters");
    }

    [Fact]
    public void Step_with_decoupled_decay_shrinks_the_values_first()
    {
        Network<double> network = Network.Create<double>(2, 3, new DenseSpec(1)), plain = network.Clone();
        double[] start = [.. network.ReadParameter("dense.weight")];
        Gradient<double> gradient = network.CreateGradient();
        new CustomOptimizers.Momentum(0.5, 0, 0.25) { DecaysBy = WeightDecayKind.Decoupled }.Step(network, gradient);
        Assert.Equal(start.Select(value => value * 0.875), network.ReadParameter("dense.weight"));
        new CustomOptimizers.Momentum(0.5, 0, 0.25) { DecaysBy = WeightDecayKind.ByUpdate }.Step(plain, plain.CreateGradient());
        Assert.Equal(start, plain.ReadParameter("dense.weight"));
    }

    [Fact]
    public void Step_is_the_same_on_any_number_of_workers_and_in_parts_or_whole()
    {
        double[] expected = Run(null, false);
        using WorkerTeam team = SharingAll.Team(3);
        Close.SameBits<double>(expected, Run(team, false), "three workers");
        Close.SameBits<double>(expected, Run(team, true), "whole");

        static double[] Run(WorkerTeam? team, bool whole)
        {
            Network<double> network = Network.Create<double>(3, 7, new LstmSpec(37), new DenseSpec(7));
            Gradient<double> gradient = network.CreateGradient();
            foreach (Parameter parameter in network.Parameters)
            {
                parameter.Pack<double>(Sample.Values<double>(parameter.Count, parameter.Count), gradient.Flat);
            }

            CustomOptimizers.Momentum optimizer = new(0.1, 0.9, 0.01, whole);
            for (int step = 0; step < 3; step++)
            {
                optimizer.Step(network, gradient, team);
            }

            return network.Flat.ToArray();
        }
    }

    [Fact]
    public void Step_that_writes_to_padding_leaves_it_zero()
    {
        Network<double> network = Network.Create<double>(3, 7, new LstmSpec(5), new DenseSpec(7));
        CustomOptimizers.Filler optimizer = new();
        optimizer.Step(network, network.CreateGradient());
        HashSet<int> real =
            [.. network.Parameters.SelectMany(p => Enumerable.Range(0, p.Count).Select(i => p.Offset + p.IndexOf(i)))];
        for (int i = 0; i < network.Layout.Length; i++)
        {
            Assert.Equal(real.Contains(i) ? 3 : 0, network.Flat[i]);
            Assert.Equal(real.Contains(i) ? double.NaN : 0, optimizer.Parts[0].Buffers[0].Span[i]);
        }
    }

    [Fact]
    public void Update_of_whole_parameters_sees_shapes_and_makes_steps_of_relative_length()
    {
        Network<double> network =
            Network.Create<double>(3, 7, new LstmSpec(5) { Bias = LstmBias.None }, new DenseSpec(2) { Bias = false });
        Gradient<double> gradient = network.CreateGradient();
        foreach (Parameter parameter in network.Parameters)
        {
            parameter.Pack<double>(Sample.Values<double>(1, parameter.Count), gradient.Flat);
        }

        double[] before = [.. network.ReadParameter("dense.weight")];
        CustomOptimizers.Lars optimizer = new(0.01);
        optimizer.Step(network, gradient);
        Assert.Equal(["lstm.weight_ih_l0 [20, 3] 60", "lstm.weight_hh_l0 [20, 5] 100", "dense.weight [2, 5] 10"], optimizer.Seen);
        double moved =
            Math.Sqrt(network.ReadParameter("dense.weight").Zip(before, (now, old) => (now - old) * (now - old)).Sum());
        Assert.Equal(0.01 * Math.Sqrt(before.Sum(value => value * value)), moved, 1e-12);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LoadCheckpoint_goes_on_to_the_same_bits(bool whole)
    {
        Trainer<double> all = Make(Optimizer()), part = Make(Optimizer()), resumed = Make(Optimizer());
        all.Fit(Batches(), new TrainingOptions { Epochs = 3 });
        MemoryStream? file = null;
        part.Fit(
            Batches(), new TrainingOptions { Epochs = 2 },
            progress: new TrainerTests.Seen { Then = p => file ??= p is { Epoch: 2, Batch: 2 } ? Save(part) : null });
        resumed.Fit(Batches(), new TrainingOptions { Seed = 5 });
        resumed.LoadCheckpoint(file!);
        Assert.Equal(new TrainingPosition(1, 2, 6), resumed.Position);
        resumed.Fit(Batches(), new TrainingOptions { Epochs = 2 });
        Assert.Equal(Save(all).ToArray(), Save(resumed).ToArray());
        Assert.Equal(12, all.Optimizer.Parts[0].Scalars[1][0]);

        CustomOptimizers.Momentum Optimizer() => new(0.05, 0.9, 0.01, whole);
    }

    [Theory]
    [InlineData("optimizer.velocity.dense.bias", "The checkpoint has no tensor 'optimizer.velocity.dense.bias'")]
    [InlineData("optimizer.steps.dense.bias", "The checkpoint has no tensor 'optimizer.steps.dense.bias'")]
    [InlineData("+optimizer.other.dense.bias", "optimizer.other.dense.bias")]
    [InlineData("nan", "optimizer.power.dense.bias")]
    [InlineData("momentum", "The checkpoint's optimizer has momentum 0.8; this optimizer has momentum 0.9.")]
    [InlineData("+setting", "The checkpoint's optimizer has setting 1; this training's optimizer has no such setting.")]
    public void LoadCheckpoint_of_other_state_names_it_and_changes_nothing(string change, string message)
    {
        Trainer<double> trainer = Make(new CustomOptimizers.Momentum(0.05, 0.9));
        trainer.Fit(Batches(), new TrainingOptions());
        byte[] before = Save(trainer).ToArray();
        SafetensorsReader file = new(new MemoryStream(before));
        SafetensorsWriter writer = new();
        foreach ((string key, string text) in file.Metadata.Where(pair => pair.Key != SafetensorsHash.Key))
        {
            writer.Metadata[key] = key == "optimizer.momentum" && change == "momentum" ? "0.8" : text;
        }

        if (change == "+setting")
        {
            writer.Metadata["optimizer.setting"] = "1";
        }

        foreach (SafetensorsTensor tensor in file.Tensors.Where(tensor => tensor.Name != change))
        {
            double[] values = new double[tensor.Count];
            file.Read<double>(tensor, values);
            values[0] = change == "nan" && tensor.Name == "optimizer.power.dense.bias" ? double.NaN : values[0];
            writer.Add<double>(tensor.Name, [.. tensor.Shape.Select(size => (int)size)], () => values);
        }

        if (change.StartsWith("+optimizer", StringComparison.Ordinal))
        {
            writer.Add<double>(change[1..], [1], () => new double[1]);
        }

        writer.Seal();
        MemoryStream changed = new();
        writer.WriteTo(changed);
        changed.Position = 0;
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => trainer.LoadCheckpoint(changed)).Message);
        Assert.Equal(before, Save(trainer).ToArray());
    }

    [Fact]
    public void Fit_whose_update_throws_ends_at_the_last_completed_step()
    {
        CustomOptimizers.Momentum optimizer = new(0.05, 0.9);
        Trainer<double> whole = Make(new CustomOptimizers.Momentum(0.05, 0.9)), failing = Make(optimizer);
        whole.Fit(Batches(), new TrainingOptions { Epochs = 2 });
        optimizer.Then = parameter =>
        {
            if (optimizer.Steps == 5 && parameter.Name == "dense.weight")
            {
                throw new FormatException("broken");
            }
        };
        Assert.Throws<FormatException>(() => failing.Fit(Batches(), new TrainingOptions { Epochs = 2 }));
        Assert.Equal(5, optimizer.Steps);
        Assert.Equal(new TrainingPosition(1, 1, 5), failing.Position);
        optimizer.Then = null;
        failing.Fit(Batches(), new TrainingOptions());
        Assert.Equal(Save(whole).ToArray(), Save(failing).ToArray());
    }

    [Fact]
    public void Update_that_calls_back_is_refused()
    {
        CustomOptimizers.Momentum optimizer = new(0.05, 0.9);
        Trainer<double> trainer = Make(optimizer);
        double[] before = trainer.Network.Flat.ToArray();
        Action[] calls =
        [
            () => optimizer.Step(trainer.Network, trainer.Network.CreateGradient()),
            () => optimizer.SetWeightDecay("dense.bias", 1),
            () => trainer.Network.WriteParameter("dense.bias", trainer.Network.ReadParameter("dense.bias")),
            () => trainer.Fit(Batches(), new TrainingOptions()),
            () => trainer.LoadCheckpoint(new MemoryStream()),
            () => Save(trainer),
        ];
        foreach (Action call in calls)
        {
            optimizer.Then = _ => call();
            Assert.Throws<InvalidOperationException>(() => trainer.Fit(Batches(), new TrainingOptions()));
            Close.SameBits<double>(before, trainer.Network.Flat, "parameters");
            Assert.Equal(0, optimizer.Steps);
        }
    }

    [Fact]
    public void Step_of_another_network_and_with_nothing_to_train()
    {
        CustomOptimizers.Momentum optimizer = new(0.05, 0.9);
        Network<double> network = Network.Create<double>(3, 7, Specs), other = network.Clone();
        double[] before = network.Flat.ToArray();
        foreach (Parameter parameter in network.Parameters)
        {
            network.SetTrainable(parameter.Name, false);
        }

        optimizer.Step(network, network.CreateGradient());
        Assert.Equal(1, optimizer.Steps);
        Assert.Equal(before, network.Flat);
        Assert.Throws<InvalidOperationException>(() => optimizer.Step(other, other.CreateGradient()));
    }

    [Fact]
    public void Names_and_numbers_that_a_file_cannot_hold_throw()
    {
        Assert.Throws<ArgumentException>("buffers", () => new CustomOptimizers.Named(["a", "a"], []));
        Assert.Throws<ArgumentException>("buffers", () => new CustomOptimizers.Named(["a.b"], []));
        Assert.Throws<ArgumentException>("buffers", () => new CustomOptimizers.Named([""], []));
        Assert.Throws<ArgumentException>("buffers", () => new CustomOptimizers.Named(["weight_decay"], []));
        Assert.Throws<ArgumentException>("scalars", () => new CustomOptimizers.Named(["a"], [("a", 0)]));
        Assert.Throws<ArgumentException>("scalars", () => new CustomOptimizers.Named([], [("a", double.NaN)]));
        Assert.Throws<ArgumentOutOfRangeException>("learningRate", () => new CustomOptimizers.Momentum(double.NaN, 0));
        Assert.Throws<ArgumentOutOfRangeException>("weightDecay", () => new CustomOptimizers.Momentum(0.1, 0, -1));
        Network<double> network = Network.Create<double>(3, 7, Specs);
        InvalidOperationException e =
            Assert.Throws<InvalidOperationException>(
            () => new CustomOptimizers.Named([], [("n", 0)]).Step(network, network.CreateGradient()));
        Assert.Contains("'n' of parameter lstm.weight_ih_l0 to NaN in step 0", e.Message);
    }

    internal static MemoryStream Save(Trainer<double> trainer)
    {
        MemoryStream stream = new();
        trainer.SaveCheckpoint(stream);
        stream.Position = 0;
        return stream;
    }

    internal static List<TrainingBatch<double>> Batches() =>
        [.. Enumerable.Range(0, 4)
        .Select(i => new TrainingBatch<double>(
        Sample.Batch<double>(i, 3, 9, 0, 12 - i), Sample.Batch<double>(10 + i, 2, 9, 0, 12 - i)))];

    internal static Trainer<double> Make(Optimizer<double> optimizer, LearningRateSchedule? schedule = null) =>
        new(Network.Create<double>(3, 7, Specs), new MeanSquaredError<double>(),
        optimizer)
        { Clip = GradientClip.ByGlobalNorm(0.5), Schedule = schedule };
}
