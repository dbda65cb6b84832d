using System.Numerics;
using Lstm.Formats;
using Lstm.Tests.Cases;
using Lstm.Tests.Support;
using Lstm.Tests.Training;

namespace Lstm.Tests.Formats;

/// <summary>Models, states and checkpoints of every case go through files without losing a bit.</summary>
public abstract class CaseFileTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Load_of_a_saved_network_has_equal_specs_parameters_and_outputs_and_saves_equal_bytes(string name)
    {
        NetworkCase tested = NetworkCases.Get(name);
        Network<T> network = tested.Start<T>();
        network.Metadata["scaler"] = "mean \"1\"\n\\ ü 😀";
        network.Metadata[""] = "";
        if (network.Parameters.Count > 0)
        {
            network.SetTrainable(network.Parameters[0].Name, false);
        }

        byte[] bytes = Save(network);
        Network<T> loaded = Network.Load<T>(new MemoryStream(bytes), new LoadOptions { Cells = tested.Cells });
        Assert.Equal(network.Specs, loaded.Specs);
        Assert.Equal(network.Metadata, loaded.Metadata);
        Assert.Equal(
            network.Parameters.Select(parameter => $"{parameter} {parameter.Trainable}"),
            loaded.Parameters.Select(parameter => $"{parameter} {parameter.Trainable}"));
        Close.SameBits<T>(network.Flat, loaded.Flat, "parameters");
        NetworkInput<T> input = tested.Input<T>(1, tested.Lengths);
        Close.SameBits<T>(network.Predict(input).Rows, loaded.Predict(input).Rows, "output");
        Assert.Equal(bytes, Save(network));
        Assert.Equal(bytes, Save(loaded));
    }

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void FromBytes_of_a_state_has_its_bits_and_steps(string name)
    {
        Network<T> network = NetworkCases.Get(name).Create<T>();
        NetworkState<T> state = Sample.State(network, 3, 5);
        (state.Steps[0], state.Steps[2]) = (4, int.MaxValue);
        NetworkState<T> read = NetworkState.FromBytes<T>(state.ToBytes());
        Assert.Equal(state.Sizes, read.Sizes);
        Assert.Equal(state.Steps.ToArray(), read.Steps.ToArray());
        Close.SameBits(Sample.Flat(state), Sample.Flat(read), "state");
    }

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void LoadCheckpoint_goes_on_to_the_bits_of_a_training_that_was_not_interrupted(string name)
    {
        NetworkCase tested = NetworkCases.Get(name);
        (Trainer<T> whole, Trainer<T> interrupted, Trainer<T> resumed) = (Make(), Make(), Make());
        TrainingBatch<T>[] batches = [Batch(1, tested.Lengths), Batch(2, [.. tested.Lengths.Reverse()])];
        TrainingOptions options = new() { Epochs = 2, Workers = 1 };
        whole.Fit(batches, options);
        using CancellationTokenSource source = new();
        TrainerTests.Seen stop = new()
        {
            Then = p =>
            {
                if (p is { Epoch: 1, Batch: 1, IsEpochEnd: false })
                {
                    source.Cancel();
                }
            },
        };
        Assert.Throws<OperationCanceledException>(
            () => interrupted.Fit(batches, options, progress: stop, cancellationToken: source.Token));
        MemoryStream checkpoint = new();
        interrupted.SaveCheckpoint(checkpoint);
        checkpoint.Position = 0;
        resumed.Network.Initialize(99);
        resumed.LoadCheckpoint(checkpoint);
        resumed.Fit(batches, options);
        Assert.Equal(whole.Position, resumed.Position);
        Close.SameBits<T>(whole.Network.Flat, resumed.Network.Flat, "parameters");

        Trainer<T> Make() => new(tested.Start<T>(), tested.Loss.Create<T>(), new Adam<T>(0.01));

        TrainingBatch<T> Batch(int seed, int[] lengths)
            => new(tested.Input<T>(seed, lengths), tested.Target<T>(seed + 10, whole.Network.OutputSize, lengths));
    }

    private static byte[] Save(Network<T> network)
    {
        MemoryStream stream = new();
        network.Save(stream);
        return stream.ToArray();
    }
}

public sealed class CaseFileDoubleTests : CaseFileTests<double>;

public sealed class CaseFileFloatTests : CaseFileTests<float>;
