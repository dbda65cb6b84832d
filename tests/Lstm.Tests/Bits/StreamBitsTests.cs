using System.Numerics;
using Lstm.Parameters;
using Lstm.Tests.Cases;
using Lstm.Tests.Support;

namespace Lstm.Tests.Bits;

/// <summary>A stream, in however many sessions and in whatever company, gives the bits of the whole sequences.</summary>
[Trait("Category", "Widths")]
public abstract class StreamBitsTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Step_of_one_session_equals_batch_or_is_refused(string name)
    {
        Network<T> network = Create(name);
        (T[] expected, NetworkState<T> state) = Predict(network, 0, 13);
        using NetworkStream<T>? stream = Open(name, network);
        if (stream is null)
        {
            return;
        }

        T[] output = new T[13 * network.OutputSize];
        for (int t = 0; t < 13; t++)
        {
            Step(network, stream, null, [(0, t)], output.AsSpan(t * network.OutputSize, network.OutputSize));
        }

        Close.SameBits(expected, output, "output");
        Close.SameBits(Sample.Flat(state), Sample.Flat(stream.State), "state");
        stream.Reset();
        Step(network, stream, null, [(0, 0)], output.AsSpan(0, network.OutputSize));
        Close.SameBits(expected[..network.OutputSize], output[..network.OutputSize], "output after Reset");
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    public void Step_of_one_session_on_any_number_of_workers_equals_batch(int workers, bool shares)
    {
        // 23 or 46 panels, the last one not full; and one or two.
        Network<T> network = Sample.Network<T>(1, 5, new LstmSpec(361), new LstmSpec(9));
        (T[] expected, NetworkState<T> state) = Predict(network, 0, 6);
        using NetworkStream<T> stream = network.OpenStream(1, workers).SharesAll();
        T[] output = new T[6 * 9];
        for (int t = 0; t < 6; t++)
        {
            Step(network, stream, null, [(0, t)], output.AsSpan(t * 9, 9));
        }

        Close.SameBits(expected, output, "output");
        Close.SameBits(Sample.Flat(state), Sample.Flat(stream.State), "state");
        Assert.Equal(shares, stream.Team.SharedRuns >= 6);
    }

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Step_after_the_parameters_have_changed_equals_a_fresh_stream_or_is_refused(string name)
    {
        Network<T> network = Create(name);
        using NetworkStream<T>? stream = Open(name, network);
        if (stream is null)
        {
            return;
        }

        T[] expected = new T[network.OutputSize], actual = new T[network.OutputSize];
        Step(network, stream, null, [(0, 0)], actual);
        Network<T> other = network.Clone();
        foreach (Parameter parameter in network.Parameters)
        {
            System.Numerics.Tensors.Tensor<T> changed = other.ReadParameter(parameter.Name);
            foreach (ref T value in changed)
            {
                value = -value;
            }

            network.WriteParameter(parameter.Name, changed);
        }

        stream.Reset();
        using NetworkStream<T> fresh = network.OpenStream();
        Step(network, fresh, null, [(0, 0)], expected);
        Step(network, stream, null, [(0, 0)], actual);
        Close.SameBits(expected, actual, "output");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Reset_after_a_NaN_input_gives_the_bits_of_a_fresh_stream(int sessions)
    {
        Network<T> network = Create("narrow stack");
        using NetworkStream<T> stream = network.OpenStream(sessions), fresh = network.OpenStream(sessions);
        T[] x = Sample.Values<T>(1, 3 * sessions), expected = new T[2 * sessions], actual = new T[2 * sessions];
        stream.Step([.. x.Select(_ => T.NaN)], actual);
        Assert.All(actual, value => Assert.True(T.IsNaN(value)));
        stream.Reset();
        for (int t = 0; t < 3; t++)
        {
            fresh.Step(x, expected);
            stream.Step(x, actual);
            Close.SameBits(expected, actual, $"step {t}");
        }
    }

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Step_of_sessions_that_join_and_leave_equals_each_sequence_alone_or_is_refused(string name)
    {
        const int Sessions = 9, Sequences = 25;
        Network<T> network = Create(name);
        using NetworkStream<T>? stream = Open(name, network, Sessions);
        if (stream is null)
        {
            return;
        }

        int[] lengths = [.. Enumerable.Range(0, Sequences).Select(key => 1 + (key * 7 % 11))];
        var outputs = Enumerable.Range(0, Sequences).Select(_ => new List<T>()).ToArray();
        int[] running = [.. Enumerable.Range(0, Sessions)], steps = new int[Sessions];
        int next = Sessions;
        var random = new Random(4);
        for (int call = 0; outputs.Sum(list => list.Count) < lengths.Sum() * network.OutputSize; call++)
        {
            // Some of the sessions, in any order; sometimes all at once.
            bool all = call % 5 == 0 && running.All(key => key >= 0);
            int[] sessions = [.. Enumerable.Range(0, Sessions).Where(s => running[s] >= 0 && (all || random.Next(3) > 0))];
            if (!all)
            {
                random.Shuffle(sessions);
            }

            T[] output = new T[sessions.Length * network.OutputSize];
            Step(network, stream, all ? null : sessions, [.. sessions.Select(s => (running[s], steps[s]))], output);
            for (int i = 0; i < sessions.Length; i++)
            {
                int session = sessions[i];
                outputs[running[session]].AddRange(output[(i * network.OutputSize)..((i + 1) * network.OutputSize)]);
                if (++steps[session] == lengths[running[session]])
                {
                    (_, NetworkState<T> state) = Predict(network, running[session], lengths[running[session]]);
                    Close.SameBits(Sample.Flat(state), Rows(stream.State, session), $"state of {running[session]}");
                    stream.Reset(session);
                    steps[session] = 0;
                    running[session] = next < Sequences ? next++ : -1;
                }
            }
        }

        for (int key = 0; key < Sequences; key++)
        {
            Close.SameBits(Predict(network, key, lengths[key]).Output, outputs[key].ToArray(), $"sequence {key}");
        }
    }

    [Fact]
    public void Reset_starts_from_the_learned_state_of_now()
    {
        Network<T> network = Sample.Network<T>(1, 2, new LstmSpec(1) { LearnInitialState = true });
        using NetworkStream<T> stream = network.OpenStream();
        network.WriteParameter("lstm.initial_h_l0", System.Numerics.Tensors.Tensor.Create([T.CreateChecked(7)], [1]));
        stream.Reset();
        Assert.Equal(T.CreateChecked(7), stream.State.Hidden(0)[0]);
    }

    [Theory]
    [InlineData("narrow stack")]
    [InlineData("no bias, two layers")]
    [InlineData("learned state, then a stack")]
    [InlineData("dense relu and sigmoid")]
    public void Step_of_denormal_inputs_and_states_equals_batch(string name)
    {
        const int Sequences = 3, Steps = 7;
        Network<T> network = Create(name);
        SequenceBatch<T> input = Sample.Batch<T>(1, network.InputSize, [.. Enumerable.Repeat(Steps, Sequences)]);
        NetworkState<T> state = Sample.State(network, Sequences, 2);
        MakeDenormal(input.Rows);
        for (int entry = 0; entry < state.Sizes.Count; entry++)
        {
            MakeDenormal(state.Hidden(entry));
            MakeDenormal(state.Cell(entry));
        }

        using NetworkStream<T> together = network.OpenStream(Sequences), alone = network.OpenStream();
        NetworkState<T> first = network.CreateState(1);
        for (int entry = 0; entry < state.Sizes.Count; entry++)
        {
            state.HiddenRow(entry, 0).CopyTo(first.Hidden(entry));
            state.CellRow(entry, 0).CopyTo(first.Cell(entry));
        }

        together.State.CopyFrom(state);
        alone.State.CopyFrom(first);
        SequenceBatch<T> expected = network.Predict(input, state);
        Assert.All(Sample.Flat(expected), value => Assert.True(T.IsFinite(value)));
        Assert.All(Sample.Flat(state), value => Assert.True(T.IsFinite(value)));
        Assert.True(name != "no bias, two layers" || Sample.Flat(state).Any(T.IsSubnormal), "No state is denormal.");
        T[] output = new T[Sequences * network.OutputSize];
        for (int t = 0; t < Steps; t++)
        {
            together.Step([.. Enumerable.Range(0, Sequences).SelectMany(b => input[b, t].ToArray())], output);
            Close.SameBits(
                Enumerable.Range(0, Sequences).SelectMany(b => expected[b, t].ToArray()).ToArray(), output, $"step {t}");
            alone.Step(input[0, t], output.AsSpan(0, network.OutputSize));
            Close.SameBits<T>(expected[0, t], output.AsSpan(0, network.OutputSize), $"step {t} alone");
        }

        Close.SameBits(Sample.Flat(state), Sample.Flat(together.State), "state");
        Close.SameBits(Rows(state, 0), Rows(alone.State, 0), "state alone");
    }

    private static void MakeDenormal(Span<T> values)
    {
        foreach (ref T value in values)
        {
            value = T.Epsilon * T.Round(value * T.CreateChecked(100_000));
        }
    }

    private static Network<T> Create(string name) => NetworkCases.Get(name).Create<T>();

    // Null, and asserted to be refused, for a network that has to see whole sequences.
    private static NetworkStream<T>? Open(string name, Network<T> network, int sessions = 1)
    {
        if (NetworkCases.Get(name).Streams)
        {
            return network.OpenStream(sessions);
        }

        Assert.Throws<NotSupportedException>(() => network.OpenStream(sessions));
        return null;
    }

    // As one of several sequences of a batch.
    private static (T[] Output, NetworkState<T> State) Predict(Network<T> network, int key, int length)
    {
        NetworkState<T> state = network.CreateState(1);
        SequenceBatch<T> output = network.TakesIds
            ? network.Predict(SequenceBatch.FromSequences<int>([Sample.IdSequence(1, key, length, network.InputSize)]), state)
            : network.Predict(
                SequenceBatch.FromSequences<T>([Sample.Sequence<T>(1, key, length, network.InputSize)], network.InputSize),
                state);
        return (Sample.Flat(output), state);
    }

    private static void Step(
        Network<T> network, NetworkStream<T> stream, int[]? sessions, (int Key, int Step)[] rows, Span<T> output)
    {
        if (network.TakesIds)
        {
            int[] ids = [.. rows.Select(row => Sample.IdSequence(1, row.Key, row.Step + 1, network.InputSize)[^1])];
            if (sessions is null)
            {
                stream.StepIds(ids, output);
            }
            else
            {
                stream.StepIds(sessions, ids, output);
            }

            return;
        }

        T[] input =
            [.. rows.SelectMany(row => Sample.Sequence<T>(1, row.Key, row.Step + 1, network.InputSize)[^network.InputSize..])];
        if (sessions is null)
        {
            stream.Step(input, output);
        }
        else
        {
            stream.Step(sessions, input, output);
        }
    }

    private static T[] Rows(NetworkState<T> state, int session)
    {
        var values = new List<T>();
        for (int entry = 0; entry < state.Sizes.Count; entry++)
        {
            values.AddRange(state.HiddenRow(entry, session));
            values.AddRange(state.CellRow(entry, session));
        }

        return [.. values];
    }
}

public sealed class StreamBitsDoubleTests : StreamBitsTests<double>;

public sealed class StreamBitsFloatTests : StreamBitsTests<float>;
