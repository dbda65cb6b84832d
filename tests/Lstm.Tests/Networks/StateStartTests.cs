using System.Numerics.Tensors;
using Lstm.Tests.Support;

namespace Lstm.Tests.Networks;

/// <summary>Where the sequences of a state start, and go back to.</summary>
public class StateStartTests
{
    private static Network<double> Network(bool learns = true)
        => Sample.Network<double>(
            1, 2, new LstmSpec(3) { Layers = 2, LearnInitialState = learns, Direction = LstmDirection.Bidirectional },
            new LstmSpec(4));

    [Fact]
    public void Clear_goes_back_to_the_learned_start()
    {
        Network<double> network = Network();
        NetworkState<double> state = network.CreateState(3), start = network.CreateState(3);
        Assert.Contains(Sample.Flat(start), value => value != 0);
        network.Predict(Sample.Batch<double>(1, 2, 4, 0, 6), state);
        Assert.NotEqual(Sample.Flat(start), Sample.Flat(state));
        double[] first = [.. state.Hidden(0)[..3]];
        state.Clear(1);
        state.Clear(2);
        Assert.Equal(start.Hidden(4)[4..].ToArray(), state.Hidden(4)[4..].ToArray());
        Assert.Equal(start.Cell(3)[3..].ToArray(), state.Cell(3)[3..].ToArray());
        Assert.Equal(first, state.Hidden(0)[..3].ToArray());
        Assert.Equal([4, 0, 0], state.Steps.ToArray());
        state.Clear();
        Assert.Equal(Sample.Flat(start), Sample.Flat(state));
        Assert.Equal([0, 0, 0], state.Steps.ToArray());
    }

    [Fact]
    public void Clear_goes_back_to_what_is_learned_by_then()
    {
        Network<double> network = Network();
        NetworkState<double> state = network.CreateState(1), copy = state.Clone();
        network.WriteParameter("lstm.initial_c_l1_reverse", Tensor.Create<double>([7, 8, 9], [3]));
        state.Clear();
        copy.Clear();
        Assert.Equal([7, 8, 9], state.Cell(3).ToArray());
        Assert.Equal([7, 8, 9], copy.Cell(3).ToArray());

        // The network that last ran it, as when a server has taken a newer one into use.
        Network<double> newer = network.Clone();
        newer.WriteParameter("lstm.initial_c_l1_reverse", Tensor.Create<double>([1, 2, 3], [3]));
        newer.Predict(Sample.Batch<double>(1, 2, 4), state);
        state.Clear();
        Assert.Equal([1, 2, 3], state.Cell(3).ToArray());
    }

    [Fact]
    public void Clear_without_a_learned_start_gives_zeros()
    {
        Network<double> network = Network(learns: false);
        NetworkState<double> state = Sample.State(network, 3, 5);
        state.Clear(0);
        Assert.All(state.Hidden(2)[..3].ToArray(), value => Assert.Equal(0, value));
        state.Clear();
        Assert.All(Sample.Flat(state), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Clear_of_a_state_of_bytes_needs_a_network_and_then_goes_back_to_its_start()
    {
        Network<double> network = Network();
        NetworkState<double> state = NetworkState.FromBytes<double>(network.CreateState(1).ToBytes());
        double[] before = Sample.Flat(state);
        Assert.Contains("network.CreateState", Assert.Throws<InvalidOperationException>(() => state.Clear()).Message);
        Assert.Throws<InvalidOperationException>(() => state.Clear(0));
        Assert.Throws<InvalidOperationException>(() => state.Clone().Clear());
        Assert.Equal(before, Sample.Flat(state));
        network.Predict(Sample.Batch<double>(1, 2, 4), state);
        state.Clear();
        Assert.Equal(Sample.Flat(network.CreateState(1)), Sample.Flat(state));
    }

    [Fact]
    public void A_state_of_gradients_starts_at_zero_and_goes_back_there()
    {
        Network<double> network = Network();
        NetworkState<double> gradient = network.CreateStateGradient(2);
        Assert.All(Sample.Flat(gradient), value => Assert.Equal(0, value));
        gradient.Hidden(0).Fill(1);
        gradient.Clear();
        Assert.All(Sample.Flat(gradient), value => Assert.Equal(0, value));
        using Tape<double> tape = network.CreateTape();
        network.Forward(Sample.Batch<double>(1, 2, 4, 2), tape);
        tape.OutputGradient.Rows.Fill(1);
        tape.FinalStateGradient = gradient;
        network.Backward(tape, network.CreateGradient());
        tape.InitialStateGradient.Clear();
        Assert.All(Sample.Flat(tape.InitialStateGradient), value => Assert.Equal(0, value));
        Assert.Throws<ArgumentOutOfRangeException>(() => network.CreateStateGradient(0));
    }
}
