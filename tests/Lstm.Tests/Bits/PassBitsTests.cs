using System.Numerics;
using Lstm.Parameters;
using Lstm.Simd;
using Lstm.Tests.Cases;
using Lstm.Tests.Support;

namespace Lstm.Tests.Bits;

/// <summary>What a pass computes does not depend on companions, workers, width, or earlier use of the tape.</summary>
[Trait("Category", "Widths")]
public abstract class PassBitsTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] Lengths = [5, 0, 9, 9, 1, 7, 3, 9, 2, 6, 4, 8, 0];

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Pass_at_every_width_gives_the_same_bits(string name)
    {
        TrainingPass<T> expected = TrainingPass<T>.Run(Create(name, SimdWidth.Scalar), Input(name), seed: 2);
        foreach (SimdWidth width in Enum.GetValues<SimdWidth>().Where(SimdDispatch.IsAccelerated))
        {
            expected.AssertSameBits(TrainingPass<T>.Run(Create(name, width), Input(name), seed: 2), $"{width}");
        }
    }

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Pass_on_several_workers_gives_the_bits_of_one(string name)
    {
        Network<T> network = Create(name);
        foreach (int[] lengths in (int[][])[Lengths, [9], [0, 1], [3, 3, 3, 3]])
        {
            TrainingPass<T> expected = TrainingPass<T>.Run(network, Input(name, lengths), seed: 2);
            for (int workers = 2; workers <= 3; workers++)
            {
                using Tape<T> tape = network.CreateTape(workers).SharesAll();
                tape.DropoutSeed = 3;
                expected.AssertSameBits(
                    TrainingPass<T>.Run(network, Input(name, lengths), 2, tape, network.CreateGradient()), $"{workers} workers");
                Assert.Equal(network.Parameters.Count > 0, tape.Pass.Team.SharedRuns > 0);
            }
        }
    }

    [Theory]
    [InlineData("stack of odd sizes")]
    [InlineData("last of both ways")]
    public void Predict_on_threads_that_share_a_network_gives_the_bits_of_one(string name)
    {
        Network<T> network = Create(name);
        SequenceBatch<T> batch = Input(name).Features!;
        T[] expected = Sample.Flat(network.Predict(batch));
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 4 }, _ =>
        {
            using Workspace<T> workspace = network.CreateWorkspace();
            for (int i = 0; i < 20; i++)
            {
                Close.SameBits(expected, Sample.Flat(network.Predict(batch, null, workspace)), "output");
            }
        });
    }

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Pass_on_a_used_tape_gives_the_bits_of_a_fresh_one(string name)
    {
        Network<T> network = Create(name);
        TrainingPass<T> expected = TrainingPass<T>.Run(network, Input(name), seed: 2);
        using Tape<T> tape = network.CreateTape();
        tape.DropoutSeed = 3;
        foreach (int[] lengths in (int[][])[[30, 30, 30], [1], [0], Lengths])
        {
            Gradient<T> gradient = network.CreateGradient();
            tape.DropoutDraw = 0;
            TrainingPass<T> pass = TrainingPass<T>.Run(network, Input(name, lengths), 2, tape, gradient);
            if (lengths == Lengths)
            {
                expected.AssertSameBits(pass, "fourth batch");
            }
        }
    }

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Each_sequence_alone_has_the_bits_it_has_in_a_batch(string name)
    {
        Network<T> network = Create(name);
        using Tape<T> tape = network.CreateTape(), aloneTape = network.CreateTape();
        tape.Training = aloneTape.Training = false;
        Forward(network, Input(name), Sample.State(network, Lengths.Length, 7), tape, out NetworkState<T> final);
        Cotangent(network, tape, Enumerable.Range(0, Lengths.Length));
        tape.FinalStateGradient = Sample.State(network, Lengths.Length, 8);
        network.Backward(tape, network.CreateGradient());
        for (int b = 0; b < Lengths.Length; b++)
        {
            Forward(network, Alone(name, b), Row(network, Sample.State(network, Lengths.Length, 7), b), aloneTape,
                out NetworkState<T> aloneFinal);
            Cotangent(network, aloneTape, [b]);
            aloneTape.FinalStateGradient = Row(network, Sample.State(network, Lengths.Length, 8), b);
            network.Backward(aloneTape, network.CreateGradient());
            Close.SameBits(tape.Output.GetSequence(b), aloneTape.Output.GetSequence(0), $"output {b}");
            Close.SameBits(Sample.Flat(Row(network, final, b)), Sample.Flat(aloneFinal), $"final state {b}");
            Close.SameBits(
                Sample.Flat(Row(network, tape.InitialStateGradient, b)), Sample.Flat(aloneTape.InitialStateGradient),
                $"initial state's gradient {b}");
            if (!network.TakesIds)
            {
                Close.SameBits(tape.InputGradient.GetSequence(b), aloneTape.InputGradient.GetSequence(0), $"input gradient {b}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void A_sequence_in_training_does_not_depend_on_companions_after_it_but_through_batch_statistics(string name)
    {
        Network<T> network = Create(name);
        TrainingPass<T> all = TrainingPass<T>.Run(network, Input(name), seed: 2, withStates: false);
        TrainingPass<T> alone = TrainingPass<T>.Run(network, Input(name, Lengths[0]), seed: 2, withStates: false);
        if (NetworkCases.Get(name).UsesBatchStatistics)
        {
            Assert.NotEqual(alone.Output, all.Output[..alone.Output.Length]);
            return;
        }

        Close.SameBits(alone.Output, all.Output[..alone.Output.Length], "output");
        Close.SameBits(alone.InputGradient, all.InputGradient[..alone.InputGradient.Length], "input gradient");
    }

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Predict_equals_forward_in_evaluation_mode(string name)
    {
        Network<T> network = Create(name);
        using Tape<T> tape = network.CreateTape();
        tape.Training = false;
        foreach (int[] lengths in (int[][])[Lengths, [400, 3, 299], [0, 0], [1]])
        {
            NetworkInput<T> batch = Input(name, lengths);
            NetworkState<T> state = Sample.State(network, lengths.Length, 7), other = state.Clone();
            Forward(network, batch, state, tape, out _);
            for (int workers = 1; workers <= 2; workers++)
            {
                using Workspace<T> workspace = network.CreateWorkspace(workers).SharesAll();
                other = Sample.State(network, lengths.Length, 7);
                SequenceBatch<T> output = network.Predict(batch, other, workspace);
                Close.SameBits(Sample.Flat(tape.Output), Sample.Flat(output), "output");
                Close.SameBits(Sample.Flat(state), Sample.Flat(other), "state");
                Assert.Same(workspace.Output, output);
            }
        }
    }

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Segments_with_the_state_carried_give_the_bits_of_the_whole_or_are_refused(string name)
    {
        NetworkCase tested = NetworkCases.Get(name);
        Network<T> network = Create(name);
        if (!tested.Streams)
        {
            TrainingBatch<T> all = new(Input(name), tested.Target<T>(2, network.OutputSize, Lengths));
            TrainingOptions options = new() { Epochs = 1, Workers = 1, TruncateAfter = 4 };
            Trainer<T> trainer = new(network, tested.Loss.Create<T>(), new Sgd<T>(0.01));
            Assert.Contains(
                nameof(options.TruncateAfter), Assert.Throws<NotSupportedException>(() => trainer.Fit([all], options)).Message);
            return;
        }

        using Tape<T> tape = network.CreateTape();
        tape.DropoutSeed = 3;
        NetworkState<T> state = Sample.State(network, Lengths.Length, 7), whole = state.Clone();
        Forward(network, Input(name), whole, tape, out _);
        List<T[]> expected = tape.Output.ToList();
        List<T>[] actual = [.. Lengths.Select(_ => new List<T>())];
        for (int first = 0; first < Lengths.Max(); first += 4)
        {
            tape.DropoutDraw = 0;
            NetworkInput<T> segment = Segment(Input(name), first, 4);
            Forward(network, segment, state, tape, out _);
            for (int b = 0; b < Lengths.Length; b++)
            {
                actual[b].AddRange(tape.Output.GetSequence(b));
            }
        }

        for (int b = 0; b < Lengths.Length; b++)
        {
            Close.SameBits(expected[b], actual[b].ToArray(), $"output {b}");
        }

        Close.SameBits(Sample.Flat(whole), Sample.Flat(state), "final state");
    }

    [Theory]
    [InlineData("stack of odd sizes")]
    [InlineData("reverse, no bias, dropout")]
    [InlineData("bidirectional stack, learned state")]
    [InlineData("layer norm forward")]
    public void A_NaN_input_reaches_only_its_own_sequence(string name)
    {
        Network<T> network = Create(name);
        SequenceBatch<T> batch = Input(name).Features!;
        TrainingPass<T> clean = TrainingPass<T>.Run(network, batch, seed: 2);
        batch[2, 4][1] = T.NaN;
        TrainingPass<T> broken = TrainingPass<T>.Run(network, batch, seed: 2);
        int from = Lengths[..2].Sum(), to = from + Lengths[2];
        foreach ((string what, int size) in new[] { ("output", network.OutputSize), ("input gradient", network.InputSize) })
        {
            T[] expected = clean.Results[what], actual = broken.Results[what];
            Close.SameBits(expected[..(from * size)], actual[..(from * size)], what);
            Close.SameBits(expected[(to * size)..], actual[(to * size)..], what);
            Assert.Contains(actual[(from * size)..(to * size)], T.IsNaN);
        }

        // All of a step that comes after it; but dropout may set a NaN to zero.
        int step = name is "stack of odd sizes" or "layer norm forward" ? Lengths[2] - 1 : 0;
        Assert.All(
            broken.Output[((from + step) * network.OutputSize)..((from + step + 1) * network.OutputSize)],
            value => Assert.True(T.IsNaN(value) || (name == "reverse, no bias, dropout" && value == T.Zero)));
    }

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Training_twice_gives_the_same_bits_and_leaves_the_padding_zero(string name)
    {
        T[] first = Train(name, workers: 1), second = Train(name, workers: 2);
        Close.SameBits(first, second, "parameters");
    }

    private static T[] Train(string name, int workers)
    {
        Network<T> network = Create(name);
        using Tape<T> tape = network.CreateTape(workers).SharesAll();
        Gradient<T> gradient = network.CreateGradient();
        bool[] real = Real(network);
        double damping = NetworkCases.Get(name).Damping;
        T rate = T.CreateChecked(0.05 * damping * damping);
        for (int step = 0; step < 3; step++)
        {
            gradient.Clear();
            TrainingPass<T>.Run(network, Input(name), 2 + step, tape, gradient, withStates: false);
            for (int i = 0; i < real.Length; i++)
            {
                Assert.True(real[i] || gradient.Flat[i] == T.Zero, $"padding of the gradient at {i}");
                network.Flat[i] -= rate * gradient.Flat[i];
                Assert.True(real[i] || network.Flat[i] == T.Zero, $"padding of the parameters at {i}");
            }

            network.Touch();
        }

        Assert.True(network.Flat.IsEmpty || network.Flat.ContainsAnyExcept(T.Zero));
        return network.Flat.ToArray();
    }

    private static bool[] Real(Network<T> network)
    {
        var real = new bool[network.Layout.Length];
        foreach (Parameter parameter in network.Parameters)
        {
            for (int i = 0; i < parameter.Count; i++)
            {
                real[parameter.Offset + parameter.IndexOf(i)] = true;
            }
        }

        return real;
    }

    private static Network<T> Create(string name, SimdWidth? width = null) => NetworkCases.Get(name).Create<T>(width);

    private static NetworkInput<T> Input(string name, params int[] lengths)
        => NetworkCases.Get(name).Input<T>(1, lengths.Length == 0 ? Lengths : lengths);

    private static NetworkInput<T> Alone(string name, int key) => NetworkCases.Get(name).Alone<T>(1, key, Lengths[key]);

    private static NetworkInput<T> Segment(NetworkInput<T> batch, int first, int count)
    {
        if (batch.Ids is { } ids)
        {
            SequenceBatch<int> idSegment = new(1);
            idSegment.View(ids, first, count);
            return idSegment;
        }

        SequenceBatch<T> source = batch.Features!;
        SequenceBatch<T> segment = new(source.FeatureSize);
        segment.View(source, first, count);
        return segment;
    }

    private static void Forward(
        Network<T> network, NetworkInput<T> batch, NetworkState<T> state, Tape<T> tape, out NetworkState<T> final)
    {
        network.Forward(batch, state, tape);
        final = state;
    }

    private static void Cotangent(Network<T> network, Tape<T> tape, IEnumerable<int> keys)
    {
        foreach ((int b, int key) in keys.Index())
        {
            for (int t = 0; t < tape.Output.Lengths[b]; t++)
            {
                Sample.Sequence<T>(6, key, t + 1, network.OutputSize).AsSpan(t * network.OutputSize)
                    .CopyTo(tape.OutputGradient[b, t]);
            }
        }
    }

    private static NetworkState<T> Row(Network<T> network, NetworkState<T> state, int b)
    {
        NetworkState<T> one = network.CreateState(1);
        for (int entry = 0; entry < state.Sizes.Count; entry++)
        {
            state.HiddenRow(entry, b).CopyTo(one.HiddenRow(entry, 0));
            state.CellRow(entry, b).CopyTo(one.CellRow(entry, 0));
        }

        return one;
    }
}

public sealed class PassBitsDoubleTests : PassBitsTests<double>;

public sealed class PassBitsFloatTests : PassBitsTests<float>;
