using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Cells;
using Lstm.Parameters;
using Lstm.Tests.Reference;
using Lstm.Tests.Support;

namespace Lstm.Tests.Layers;

/// <summary>The LSTM layers of a network against the oracle: outputs, final states and every gradient.</summary>
public abstract class LstmLayerTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    protected abstract double Tolerance { get; }

    public static TheoryData<int, int, int, LstmDirection, LstmBias, int[]> Cases
    {
        get
        {
            TheoryData<int, int, int, LstmDirection, LstmBias, int[]> cases = [];
            foreach (int hidden in (int[])[1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 23, 31, 33, 40, 65])
            {
                cases.Add(1 + (hidden % 4), hidden, 1, LstmDirection.Forward, LstmBias.Two, [3, 0, 5, 5, 1, 4, 2]);
                cases.Add(37 + (hidden % 4), hidden, 1, LstmDirection.Reverse, LstmBias.One, [3, 0, 5, 5, 1, 4, 2]);
                cases.Add(3, hidden, 2, LstmDirection.Bidirectional, LstmBias.None, [2, 7, 0, 4]);
            }

            foreach (int sequences in (int[])[1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 19])
            {
                cases.Add(5, 20, 1, LstmDirection.Forward, LstmBias.One, [.. Enumerable.Repeat(4, sequences)]);
                cases.Add(50, 20, 2, LstmDirection.Bidirectional, LstmBias.Two, [.. Enumerable.Range(0, sequences)]);
            }

            cases.Add(40, 18, 3, LstmDirection.Forward, LstmBias.One, [150, 149, 3]);
            cases.Add(2, 4, 1, LstmDirection.Forward, LstmBias.One, [0, 0]);
            cases.Add(2, 4, 1, LstmDirection.Bidirectional, LstmBias.One, [0]);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_and_Backward_equal_oracle(
        int inputs, int hidden, int layers, LstmDirection direction, LstmBias bias, int[] lengths)
        => Check(inputs, hidden, layers, direction, bias, lengths, workers: 1);

    [Theory]
    [InlineData(LstmDirection.Forward)]
    [InlineData(LstmDirection.Bidirectional)]
    public void Forward_and_Backward_on_two_workers_equal_oracle(LstmDirection direction)
        => Check(40, 19, 2, direction, LstmBias.Two, [9, 1, 0, 7, 8, 2, 2], workers: 2);

    [Theory]
    [InlineData(true, false, null, null)]
    [InlineData(false, true, null, null)]
    [InlineData(false, false, 0.2, null)]
    [InlineData(false, false, null, 0.4)]
    [InlineData(true, true, null, null)]
    [InlineData(true, false, 0.3, 0.5)]
    [InlineData(true, true, 0.3, 0.5)]
    public void Forward_and_Backward_of_variants_equal_oracle(bool peephole, bool coupled, double? cellClip, double? clip)
    {
        LstmSpec variant = new(0)
        {
            Cell = new LstmEquations
            {
                Peephole = peephole,
                CoupledGates = coupled,
                CellClip = cellClip,
                PreActivationClip = clip,
            },
        };
        foreach (int hidden in (int[])[1, 7, 8, 17, 33])
        {
            Check(5, hidden, 1, LstmDirection.Forward, LstmBias.Two, [3, 0, 5, 5, 1, 4, 2], workers: 1, variant);
            Check(3, hidden, 2, LstmDirection.Bidirectional, LstmBias.None, [2, 7, 0, 4], workers: 2, variant);
            Check(41, hidden, 1, LstmDirection.Reverse, LstmBias.One, [6], workers: 1, variant);
        }
    }

    private void Check(
        int inputs, int hidden, int layers, LstmDirection direction, LstmBias bias, int[] lengths, int workers,
        LstmSpec? variant = null)
    {
        variant ??= new(0);

        // The oracle has no lone reverse direction: it gets the sequences turned round, and so do its results.
        bool reverse = direction == LstmDirection.Reverse;
        NaiveLstm oracle = new NaiveLstm(inputs, hidden, layers, direction == LstmDirection.Bidirectional)
        {
            Peephole = variant.Equations.Peephole,
            CoupledGates = variant.Equations.CoupledGates,
            CellClip = variant.Equations.CellClip ?? double.PositiveInfinity,
            PreActivationClip = variant.Equations.PreActivationClip ?? double.PositiveInfinity,
        }.Randomize(hidden, (int)bias);
        int outputs = direction == LstmDirection.Bidirectional ? 2 * hidden : hidden;
        int states = layers * outputs / hidden;
        Random random = new(5);
        double[][][] x = Values(random, lengths, inputs);
        double[][][] dy = Values(random, lengths, outputs);
        int[] perState = [.. Enumerable.Repeat(lengths.Length, states)];
        double[][][] h0 = Values(random, perState, hidden), c0 = Values(random, perState, hidden);
        double[][][] dh = Values(random, perState, hidden), dc = Values(random, perState, hidden);
        NaiveLstm.Run run = oracle.Forward(Turn(x), h0, c0);
        NaiveLstm.Gradients expected = oracle.Backward(run, Turn(dy), dh, dc);

        Network<T> network = Network.Create<T>(inputs, variant with
        {
            HiddenSize = hidden,
            Layers = layers,
            Direction = direction,
            Bias = bias,
        });
        foreach (Parameter parameter in network.Parameters)
        {
            T[] values = [.. oracle.Parameters[parameter.Name["lstm.".Length..]].Select(T.CreateChecked)];
            network.WriteParameter(parameter.Name, Tensor.Create(values, [.. parameter.Shape.Select(n => (nint)n)]));
        }

        SequenceBatch<T> batch = ToBatch(x, inputs);
        NetworkState<T> state = ToState(network, h0, c0);
        using Tape<T> tape = network.CreateTape(workers).SharesAll();
        Gradient<T> gradient = network.CreateGradient();

        // Twice on one tape: the second pass meets buffers that are full of the first.
        for (int pass = 0; pass < 2; pass++)
        {
            gradient.Clear();
            state = ToState(network, h0, c0);
            SequenceBatch<T> output = network.Forward(batch, state, tape);
            Compare(Flat(Turn(run.Output)), Flatten(output), "output");
            CompareStates(run.FinalH, run.FinalC, state, "final state");
            ToBatch(dy, outputs).Rows.CopyTo(tape.OutputGradient.Rows);
            tape.FinalStateGradient = ToState(network, dh, dc);
            network.Backward(tape, gradient);
            Compare(Flat(Turn(expected.Input)), Flatten(tape.InputGradient), "input gradient");
            CompareStates(expected.InitialH, expected.InitialC, tape.InitialStateGradient, "initial state's gradient");
            foreach (Parameter parameter in network.Parameters)
            {
                T[] values = new T[parameter.Count];
                gradient.Read(parameter.Name).FlattenTo(values);
                Compare(expected.Parameters[parameter.Name["lstm.".Length..]], values, parameter.Name);
            }
        }

        NetworkState<T> inferenceState = ToState(network, h0, c0);
        SequenceBatch<T> predicted = network.Predict(batch, inferenceState);
        Close.SameBits<T>(Flatten(tape.Output), Flatten(predicted), "prediction");
        for (int k = 0; k < states; k++)
        {
            Close.SameBits<T>(state.Hidden(k), inferenceState.Hidden(k), "hidden state");
            Close.SameBits<T>(state.Cell(k), inferenceState.Cell(k), "cell state");
        }

        double[][][] Turn(double[][][] sequences) => reverse ? [.. sequences.Select(s => s.Reverse().ToArray())] : sequences;
    }

    private void CompareStates(double[][][] h, double[][][] c, NetworkState<T> actual, string what)
    {
        for (int k = 0; k < h.Length; k++)
        {
            Compare([.. h[k].SelectMany(row => row)], actual.Hidden(k).ToArray(), $"{what} h {k}");
            Compare([.. c[k].SelectMany(row => row)], actual.Cell(k).ToArray(), $"{what} c {k}");
        }
    }

    private void Compare(double[] expected, T[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        Close.Relative<double>(expected, actual.Select(double.CreateChecked).ToArray(), Tolerance, what, floor: 1e-1);
    }

    private static NetworkState<T> ToState(Network<T> network, double[][][] h, double[][][] c)
    {
        NetworkState<T> state = network.CreateState(h[0].Length);
        for (int k = 0; k < h.Length; k++)
        {
            h[k].SelectMany(row => row).Select(T.CreateChecked).ToArray().CopyTo(state.Hidden(k));
            c[k].SelectMany(row => row).Select(T.CreateChecked).ToArray().CopyTo(state.Cell(k));
        }

        return state;
    }

    private static SequenceBatch<T> ToBatch(double[][][] sequences, int features)
        => SequenceBatch.FromSequences<T>(
            [.. sequences.Select(s => s.SelectMany(row => row).Select(T.CreateChecked).ToArray())], features);

    private static T[] Flatten(SequenceBatch<T> batch) => [.. batch.ToList().SelectMany(s => s)];

    private static double[] Flat(double[][][] values) => [.. values.SelectMany(s => s).SelectMany(row => row)];

    private static double[][][] Values(Random random, int[] lengths, int features)
        => [.. lengths.Select(length => Enumerable.Range(0, length).Select(_ =>
            Enumerable.Range(0, features).Select(_ => (2 * random.NextDouble()) - 1).ToArray()).ToArray())];
}

public sealed class LstmLayerDoubleTests : LstmLayerTests<double>
{
    protected override double Tolerance => 1e-11;
}

public sealed class LstmLayerFloatTests : LstmLayerTests<float>
{
    protected override double Tolerance => 1e-4;
}
