using System.Numerics;
using Lstm.Formats;
using Lstm.Formats.Safetensors;
using Lstm.Tests.Formats;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Training;

public sealed class CheckpointFloatTests : CheckpointTests<float>;

public sealed class CheckpointDoubleTests : CheckpointTests<double>;

/// <summary>Trainings saved, and gone on with by new objects: the bits of those that were never interrupted.</summary>
public abstract class CheckpointTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Epochs = 3;

    private static readonly LayerSpec[] Specs =
        [new LstmSpec(5) { Layers = 2, Dropout = 0.3, LearnInitialState = true }, new DropoutSpec(0.2), new DenseSpec(2)];

    private static readonly Dictionary<string, Func<Optimizer<T>>> Optimizers = new()
    {
        ["sgd"] = () => new Sgd<T>(0.05),
        ["sgd momentum"] = () => new Sgd<T>(0.05, momentum: 0.9, dampening: 0.5),
        ["adam"] = () => new Adam<T>(0.01),
        ["adamw"] = () => new AdamW<T>(0.01),
        ["rmsprop"] = () => new RMSprop<T>(0.01, momentum: 0.5, centered: true),
    };

    private static readonly Dictionary<string, TrainingOptions> Ways = new()
    {
        ["shuffled"] = new() { Seed = 5 },
        ["accumulating"] = new() { Seed = 5, AccumulateBatches = 2 },
        ["carrying"] = new() { CarryState = true },
        ["carrying, accumulating"] = new() { CarryState = true, AccumulateBatches = 3 },
        ["carrying, truncating"] = new() { CarryState = true, TruncateAfter = 4 },
        ["truncating"] = new() { TruncateAfter = 4 },
        ["carrying, overlapping, computing again"] = new()
        {
            CarryState = true,
            StepEvery = 2,
            TruncateAfter = 5,
            RecomputeEvery = 2,
        },
    };

    public static TheoryData<string, string, int, int> Interruptions
    {
        get
        {
            TheoryData<string, string, int, int> data = [];
            foreach (string optimizer in Optimizers.Keys)
            {
                data.Add(optimizer, "shuffled", 2, 3);
                data.Add(optimizer, "carrying", 2, 3);
            }

            foreach (string way in Ways.Keys)
            {
                data.Add("adam", way, 1, 1);
                data.Add("adam", way, 2, 2);
                data.Add("adam", way, 1, 5);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Interruptions))]
    public void LoadCheckpoint_after_an_interrupted_Fit_goes_on_to_the_same_bits(
        string optimizer, string way, int epoch, int batch)
    {
        using TemporaryFolder folder = new();
        (Trainer<T> whole, Trainer<T> interrupted, Trainer<T> resumed) = (Make(optimizer), Make(optimizer), Make(optimizer));
        whole.Fit(Batches(way), Ways[way] with { Epochs = Epochs, Workers = 1 });
        Interrupt(interrupted, way, epoch, batch);
        interrupted.SaveCheckpoint(folder["c"]);
        Spoil(resumed);
        resumed.LoadCheckpoint(folder["c"]);
        Assert.Equal(interrupted.Position, resumed.Position);
        GoOn(resumed, way);
        AssertEqual(whole, resumed);
        GoOn(interrupted, way);
        AssertEqual(whole, interrupted);
    }

    [Fact]
    public void LoadCheckpoint_in_another_process_goes_on_to_the_same_bits()
    {
        using TemporaryFolder folder = new();
        ChildProcess.Run($"training.checkpoint.{typeof(T).Name}", [folder["c"]]).Succeeded();
        Trainer<T> whole = Make("adam"), resumed = Make("adam");
        whole.Fit(Batches(), Ways["carrying"] with { Epochs = Epochs, Workers = 1 });
        resumed.LoadCheckpoint(folder["c"]);
        Assert.Equal(new TrainingPosition(1, 2, 7), resumed.Position);
        GoOn(resumed, "carrying");
        AssertEqual(whole, resumed);
    }

    [Fact]
    public void SaveCheckpoint_from_progress_amid_accumulation_goes_on_to_the_same_bits()
    {
        MemoryStream file = new();
        Trainer<T> whole = Make("adam"), resumed = Make("adam");
        TrainerTests.Seen save = new() { Then = p => { if (p is { Epoch: 2, Batch: 4 }) { whole.SaveCheckpoint(file); } } };
        whole.Fit(Batches(), Ways["carrying, accumulating"] with { Epochs = Epochs, Workers = 1 }, progress: save);
        file.Position = 0;
        resumed.LoadCheckpoint(file);
        Assert.Equal(new TrainingPosition(1, 3, 8), resumed.Position);
        GoOn(resumed, "carrying, accumulating");
        AssertEqual(whole, resumed);
    }

    [Fact]
    public void Fit_cancelled_in_validation_goes_on_with_the_next_epoch()
    {
        Trainer<T> whole = Make("adam"), parts = Make("adam");
        whole.Fit(Batches(), new TrainingOptions { Epochs = Epochs });
        using CancellationTokenSource source = new();
        TrainerTests.Seen stop = new() { Then = p => { if (p is { Epoch: 1, Batch: 5 }) { source.Cancel(); } } };
        Assert.Throws<OperationCanceledException>(
            () => parts.Fit(Batches(), new TrainingOptions { Epochs = Epochs }, Batches(), stop, source.Token));
        Assert.Equal(new TrainingPosition(1, 0, 5), parts.Position);
        parts.Fit(Batches(), new TrainingOptions { Epochs = Epochs - 1 });
        AssertEqual(whole, parts);
    }

    [Fact]
    public void LoadCheckpoint_sets_learning_rates_decays_and_frozen_parameters_as_they_were()
    {
        Trainer<T> saved = Make("adam"), loaded = Make("adam");
        saved.Network.SetTrainable("dense.bias", false);
        saved.Optimizer.SetLearningRateFactor("dense.weight", 1 / 3.0);
        saved.Optimizer.SetWeightDecay("lstm.weight_ih_l0", 0.1);
        saved.Fit(Batches(), new TrainingOptions());
        saved.Optimizer.LearningRate = 0.1 + 0.2;
        loaded.Network.SetTrainable("dense.weight", false);
        loaded.LoadCheckpoint(Save(saved));
        Assert.Equal(saved.Optimizer.LearningRate, loaded.Optimizer.LearningRate);
        Assert.Equal(
            ["dense.bias"], loaded.Network.Parameters.Where(parameter => !parameter.Trainable)
            .Select(parameter => parameter.Name));
        saved.Fit(Batches(), new TrainingOptions());
        loaded.Fit(Batches(), new TrainingOptions());
        AssertEqual(saved, loaded);
    }

    [Fact]
    public void SaveCheckpoint_before_the_first_step_is_the_start()
    {
        Trainer<T> saved = Make("sgd momentum"), loaded = Make("sgd momentum");
        byte[] bytes = Save(saved).ToArray();
        Assert.Equal(bytes, Save(saved).ToArray());
        Spoil(loaded);
        loaded.LoadCheckpoint(new MemoryStream(bytes));
        Assert.Equal(bytes, Save(loaded).ToArray());
        saved.Fit(Batches(), new TrainingOptions());
        loaded.Fit(Batches(), new TrainingOptions());
        AssertEqual(saved, loaded);
    }

    [Fact]
    public void SaveCheckpoint_is_read_as_a_state_dict_too()
    {
        Trainer<T> trainer = Make("adam");
        trainer.Fit(Batches(), new TrainingOptions());
        Network<T> network = Network.Create<T>(3, 99, Specs);
        network.LoadStateDict(Save(trainer), new StateDictOptions { Prefix = "network." });
        Close.SameBits<T>(trainer.Network.Flat, network.Flat, "parameters");
    }

    [Fact]
    public void LoadCheckpoint_of_a_damaged_file_throws_and_changes_nothing()
    {
        Trainer<T> saved = Make("adam"), loaded = Make("adam");
        Interrupt(saved, "carrying", 1, 2);
        byte[] bytes = Save(saved).ToArray();
        Spoil(loaded);
        byte[] before = Save(loaded).ToArray();
        Random random = new(1);
        int header = 8 + (int)BitConverter.ToInt64(bytes);
        for (int i = 0; i < 200; i++)
        {
            byte[] damaged = [.. bytes];
            damaged[i % 2 == 0 ? random.Next(header) : random.Next(header, bytes.Length)] ^= (byte)(1 << random.Next(8));
            AssertRefused(loaded, damaged, before);
            AssertRefused(loaded, bytes[..random.Next(bytes.Length)], before);
        }

        AssertRefused(loaded, [.. bytes, 0], before);
    }

    [Fact]
    public void LoadCheckpoint_of_a_sealed_file_with_impossible_contents_throws_and_changes_nothing()
    {
        Trainer<T> saved = Make("adam"), loaded = Make("adam");
        Interrupt(saved, "carrying", 1, 2);
        byte[] bytes = Save(saved).ToArray(), before = Save(loaded).ToArray();
        AssertRefused(loaded, Remake(bytes, "optimizer.learning_rate", -1), before, "optimizer.learning_rate");
        AssertRefused(loaded, Remake(bytes, "optimizer.beta1_power.dense.bias", double.NaN), before, "beta1_power");
        AssertRefused(
            loaded, Remake(bytes, "optimizer.weight_decay.dense.bias", double.PositiveInfinity), before, "weight_decay");
        AssertRefused(loaded, Remake(bytes, "state.steps", -1), before, "state.steps");
        AssertRefused(loaded, Remake(bytes, metadata: ("batch", "-1")), before, "batch");
        AssertRefused(loaded, Remake(bytes, metadata: ("epoch", "3000000000")), before, "epoch");
        AssertRefused(loaded, Remake(bytes, metadata: ("frozen", "[\"x\"]")), before, "'x'");
        AssertRefused(loaded, Remake(bytes, metadata: ("version", "2")), before, "version '2'");
        loaded.LoadCheckpoint(new MemoryStream(Remake(bytes)));
        AssertEqual(saved, loaded);
    }

    [Fact]
    public void LoadCheckpoint_of_another_network_or_optimizer_names_the_difference()
    {
        byte[] bytes = Save(Make("adam")).ToArray();
        Refuse(": hiddenSize is 5, not 64; layers is 2, not 1; dropout is 0.3, not 0; learnInitialState is true, not false.",
            new Adam<T>(), 3, new LstmSpec(64), Specs[1], Specs[2]);
        Refuse("64", new Adam<T>(), 3, new LstmSpec(64), new DropoutSpec(0.2), new DenseSpec(2));
        Refuse("0.4", new Adam<T>(), 3, Specs[0], new DropoutSpec(0.4), Specs[2]);
        Refuse("3 layer specs; this network has 2", new Adam<T>(), 3, Specs[0], Specs[2]);
        Refuse("3 inputs", new Adam<T>(), 4, [.. Specs]);
        Refuse("kind adam; this optimizer has kind sgd", new Sgd<T>(0.01, 0.9), 3, [.. Specs]);
        Refuse("kind adamw", new AdamW<T>(), 3, [.. Specs]);
        Refuse("beta2 0.999; this optimizer has beta2 0.99", new Adam<T>(beta2: 0.99), 3, [.. Specs]);
        Refuse("not a checkpoint", new Adam<T>(), 3, [SaveModel(), .. Specs]);

        Network<T> other = Network.Create<T>(3, Specs);
        Adam<T> taken = new();
        new Trainer<T>(other, new MeanSquaredError<T>(), taken).Fit(Batches(), new TrainingOptions());
        Trainer<T> trainer = new(Network.Create<T>(3, Specs), new MeanSquaredError<T>(), taken);
        Assert.Throws<InvalidOperationException>(() => trainer.LoadCheckpoint(new MemoryStream(bytes)));
        Assert.Throws<InvalidOperationException>(() => trainer.SaveCheckpoint(new MemoryStream()));

        if (typeof(T) == typeof(float))
        {
            Trainer<double> wide = new(Network.Create<double>(3, Specs), new MeanSquaredError<double>(), new Adam<double>());
            Assert.Contains(
                "F64", Assert.Throws<InvalidDataException>(() => wide.LoadCheckpoint(new MemoryStream(bytes))).Message);
        }

        void Refuse(string what, Optimizer<T> optimizer, int inputs, params object[] rest)
        {
            Trainer<T> trainer =
                new(Network.Create<T>(inputs, [.. rest.OfType<LayerSpec>()]), new MeanSquaredError<T>(), optimizer);
            byte[] before = Save(trainer).ToArray();
            AssertRefused(trainer, rest.OfType<byte[]>().FirstOrDefault(bytes), before, what);
        }

        static byte[] SaveModel()
        {
            MemoryStream stream = new();
            Network.Create<T>(3, Specs).Save(stream);
            return stream.ToArray();
        }
    }

    [Fact]
    public void SaveCheckpoint_to_a_path_replaces_the_file_and_leaves_nothing_else()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder["c"], "old");
        Trainer<T> trainer = Make("rmsprop");
        trainer.SaveCheckpoint(folder["c"]);
        trainer.LoadCheckpoint(folder["c"]);
        Assert.Equal(["c"], folder.Files);
        Assert.Throws<ArgumentException>("path", () => trainer.SaveCheckpoint(string.Empty));
        Assert.Throws<FileNotFoundException>(() => trainer.LoadCheckpoint(folder["d"]));
    }

    /// <summary>In a process of its own: interrupts a training, saves it to the path given, and ends.</summary>
    internal static void InterruptAndSave(string path)
    {
        Trainer<T> trainer = Make("adam");
        Interrupt(trainer, "carrying", 2, 2);
        trainer.SaveCheckpoint(path);
    }

    private static Trainer<T> Make(string optimizer) =>
        new(Network.Create<T>(3, 7, Specs), new MeanSquaredError<T>(), Optimizers[optimizer]())
        {
            Clip = GradientClip.ByGlobalNorm(0.1),
        };

    private static List<TrainingBatch<T>> Batches() => Batches(1);

    // So many sequences that each step can be a segment that is computed again.
    private static List<TrainingBatch<T>> Batches(string way) => Batches(Ways[way].RecomputeEvery is null ? 1 : 35);

    private static List<TrainingBatch<T>> Batches(int copies)
    {
        return [.. Enumerable.Range(0, 5).Select(i => new TrainingBatch<T>(Batch(i, 3, i), Batch(10 + i, 2, i)))];

        SequenceBatch<T> Batch(int seed, int features, int shorter) =>
            Sample.Batch<T>(
                seed, features, [.. Enumerable.Repeat<int[]>([9, 0, 12 - shorter], copies).SelectMany(lengths => lengths)]);
    }

    private static void Interrupt(Trainer<T> trainer, string way, int epoch, int batch)
    {
        using CancellationTokenSource source = new();
        TrainerTests.Seen stop = new()
        {
            Then = p => { if (p.Epoch == epoch && p.Batch == batch && !p.IsEpochEnd) { source.Cancel(); } },
        };
        Assert.Throws<OperationCanceledException>(
            () => trainer.Fit(
                Batches(way), Ways[way] with { Epochs = Epochs, Workers = 1 }, progress: stop, cancellationToken: source.Token));
    }

    private static void GoOn(Trainer<T> trainer, string way) =>
        trainer.Fit(Batches(way), Ways[way] with { Epochs = Epochs - trainer.Position.Epoch, Workers = 2 });

    // Other parameters, state and position than a fresh trainer has.
    private static void Spoil(Trainer<T> trainer) =>
        trainer.Fit(Batches(), new TrainingOptions { Epochs = 2, Seed = 77, CarryState = true });

    private static MemoryStream Save(Trainer<T> trainer)
    {
        MemoryStream stream = new();
        trainer.SaveCheckpoint(stream);
        stream.Position = 0;
        return stream;
    }

    private static void AssertEqual(Trainer<T> expected, Trainer<T> actual)
    {
        Close.SameBits<T>(expected.Network.Flat, actual.Network.Flat, "parameters");
        Assert.Equal(Save(expected).ToArray(), Save(actual).ToArray());
    }

    private static void AssertRefused(Trainer<T> trainer, byte[] bytes, byte[] before, string message = "")
    {
        Assert.Contains(
            message, Assert.Throws<InvalidDataException>(() => trainer.LoadCheckpoint(new MemoryStream(bytes))).Message);
        Assert.Equal(before, Save(trainer).ToArray());
    }

    /// <summary>The same file with another value, or other metadata, and a hash that fits.</summary>
    private static byte[] Remake(
        byte[] bytes, string tensorName = "", double value = 0, (string Key, string Value)? metadata = null)
    {
        SafetensorsReader file = new(new MemoryStream(bytes));
        SafetensorsWriter writer = new();
        foreach ((string key, string text) in file.Metadata.Where(pair => pair.Key != SafetensorsHash.Key))
        {
            writer.Metadata[key] = key == metadata?.Key ? metadata.Value.Value : text;
        }

        foreach (SafetensorsTensor tensor in file.Tensors)
        {
            Action<SafetensorsTensor> copy = tensor.Type switch
            {
                "F64" => Copy<double>,
                "I32" => Copy<int>,
                _ => Copy<float>,
            };
            copy(tensor);
        }

        writer.Seal();
        MemoryStream stream = new();
        writer.WriteTo(stream);
        return stream.ToArray();

        void Copy<TValue>(SafetensorsTensor tensor)
            where TValue : unmanaged, INumberBase<TValue>
        {
            TValue[] values = new TValue[tensor.Count];
            file.Read<TValue>(tensor, values);
            values[0] = tensor.Name == tensorName ? TValue.CreateChecked(value) : values[0];
            writer.Add<TValue>(tensor.Name, [.. tensor.Shape.Select(size => (int)size)], () => values);
        }
    }
}
