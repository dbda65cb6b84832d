using System.Numerics;
using Lstm.Cells;
using Lstm.Diagnostics;
using Lstm.Formats;
using Lstm.Specs;
using Lstm.Tests.Support;
using Lstm.Tests.Training;

namespace Lstm.Tests.Cells;

/// <summary>
/// Cells that carry several state vectors, by the sLSTM: against its equations, and in all that carries states.
/// </summary>
[Trait("Category", "Widths")]
public abstract class SeveralStatesTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Inputs = 3;
    private static readonly CustomCell Cell = CustomCell.Of("slstm", default(StabilizedCell));
    private static readonly int[] Lengths = [5, 0, 9, 9, 1, 7, 3];

    protected abstract double Tolerance { get; }

    [Theory]
    [InlineData(1, false)]
    [InlineData(7, true)]
    [InlineData(16, false)]
    [InlineData(17, true)]
    public void Outputs_and_states_equal_the_equations(int units, bool reverse)
    {
        LstmSpec spec = new(units)
        {
            Cell = Cell,
            Bias = LstmBias.Two,
            Direction = reverse ? LstmDirection.Reverse : LstmDirection.Forward,
        };
        Network<T> network = Sample.Network<T>(1, Inputs, spec);
        NetworkState<T> state = PositiveState(network);
        double[][] x = [.. Lengths.Select((length, b) => Doubles(Sample.Sequence<T>(2, b, length, Inputs)))];
        double[] h = Doubles(state.Hidden(0)), c = Doubles(state.Cell(0));
        SequenceBatch<T> output = network.Predict(Sample.Batch<T>(2, Inputs, Lengths), state);
        for (int b = 0; b < Lengths.Length; b++)
        {
            (double[] expected, double[] hidden, double[] cell) = Naive(
                network, units, reverse, x[b], h[(b * units)..((b + 1) * units)], c[(3 * b * units)..(3 * (b + 1) * units)]);
            Close.Relative(expected, Doubles(output.GetSequence(b)), Tolerance, $"output of {b}");
            Close.Relative(hidden, Doubles(state.Hidden(0).Slice(b * units, units)), Tolerance, $"h of {b}");
            Close.Relative(cell, Doubles(state.Cell(0).Slice(3 * b * units, 3 * units)), Tolerance, $"c, n, m of {b}");
        }
    }

    [Fact]
    public void Sizes_of_states_and_learned_starts_count_each_vector()
    {
        Network<T> network = Create(new LstmSpec(9) { Cell = Cell, LearnInitialState = true });
        NetworkState<T> state = network.CreateState(2);
        Assert.Equal([new StateSize(9, 27)], state.Sizes);
        Assert.Equal(54, state.Cell(0).Length);
        Assert.Equal([27], network.ReadParameter("lstm.initial_c_l0").Lengths.ToArray().Select(length => (int)length));
        Assert.Equal(
            Doubles([.. network.ReadParameter("lstm.initial_c_l0")]),
            Doubles(state.Cell(0)[27..]));
    }

    [Fact]
    public void State_from_bytes_continues_with_the_same_bits()
    {
        Network<T> network = Create(new LstmSpec(9) { Cell = Cell, Layers = 2 });
        NetworkState<T> state = PositiveState(network);
        NetworkState<T> copy = NetworkState.FromBytes<T>(state.ToBytes());
        Close.SameBits(
            Sample.Flat(network.Predict(Sample.Batch<T>(2, Inputs, Lengths), state)),
            Sample.Flat(network.Predict(Sample.Batch<T>(2, Inputs, Lengths), copy)), "output");
        Close.SameBits(Sample.Flat(state), Sample.Flat(copy), "state");
    }

    [Fact]
    public void Two_passes_that_hand_on_the_state_give_the_bits_of_one()
    {
        Network<T> network = Create(new LstmSpec(17) { Cell = Cell, Layers = 2 });
        T[] x = Sample.Sequence<T>(2, 0, 9, Inputs);
        NetworkState<T> whole = network.CreateState(1), parts = network.CreateState(1);
        T[] expected = Sample.Flat(network.Predict(SequenceBatch.FromSequences<T>([x], Inputs), whole));
        T[] first = Sample.Flat(network.Predict(SequenceBatch.FromSequences<T>([x[..(4 * Inputs)]], Inputs), parts));
        T[] second = Sample.Flat(network.Predict(SequenceBatch.FromSequences<T>([x[(4 * Inputs)..]], Inputs), parts));
        Close.SameBits(expected, (T[])[.. first, .. second], "output");
        Close.SameBits(Sample.Flat(whole), Sample.Flat(parts), "state");
    }

    [Fact]
    public void Saved_network_is_loaded_with_its_bits()
    {
        Network<T> network =
            Create(new LstmSpec(9) { Cell = Cell, LearnInitialState = true, Direction = LstmDirection.Bidirectional });
        using MemoryStream file = new();
        network.Save(file);
        file.Position = 0;
        Network<T> loaded = Network.Load<T>(file, new LoadOptions { Cells = [Cell] });
        SequenceBatch<T> batch = Sample.Batch<T>(2, Inputs, Lengths);
        TrainingPass<T>.Run(network, batch, 3, withStates: false).AssertSameBits(
            TrainingPass<T>.Run(loaded, batch, 3, withStates: false), "loaded");
    }

    [Fact]
    public void Training_that_is_interrupted_within_an_epoch_and_resumed_gives_the_bits_of_one_run()
    {
        TrainingBatch<T>[] batches =
        [
            .. Enumerable.Range(0, 4).Select(b => new TrainingBatch<T>(
                Sample.Batch<T>(10 + b, Inputs, 6, 6), Sample.Batch<T>(20 + b, 1, 6, 6))),
        ];
        TrainingOptions options = new() { Epochs = 3, TruncateAfter = 2, CarryState = true };
        Trainer<T> whole = NewTrainer(), begun = NewTrainer(), resumed = NewTrainer();
        whole.Fit(batches, options);

        // Within an epoch of carried states, so that the checkpoint has some.
        using CancellationTokenSource source = new();
        TrainerTests.Seen stop = new()
        {
            Then = progress =>
            {
                if (progress.Epoch == 2 && progress.Batch == 2 && !progress.IsEpochEnd)
                {
                    source.Cancel();
                }
            },
        };
        Assert.Throws<OperationCanceledException>(
            () => begun.Fit(batches, options, progress: stop, cancellationToken: source.Token));
        using MemoryStream file = new();
        begun.SaveCheckpoint(file);
        file.Position = 0;
        resumed.LoadCheckpoint(file);
        resumed.Fit(batches, options with { Epochs = 3 - resumed.Position.Epoch });
        Close.SameBits(whole.Network.Flat.ToArray(), resumed.Network.Flat.ToArray(), "parameters");
    }

    [Fact]
    public void Trace_has_every_vector()
    {
        Network<T> network = Create(new LstmSpec(5) { Cell = Cell });
        using Tape<T> tape = network.CreateTape();
        NetworkState<T> state = network.CreateState(1);
        network.Forward(Sample.Batch<T>(2, Inputs, 4), state, tape);
        GateTrace<T> trace = new(network);
        trace.Read(tape);
        Close.SameBits(state.Cell(0).ToArray(), trace.Layers[0].Cell[0, 3].ToArray(), "c, n, m after the last step");
    }

    [Fact]
    public void Number_that_is_not_finite_is_found_in_the_last_vector()
    {
        Network<T> network = Create(new LstmSpec(5) { Cell = Cell });
        NetworkState<T> state = network.CreateState(1);
        state.Cell(0)[14] = T.PositiveInfinity;
        NonFiniteValue? found = NonFinite.Find(network, Sample.Batch<T>(2, Inputs, 4), state);
        Assert.Equal(("initial cell", 14), (found?.Quantity, found?.Index));
    }

    [Fact]
    public void Vector_that_is_not_set_keeps_its_value()
    {
        Network<T> network = Create(new LstmSpec(5) { Cell = CustomCell.Of("idle", default(IdleCell)) });
        NetworkState<T> state = network.CreateState(1);
        T[] values = Sample.Values<T>(1, 10);
        values.CopyTo(state.Cell(0));
        network.Predict(Sample.Batch<T>(2, Inputs, 4), state);
        Close.SameBits(values[5..], state.Cell(0)[5..].ToArray(), "the second vector in inference");
        using Tape<T> tape = network.CreateTape();
        network.Forward(Sample.Batch<T>(2, Inputs, 4), state, tape);
        Close.SameBits(values[5..], state.Cell(0)[5..].ToArray(), "the second vector on a tape");
    }

    private Trainer<T> NewTrainer()
        => new(Create(new LstmSpec(5) { Cell = Cell, Layers = 2 }, new DenseSpec(1)), new MeanSquaredError<T>(),
            new Adam<T>(0.01));

    private static Network<T> Create(params LayerSpec[] specs) => Sample.Network<T>(1, Inputs, specs);

    // A normaliser is above 0.
    private static NetworkState<T> PositiveState(Network<T> network)
    {
        NetworkState<T> state = Sample.State(network, Lengths.Length, 5);
        for (int entry = 0; entry < state.Sizes.Count; entry++)
        {
            foreach (ref T value in state.Cell(entry))
            {
                value = T.Abs(value) + T.CreateChecked(0.1);
            }
        }

        return state;
    }

    private static double[] Doubles(ReadOnlySpan<T> values) => Array.ConvertAll(values.ToArray(), double.CreateChecked);

    // The equations, step by step.
    private static (double[] Output, double[] Hidden, double[] Cell) Naive(
        Network<T> network, int units, bool reverse, double[] x, double[] h, double[] states)
    {
        double[] input = Doubles([.. network.ReadParameter("lstm.weight_ih_l0")]);
        double[] recurrent = Doubles([.. network.ReadParameter("lstm.weight_hh_l0")]);
        double[] first = Doubles([.. network.ReadParameter("lstm.bias_ih_l0")]);
        double[] second = Doubles([.. network.ReadParameter("lstm.bias_hh_l0")]);
        int steps = x.Length / Inputs;
        double[] output = new double[steps * units];
        for (int step = 0; step < steps; step++)
        {
            int t = reverse ? steps - 1 - step : step;
            double[] before = h;
            h = new double[units];
            for (int u = 0; u < units; u++)
            {
                double forget = -Math.Log(1 + Math.Exp(-Z(1, u))) + states[(2 * units) + u];
                double m = Math.Max(forget, Z(0, u));
                double i = Math.Exp(Z(0, u) - m);
                double f = Math.Exp(forget - m);
                states[u] = (f * states[u]) + (i * Math.Tanh(Z(2, u)));
                states[units + u] = (f * states[units + u]) + i;
                states[(2 * units) + u] = m;
                h[u] = states[u] / states[units + u] / (1 + Math.Exp(-Z(3, u)));
                output[(t * units) + u] = h[u];
            }

            double Z(int gate, int unit)
            {
                int row = (gate * units) + unit;
                double z = first[row] + second[row];
                for (int k = 0; k < Inputs; k++)
                {
                    z += input[(row * Inputs) + k] * x[(t * Inputs) + k];
                }

                for (int k = 0; k < units; k++)
                {
                    z += recurrent[(row * units) + k] * before[k];
                }

                return z;
            }
        }

        return (output, h, states);
    }

    // Declares a second vector, reads it, and never sets it.
    private readonly record struct IdleCell : ICustomCell<IdleCell>
    {
        public static int StateCount => 2;

        public TLane Forward<TLane>(ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units)
            where TLane : struct, ILane<TLane> => (0.5 * previous) + TLane.Tanh(g) + units.States[1];

        public void Backward<TLane>(
            ref TLane i,
            ref TLane f,
            ref TLane g,
            ref TLane o,
            TLane previous,
            TLane next,
            TLane outputGateGradient,
            ref TLane gradient,
            CellUnits<TLane> units)
            where TLane : struct, ILane<TLane> => gradient *= 0.5;
    }
}

public class SeveralStatesTestsOfFloat : SeveralStatesTests<float>
{
    protected override double Tolerance => 1e-4;
}

public class SeveralStatesTestsOfDouble : SeveralStatesTests<double>
{
    protected override double Tolerance => 1e-12;

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    public void One_step_equals_central_differences(int units)
    {
        LstmSpec spec = new(units) { Cell = CustomCell.Of("slstm", default(StabilizedCell)) };
        GradientCheck.Cell(new LstmCell<double>(Sample.Network<double>(3, 4, spec)), count: 3).ThrowIfAbove(1e-6);
    }
}
