using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Lstm.Cells;
using Lstm.Parameters;
using Lstm.Simd;
using Lstm.Specs;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Formats;

public sealed class SavedFilesFloatTests : SavedFilesTests<float>;

public sealed class SavedFilesDoubleTests : SavedFilesTests<double>;

/// <summary>Files that the first version of each format wrote still load, to the same bits.</summary>
/// <remarks>
/// The files are in the Fixtures folder. <c>Lstm.Tests child formats.save FOLDER</c> wrote them; they are not written again when
/// a format changes.
/// </remarks>
public abstract class SavedFilesTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly string Suffix = typeof(T) == typeof(float) ? "f32" : "f64";

    // The dropout after a single layer has no effect; a file that has one loads all the same.
    private static readonly LayerSpec[] ModelSpecs =
    [
        new LstmSpec(4)
        {
            Name = "Gedächtnis 記憶",
            Direction = LstmDirection.Bidirectional,
            Merge = LstmMerge.Mean,
            Shortcut = LstmShortcut.Concatenate,
            Dropout = 0.25,
            Bias = LstmBias.Two,
            ForgetBias = 0.5,
            LearnInitialState = true,
            Cell = new LstmEquations
            {
                Peephole = true, CellClip = 3, GateActivation = new(LstmActivationFunction.HardSigmoid, 0.2, 0.5),
            },
        },
        new LstmSpec(3)
        {
            Layers = 2, Dropout = 0.1, Projection = new(2), Normalization = new LayerNormalization(),
            Regularization = new() { HiddenZoneout = 0.1 },
        },
        new DropoutSpec(0.2),
        new PoolingSpec(Pooling.Last),
        new DenseSpec(2) { Activation = Activation.Tanh, Bias = false },
    ];

    private static readonly LayerSpec[] TrainedSpecs =
        [new LstmSpec(3) { Layers = 2, Dropout = 0.3, LearnInitialState = true }, new DenseSpec(2)];

    [Fact]
    public void Load_of_a_saved_model_has_its_specs_parameters_and_metadata()
    {
        TensorFile file = TensorFile.Fixture($"saved_model.{Suffix}");
        Network<T> network = Network.Load<T>(Place("saved_model", ".safetensors"));
        Assert.Equal(3, network.InputSize);
        Assert.Equal(ModelSpecs, network.Specs);
        Assert.Equal([new("unit", "°C")], network.Metadata);
        Assert.Equal(
            ["dense.weight"], network.Parameters.Where(parameter => !parameter.Trainable).Select(parameter => parameter.Name));
        Assert.Equal(file.Names.Order(), network.Parameters.Select(parameter => parameter.Name).Order());
        AssertParameters(file, string.Empty, network);
    }

    [Fact]
    public void LoadCheckpoint_of_a_saved_one_within_an_epoch_has_its_tensors_position_and_states()
    {
        TensorFile file = TensorFile.Fixture($"saved_checkpoint.{Suffix}");
        Trainer<T> trainer = MakeTrainer();
        trainer.LoadCheckpoint(Place("saved_checkpoint", ".safetensors"));
        Assert.Equal(new TrainingPosition(1, 2, 6), trainer.Position);
        Assert.Equal(
            ["dense.bias"], trainer.Network.Parameters.Where(parameter => !parameter.Trainable)
            .Select(parameter => parameter.Name));
        Assert.Equal(6, trainer.Optimizer.Steps);
        AssertParameters(file, "network.", trainer.Network);

        NetworkState<T> state = trainer.State.CarriedState!;
        Assert.Equal(file.Longs("state.steps"), Array.ConvertAll(state.Steps.ToArray(), steps => (long)steps));
        for (int entry = 0; entry < state.Sizes.Count; entry++)
        {
            Close.SameBits<T>(Values(file, $"state.h.{entry}"), state.Hidden(entry), $"h of {entry}");
            Close.SameBits<T>(Values(file, $"state.c.{entry}"), state.Cell(entry), $"c of {entry}");
        }

        foreach ((int b, string buffer) in trainer.Optimizer.BufferNames.Index())
        {
            foreach (Parameter parameter in trainer.Network.Parameters)
            {
                T[] values = new T[parameter.Count];
                parameter.Unpack<T>(trainer.Optimizer.Parts[0].Buffers[b].Span, values);
                Close.SameBits<T>(Values(file, $"optimizer.{buffer}.{parameter.Name}"), values, buffer);
            }
        }
    }

    [Fact]
    public void FromBytes_of_a_saved_state_has_its_values()
    {
        byte[] bytes = File.ReadAllBytes(Place("saved_state", ".bin"));
        NetworkState<T> state = NetworkState.FromBytes<T>(bytes);
        Assert.Equal(3, state.Count);
        Assert.Equal([new(4, 4), new(4, 4), new(2, 3), new(2, 3)], state.Sizes);
        Assert.Equal([5, 0, 2], state.Steps.ToArray());

        // The header's numbers: version, bytes per value, sequences, entries, two sizes of each entry, steps of each sequence.
        Span<T> values = MemoryMarshal.Cast<byte, T>(bytes.AsSpan((8 + (4 * (4 + (2 * 4) + 3)))..^32));
        for (int entry = 0; entry < state.Sizes.Count; entry++)
        {
            Span<T> hidden = state.Hidden(entry), cell = state.Cell(entry);
            Close.SameBits<T>(values[..hidden.Length], hidden, $"h of {entry}");
            Close.SameBits<T>(values.Slice(hidden.Length, cell.Length), cell, $"c of {entry}");
            values = values[(hidden.Length + cell.Length)..];
        }

        Assert.True(values.IsEmpty);
    }

    /// <summary>Writes the files, as the version of that time did.</summary>
    internal static void Save(string folder)
    {
        Network<T> network = new(3, ModelSpecs, SimdDispatch.Best);
        network.Initialize(7);
        network.Metadata["unit"] = "°C";
        network.SetTrainable("dense.weight", false);
        network.Save(Path.Combine(folder, $"saved_model.{Suffix}.safetensors"));

        Trainer<T> trainer = MakeTrainer();
        trainer.Network.SetTrainable("dense.bias", false);
        using CancellationTokenSource source = new();
        Stop stop = new() { Source = source };
        TrainingBatch<T>[] batches =
            [.. Enumerable.Range(0, 4)
                .Select(i => new TrainingBatch<T>(Sample.Batch<T>(i, 3, 5, 3), Sample.Batch<T>(10 + i, 2, 5, 3)))];
        Assert.Throws<OperationCanceledException>(
            () => trainer.Fit(
            batches, new TrainingOptions { Epochs = 3, CarryState = true, Workers = 1 }, progress: stop,
            cancellationToken: source.Token));
        trainer.SaveCheckpoint(Path.Combine(folder, $"saved_checkpoint.{Suffix}.safetensors"));

        NetworkState<T> state = network.CreateState(3);
        Random random = new(4);
        for (int entry = 0; entry < state.Sizes.Count; entry++)
        {
            random.NextBytes(MemoryMarshal.AsBytes(state.Hidden(entry)));
            random.NextBytes(MemoryMarshal.AsBytes(state.Cell(entry)));
        }

        ((int[])[5, 0, 2]).CopyTo(state.Steps);
        File.WriteAllBytes(Path.Combine(folder, $"saved_state.{Suffix}.bin"), state.ToBytes());
    }

    private static Trainer<T> MakeTrainer() => new(
        Network.Create<T>(3, 7, TrainedSpecs), new MeanSquaredError<T>(), typeof(T) == typeof(float) ? new Adam<T>(0.01)
        : new RMSprop<T>(0.01, momentum: 0.5, centered: true));

    private static string Place(string name, string extension) => Path.Combine(Shared.Fixtures, $"{name}.{Suffix}{extension}");

    private static void AssertParameters(TensorFile file, string prefix, Network<T> network)
    {
        foreach (Parameter parameter in network.Parameters)
        {
            Tensor<T> tensor = network.ReadParameter(parameter.Name);
            T[] values = new T[tensor.FlattenedLength];
            tensor.FlattenTo(values);
            Assert.Equal(parameter.Shape, file.Shape(prefix + parameter.Name));
            Close.SameBits<T>(Values(file, prefix + parameter.Name), values, parameter.Name);
        }
    }

    // float to double and back is exact, but for the bits of NaNs, which no fixture of tensors has.
    private static T[] Values(TensorFile file, string name) => Array.ConvertAll(file.Doubles(name), T.CreateChecked);

    private sealed class Stop : IProgress<TrainingProgress>
    {
        public required CancellationTokenSource Source { get; init; }

        public void Report(TrainingProgress value)
        {
            if (value is { Epoch: 2, Batch: 2 })
            {
                Source.Cancel();
            }
        }
    }
}

internal static class SavedFilesScenario
{
    [ChildScenario("formats.save")]
    internal static void Save(string[] folder)
    {
        SavedFilesTests<float>.Save(folder[0]);
        SavedFilesTests<double>.Save(folder[0]);
    }
}
