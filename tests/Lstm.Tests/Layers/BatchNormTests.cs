using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Cells;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Specs;
using Lstm.Tests.Formats;
using Lstm.Tests.Reference;
using Lstm.Tests.Support;

namespace Lstm.Tests.Layers;

public sealed class BatchNormFloatTests : BatchNormTests<float>;

public sealed class BatchNormDoubleTests : BatchNormTests<double>;

/// <summary>Recurrent batch normalisation: its bits, its statistics, and who may change them.</summary>
public abstract class BatchNormTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] Lengths = [5, 0, 9, 9, 1, 7, 3, 9, 2, 6, 4, 8, 0];

    public static TheoryData<string> Networks { get; } = new("plain", "variants", "bidirectional", "large");

    [Theory]
    [MemberData(nameof(Networks))]
    public void Pass_at_every_width_gives_the_same_bits(string name)
    {
        foreach (bool training in (bool[])[true, false])
        {
            TrainingPass<T> expected = Run(Create(name, SimdWidth.Scalar), training);
            foreach (SimdWidth width in Enum.GetValues<SimdWidth>().Where(SimdDispatch.IsAccelerated))
            {
                expected.AssertSameBits(Run(Create(name, width), training), $"{width}, training {training}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Pass_on_several_workers_gives_the_bits_of_one(string name)
    {
        Network<T> network = Create(name);
        foreach (bool training in (bool[])[true, false])
        {
            TrainingPass<T> expected = Run(network, training);
            for (int workers = 2; workers <= 3; workers++)
            {
                expected.AssertSameBits(Run(network, training, workers), $"{workers} workers, training {training}");
            }
        }
    }

    [Fact]
    public void Steps_of_a_large_layer_are_shared_among_workers()
    {
        using Tape<T> tape = Create("large").CreateTape(2);
        tape.Pass.Team.Sharing = Sharing.Worthwhile;
        tape.Network.Forward(Sample.Batch<T>(1, 3, [.. Enumerable.Repeat(40, 9)]), tape);
        Assert.True(tape.Pass.Team.SharedRuns >= 40);
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Each_sequence_alone_has_in_evaluation_the_bits_it_has_in_a_batch(string name)
    {
        Network<T> network = Create(name);
        using Tape<T> tape = network.CreateTape(), alone = network.CreateTape();
        tape.Training = alone.Training = false;
        NetworkState<T> state = Sample.State(network, Lengths.Length, 7);
        for (int b = 0; b < Lengths.Length; b++)
        {
            state.Steps[b] = b % 4;
        }

        NetworkState<T>[] states = [.. Lengths.Select((_, b) => Row(network, state, b))];
        SequenceBatch<T> batch = Sample.Batch<T>(1, 3, Lengths);
        network.Forward(batch, state, tape);
        Sample.Values<T>(3, tape.OutputGradient.Rows.Length).CopyTo(tape.OutputGradient.Rows);
        network.Backward(tape, network.CreateGradient());
        for (int b = 0; b < Lengths.Length; b++)
        {
            network.Forward(SequenceBatch.FromSequences<T>([batch.GetSequence(b)], 3), states[b], alone);
            tape.OutputGradient.GetSequence(b).CopyTo(alone.OutputGradient.Rows);
            network.Backward(alone, network.CreateGradient());
            Close.SameBits(tape.Output.GetSequence(b), alone.Output.GetSequence(0), $"output {b}");
            Close.SameBits(Sample.Flat(Row(network, state, b)), Sample.Flat(states[b]), $"final state {b}");
            Close.SameBits(tape.InputGradient.GetSequence(b), alone.InputGradient.GetSequence(0), $"input gradient {b}");
            Assert.Equal((b % 4) + Lengths[b], states[b].Steps[0]);
            Assert.Equal((b % 4) + Lengths[b], state.Steps[b]);
        }
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Predict_equals_forward_in_evaluation_mode(string name)
    {
        Network<T> network = Create(name);
        using Tape<T> tape = network.CreateTape();
        tape.Training = false;
        foreach (int[] lengths in (int[][])[Lengths, [400, 3, 299], [0, 0], [1]])
        {
            SequenceBatch<T> batch = Sample.Batch<T>(1, 3, lengths);
            network.Forward(batch, tape);
            using Workspace<T> workspace = network.CreateWorkspace(2).SharesAll();
            Close.SameBits(Sample.Flat(tape.Output), Sample.Flat(network.Predict(batch, null, workspace)), "output");
        }
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("variants")]
    [InlineData("large")]
    public void Step_of_one_session_or_of_several_equals_batch(string name)
    {
        const int Sequences = 3, Steps = 7;
        Network<T> network = Create(name);
        SequenceBatch<T> batch = Sample.Batch<T>(1, 3, [.. Enumerable.Repeat(Steps, Sequences)]);
        NetworkState<T> final = network.CreateState(Sequences);
        SequenceBatch<T> expected = network.Predict(batch, final);
        using NetworkStream<T> one = network.OpenStream(), several = network.OpenStream(Sequences + 1);
        T[] output = new T[network.OutputSize];
        for (int b = 0; b < Sequences; b++)
        {
            one.Reset();
            for (int t = 0; t < Steps; t++)
            {
                one.Step(batch[b, t], output);
                Close.SameBits<T>(expected[b, t], output, $"sequence {b}, step {t}");
            }

            Assert.Equal(Steps, one.State.Steps[0]);
        }

        // Session b + 1 has sequence b, one session starting after the other.
        for (int call = 0; call < Steps + Sequences - 1; call++)
        {
            int[] sessions = [.. Enumerable.Range(0, Sequences).Where(b => call - b is >= 0 and < Steps).Select(b => b + 1)];
            T[] outputs = new T[sessions.Length * network.OutputSize];
            several.Step(sessions, [.. sessions.SelectMany(s => batch[s - 1, call - s + 1].ToArray())], outputs);
            for (int i = 0; i < sessions.Length; i++)
            {
                Close.SameBits<T>(
                    expected[sessions[i] - 1, call - sessions[i] + 1],
                    outputs.AsSpan(i * network.OutputSize, network.OutputSize), $"call {call}");
            }
        }

        Assert.Equal([0, Steps, Steps, Steps], several.State.Steps.ToArray());
        Assert.Equal([Steps, Steps, Steps], final.Steps.ToArray());
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(17, 1)]
    [InlineData(33, 2)]
    public void Padding_stays_zero_in_parameters_and_gradients(int units, int sequences)
    {
        Network<T> network = Sample.Network<T>(1, 3, Spec(units) with
        {
            Cell = new LstmEquations
            {
                CellActivation = new(LstmActivationFunction.Softplus),
                HiddenActivation = new(LstmActivationFunction.Sigmoid),
            },
        });
        TrainingPass<T> pass = TrainingPass<T>.Run(network, Sample.Batch<T>(1, 3, [.. Enumerable.Repeat(4, sequences)]), 2);
        T[] rest = pass.Gradient;
        foreach (Parameter parameter in network.Parameters)
        {
            for (int i = 0; i < parameter.Count; i++)
            {
                Assert.True(T.IsFinite(rest[parameter.Offset + parameter.IndexOf(i)]));
                rest[parameter.Offset + parameter.IndexOf(i)] = T.Zero;
            }
        }

        Assert.Equal(new T[rest.Length], rest);
    }

    [Fact]
    public void UpdateStatistics_moves_running_averages_by_numbers_worked_out_by_hand()
    {
        // W_ih x = x for the input gate, and 0 for the others.
        Network<T> network = Network.Create<T>(1, new LstmSpec(1)
        {
            Normalization = new BatchNormalization { Steps = 2, Momentum = 0.25 },
        });
        network.WriteParameter("lstm.weight_ih_l0", Tensor.Create<T>([T.One, T.Zero, T.Zero, T.Zero], [4, 1]));
        using Tape<T> tape = network.CreateTape();
        long version = network.Version;

        // Step 0: 1 3 5, mean 3, variance 8/3 or, Bessel-corrected, 4. Step 1: 2 6, mean 4, corrected 8. Step 2: 8 12, mean 10,
        // corrected 8. Step 3 has one row.
        Pass(network, tape, SequenceBatch.FromSequences<T>([Values(1, 2, 8, 50), Values(3, 6, 12), Values(5)], 1));
        network.UpdateStatistics(tape);

        Assert.Equal(version + 1, network.Version);
        Assert.Equal(Values(0.25 * 3, 0, 0, 0, 0.25 * 7, 0, 0, 0), Read(network, "norm_ih_mean"));
        Assert.Equal(Values(1 + (0.25 * 3), 0.75, 0.75, 0.75, 1 + (0.25 * 7), 0.75, 0.75, 0.75), Read(network, "norm_ih_var"));
        Assert.Equal(Values(0, 0, 0, 0), Read(network, "norm_hh_mean")[..4]);

        // From a state after 5 steps all belongs to the last set.
        NetworkState<T> state = network.CreateState(2);
        state.Steps.Fill(5);
        Pass(network, tape, SequenceBatch.FromSequences<T>([Values(7), Values(7)], 1), state);
        network.UpdateStatistics(tape);
        Assert.Equal(Values(0.75, 0, 0, 0, 1.75 + (0.25 * (7 - 1.75)), 0, 0, 0), Read(network, "norm_ih_mean"));
        Assert.Equal([6, 6], state.Steps.ToArray());
    }

    [Fact]
    public void UpdateStatistics_at_a_wrong_time_throws_and_changes_nothing()
    {
        Network<T> network = Create("plain");
        using Tape<T> tape = network.CreateTape(), foreign = Create("plain").CreateTape();
        T[] before = network.Flat.ToArray();
        long version = network.Version;
        Assert.Contains("after Backward", Assert.Throws<InvalidOperationException>(() => network.UpdateStatistics(tape)).Message);
        network.Forward(Sample.Batch<T>(1, 3, 4, 4), tape);
        Assert.Contains("after Backward", Assert.Throws<InvalidOperationException>(() => network.UpdateStatistics(tape)).Message);
        Assert.Throws<ArgumentException>(() => network.UpdateStatistics(foreign));
        Assert.Throws<ArgumentNullException>(() => network.UpdateStatistics(null!));
        tape.Training = false;
        Pass(network, tape, Sample.Batch<T>(1, 3, 4, 4));
        Assert.Contains("training", Assert.Throws<InvalidOperationException>(() => network.UpdateStatistics(tape)).Message);
        Assert.Equal(before, network.Flat.ToArray());
        Assert.Equal(version, network.Version);
        tape.Training = true;
        Pass(network, tape, Sample.Batch<T>(1, 3, 4, 4));
        Assert.Equal(before, network.Flat.ToArray());
        network.UpdateStatistics(tape);
        Assert.NotEqual(before, network.Flat.ToArray());
        Assert.Contains("taken already", Assert.Throws<InvalidOperationException>(() => network.UpdateStatistics(tape)).Message);
    }

    [Fact]
    public void UpdateStatistics_of_a_network_without_batch_norm_does_nothing()
    {
        Network<T> network = Sample.Network<T>(1, 3, new LstmSpec(4));
        using Tape<T> tape = network.CreateTape();
        long version = network.Version;
        network.UpdateStatistics(tape);
        Assert.Equal(version, network.Version);
    }

    [Fact]
    public void Running_averages_are_saved_but_never_trained()
    {
        using TemporaryFolder folder = new();
        Network<T> network = Create("bidirectional");
        string[] names = [.. network.Parameters.Where(parameter => parameter.IsStatistic).Select(parameter => parameter.Name)];
        Assert.Equal(24, names.Length);
        Assert.Contains("lstm.norm_hh_var_l1_reverse", names);
        Assert.All(names, name => Assert.Throws<ArgumentException>(() => network.SetTrainable(name, true)));
        network.SetTrainable(names[0], false);
        network.Save(folder["model"]);
        Network<T> loaded = Network.Load<T>(folder["model"]), clone = network.Clone();
        foreach (Network<T> same in (Network<T>[])[loaded, clone])
        {
            Assert.Equal(network.Flat.ToArray(), same.Flat.ToArray());
            Assert.Equal(
                names, same.Parameters.Where(parameter => parameter.IsStatistic && !parameter.Trainable)
                .Select(parameter => parameter.Name));
        }

        Gradient<T> gradient = network.CreateGradient();
        foreach (Parameter parameter in network.Parameters)
        {
            parameter.Pack<T>([.. Enumerable.Repeat(T.One, parameter.Count)], gradient.Flat);
        }

        T[] expected = [.. names.SelectMany(name => Read(network, name))];
        double trained = network.Parameters.Where(parameter => parameter.Trainable).Sum(parameter => (double)parameter.Count);
        Assert.Equal(Math.Sqrt(trained), GradientClip.ByGlobalNorm(0.5).Apply(gradient), 1e-6 * trained);
        Assert.Equal(T.One, gradient.Read(names[0])[0, 0]);
        new AdamW<T>(0.1) { }.Step(network, gradient);
        Assert.Equal(expected, names.SelectMany(name => Read(network, name)));
        Assert.NotEqual(loaded.Flat.ToArray(), network.Flat.ToArray());
    }

    [Fact]
    public void Forward_in_training_from_states_at_different_steps_throws_and_names_the_state()
    {
        Network<T> network = Create("plain");
        using Tape<T> tape = network.CreateTape();
        NetworkState<T> state = network.CreateState(3);
        state.Steps[1] = 2;
        NetworkState<T> before = state.Clone();
        ArgumentException e =
            Assert.Throws<ArgumentException>(() => network.Forward(Sample.Batch<T>(1, 3, 4, 4, 4), state, tape));
        Assert.Equal("state", e.ParamName);
        Assert.Contains("sequence 1 at 2", e.Message);
        Assert.Equal(before.ToBytes(), state.ToBytes());

        // One that has ended does not count.
        network.Forward(Sample.Batch<T>(1, 3, 4, 0, 4), state, tape);
        Assert.Equal([4, 2, 4], state.Steps.ToArray());
        tape.Training = false;
        network.Forward(Sample.Batch<T>(1, 3, 4, 4, 4), state, tape);
        Assert.Equal([8, 6, 8], state.Steps.ToArray());
    }

    [Fact]
    public void Steps_of_a_state_are_copied_cleared_stored_and_stop_at_the_largest_number()
    {
        Network<T> network = Create("plain");
        NetworkState<T> state = Sample.State(network, 3, 1);
        Values(0, 0, 0).Select(int.CreateTruncating).ToArray().CopyTo(state.Steps);
        state.Steps[0] = 4;
        state.Steps[2] = int.MaxValue - 1;
        Assert.Equal([4, 0, int.MaxValue - 1], NetworkState.FromBytes<T>(state.ToBytes()).Steps.ToArray());
        Assert.Equal([4, 0, int.MaxValue - 1], state.Clone().Steps.ToArray());
        NetworkState<T> other = network.CreateState(3);
        other.CopyFrom(state);
        network.Predict(Sample.Batch<T>(1, 3, 3, 2, 5), other);
        Assert.Equal([7, 2, int.MaxValue], other.Steps.ToArray());
        other.Clear(0);
        Assert.Equal([0, 2, int.MaxValue], other.Steps.ToArray());
        other.Clear();
        Assert.Equal([0, 0, 0], other.Steps.ToArray());

        // A number that no pass makes is taken for 0.
        NetworkState<T> negative = Sample.State(network, 1, 1), zero = negative.Clone();
        negative.Steps[0] = int.MinValue;
        SequenceBatch<T> batch = Sample.Batch<T>(1, 3, 4);
        Close.SameBits(Sample.Flat(network.Predict(batch, zero)), Sample.Flat(network.Predict(batch, negative)), "output");
    }

    [Fact]
    public void LstmCell_of_a_network_with_batch_norm_throws()
        => Assert.Contains("batch norm", Assert.Throws<ArgumentException>(() => new LstmCell<T>(Create("variants"))).Message);

    private static LstmSpec Spec(int units) => new(units) { Normalization = new BatchNormalization { Steps = 3 } };

    private static Network<T> Create(string name, SimdWidth? width = null)
        => Sample.Network<T>(width ?? SimdDispatch.Best, 1, 3, name switch
        {
            "plain" => [Spec(19) with { Bias = LstmBias.Two }, new DenseSpec(2)],
            "variants" => [Spec(9) with
        {
            Cell = new LstmEquations { GateRecurrence = true, Peephole = true, CellClip = 0.5, CandidateDropout = 0.2,
                HiddenActivation = new(LstmActivationFunction.Softsign) }, Projection = new(5), Regularization = new()
            {
                RecurrentDropout = 0.3, HiddenZoneout = 0.2, CellZoneout = 0.3, WeightDropout = 0.3,
            },
        }],
            "bidirectional" => [Spec(17) with { Layers = 2, Direction = LstmDirection.Bidirectional, Bias = LstmBias.None }],
            _ => [Spec(120) with { Projection = new(101) }],
        });

    private static TrainingPass<T> Run(Network<T> network, bool training, int workers = 1)
    {
        using Tape<T> tape = network.CreateTape(workers).SharesAll();
        tape.DropoutSeed = 3;
        tape.Training = training;
        return TrainingPass<T>.Run(network, Sample.Batch<T>(1, 3, Lengths), 2, tape, network.CreateGradient());
    }

    private static void Pass(Network<T> network, Tape<T> tape, SequenceBatch<T> batch, NetworkState<T>? state = null)
    {
        if (state is null)
        {
            network.Forward(batch, tape);
        }
        else
        {
            network.Forward(batch, state, tape);
        }

        tape.OutputGradient.Rows.Fill(T.One);
        network.Backward(tape, network.CreateGradient());
    }

    private static NetworkState<T> Row(Network<T> network, NetworkState<T> state, int b)
    {
        NetworkState<T> row = network.CreateState(1);
        for (int entry = 0; entry < state.Sizes.Count; entry++)
        {
            state.HiddenRow(entry, b).CopyTo(row.Hidden(entry));
            state.CellRow(entry, b).CopyTo(row.Cell(entry));
        }

        row.Steps[0] = state.Steps[b];
        return row;
    }

    private static T[] Values(params double[] values) => Array.ConvertAll(values, T.CreateChecked);

    private static T[] Read(Network<T> network, string name)
    {
        Tensor<T> tensor = network.ReadParameter(name.Contains('.', StringComparison.Ordinal) ? name : $"lstm.{name}_l0");
        T[] values = new T[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }
}

/// <summary>The same against plain loops.</summary>
public class BatchNormReferenceTests
{
    [Theory]
    [InlineData(LstmDirection.Forward, true)]
    [InlineData(LstmDirection.Forward, false)]
    [InlineData(LstmDirection.Reverse, true)]
    [InlineData(LstmDirection.Reverse, false)]
    public void Forward_and_statistics_equal_plain_loops(LstmDirection direction, bool training)
    {
        LstmSpec spec = new(11) { Normalization = new BatchNormalization { Steps = 3, Momentum = 0.3 }, Direction = direction };
        Network<double> network = Sample.Network<double>(1, 3, spec);
        SequenceBatch<double> batch = Sample.Batch<double>(1, 3, 4, 0, 7, 1, 6, 4);
        NaiveBatchNormLstm naive = new(network);
        naive.Forward(batch.ToList(), training);
        using Tape<double> tape = network.CreateTape();
        tape.Training = training;
        network.Forward(batch, tape);
        for (int b = 0; b < batch.Count; b++)
        {
            Close.Relative(naive.Output[b], tape.Output.GetSequence(b), 1e-11, $"output {b}");
        }

        if (!training)
        {
            return;
        }

        string[] kinds = ["ih", "hh", "c"];
        double[][] means = [.. kinds.Select(kind => naive.Read($"norm_{kind}_mean"))],
            variances = [.. kinds.Select(kind => naive.Read($"norm_{kind}_var"))];
        tape.OutputGradient.Rows.Fill(1);
        network.Backward(tape, network.CreateGradient());
        network.UpdateStatistics(tape);
        for (int kind = 0; kind < 3; kind++)
        {
            int columns = kind == 2 ? 11 : 44;
            foreach (var set in naive.Measured.GroupBy(step => Math.Min(step.Step, 2)))
            {
                for (int k = 0; k < columns; k++)
                {
                    means[kind][(set.Key * columns) + k] += 0.3
                        * (set.Average(step => step.Means[kind][k]) - means[kind][(set.Key * columns) + k]);
                    variances[kind][(set.Key * columns) + k] +=
                        0.3 * (set.Average(step => step.Variances[kind][k] * step.Rows / (step.Rows - 1))
                            - variances[kind][(set.Key * columns) + k]);
                }
            }

            Close.Relative(means[kind], naive.Read($"norm_{kinds[kind]}_mean"), 1e-10, $"mean of {kinds[kind]}");
            Close.Relative(variances[kind], naive.Read($"norm_{kinds[kind]}_var"), 1e-10, $"variance of {kinds[kind]}");
        }
    }
}
