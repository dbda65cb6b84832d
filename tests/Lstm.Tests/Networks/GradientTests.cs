using Lstm.Cells;
using Lstm.Parameters;
using Lstm.Tests.Cases;
using Lstm.Tests.Support;

namespace Lstm.Tests.Networks;

/// <summary>Every gradient of whole networks against central differences of fourth order, in double, away from kinks.</summary>
[Trait("Category", "Widths")]
public class GradientTests
{
    // Small enough to stay on one side of the kinks.
    private const double Step = 1e-4;

    // For gradients so small that rounding of the loss would show: outside training those of batch norm.
    private const double LargerStep = 3e-4;

    // Of a tensor of more than 800 values, about 200 all over it are checked.
    private const int WholeTensor = 800, PartOfATensor = 200;

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Backward_equals_central_differences_unless_the_gradient_is_truncated(string name)
    {
        NetworkCase tested = NetworkCases.Get(name);
        if (tested.TruncatesGradient)
        {
            Assert.Contains("relative error", Assert.ThrowsAny<Exception>(() => Check(tested, training: true)).Message);
        }
        else
        {
            Check(tested, training: true);
        }
    }

    [Theory]
    [InlineData("batch norm")]
    [InlineData("batch norm, reverse")]
    [InlineData("batch norm, learned state")]
    [InlineData("batch norm with everything")]
    public void Backward_in_evaluation_equals_central_differences(string name)
        => Check(NetworkCases.Get(name), training: false);

    private static void Check(NetworkCase tested, bool training)
    {
        (string name, int[] lengths) = (tested.Name, tested.Lengths);
        Network<double> network = tested.Create<double>(seed: 3);
        bool learned = tested.LearnsInitialState;
        Loss loss = new(tested, network, withState: !learned);
        using Tape<double> tape = loss.Tape;
        tape.Training = training;
        for (int b = 0; b < lengths.Length; b++)
        {
            loss.Initial.Steps[b] = training ? 1 : b;
        }

        loss.Value(backward: true);
        Gradient<double> gradient = network.CreateGradient();
        network.Backward(tape, gradient);
        foreach (Parameter parameter in network.Parameters)
        {
            if (parameter.IsStatistic)
            {
                Assert.Equal(
                    new double[parameter.PackedLength], gradient.Flat.Slice(parameter.Offset, parameter.PackedLength).ToArray());
                continue;
            }

            double[] all = new double[parameter.Count];
            gradient.Read(parameter.Name).FlattenTo(all);
            int stride = all.Length <= WholeTensor ? 1 : all.Length / PartOfATensor;
            int[] places = [.. Enumerable.Range(0, all.Length).Where(i => i % stride == 0 || i == all.Length - 1)];
            double[] analytic = [.. places.Select(i => all[i])];
            double[] numeric = [.. places.Select(i => Difference(
                delta =>
                {
                    network.Flat[parameter.Offset + parameter.IndexOf(i)] += delta;
                    network.Touch();
                },
                loss))];
            Close.Relative(numeric, analytic, 1e-6, $"{name}: {parameter.Name}");
        }

        if (!network.TakesIds)
        {
            double[] analytic = [.. tape.InputGradient.Rows];
            Close.Relative(
                Differences(analytic.Length, (i, delta) => loss.Input.Rows[i] += delta, loss), analytic, 1e-6, $"{name}: input");
        }

        for (int entry = 0; entry < network.StateSizes.Count && !learned; entry++)
        {
            int k = entry;
            double[] h = [.. tape.InitialStateGradient.Hidden(k)], c = [.. tape.InitialStateGradient.Cell(k)];
            Close.Relative(
                Differences(h.Length, (i, delta) => loss.Initial.Hidden(k)[i] += delta, loss), h, 1e-6, $"{name}: initial h {k}");
            Close.Relative(
                Differences(c.Length, (i, delta) => loss.Initial.Cell(k)[i] += delta, loss), c, 1e-6, $"{name}: initial c {k}");
        }
    }

    [Fact]
    public void Backward_without_steps_passes_the_final_states_gradient_to_the_initial_state()
    {
        Network<double> network = Sample.Network<double>(3, 2, new LstmSpec(3) { Layers = 2 }, new PoolingSpec(Pooling.Mean));
        using Tape<double> tape = network.CreateTape();
        Gradient<double> gradient = network.CreateGradient();
        NetworkState<double> state = Sample.State(network, 2, 1), before = state.Clone();
        SequenceBatch<double> output = network.Forward(Sample.Batch<double>(1, 2, 0, 0), state, tape);
        Assert.Equal(new double[6], output.Rows.ToArray());
        Assert.Equal(Sample.Flat(before), Sample.Flat(state));
        tape.OutputGradient.Rows.Fill(1);
        tape.FinalStateGradient = Sample.State(network, 2, 5);
        network.Backward(tape, gradient);
        Assert.Equal(Sample.Flat(tape.FinalStateGradient), Sample.Flat(tape.InitialStateGradient));
        Assert.Equal(new double[gradient.Flat.Length], gradient.Flat.ToArray());
        Assert.Equal(0, tape.InputGradient.RowCount);
    }

    [Fact]
    public void Padding_that_grows_without_bounds_stays_out_of_the_gradient()
    {
        // Where z = 0, c ← 3c + 3·log 2; the bias keeps the real units from that.
        Network<float> network = Sample.Network<float>(3, 2, new LstmSpec(3)
        {
            Cell = new LstmEquations
            {
                GateActivation = new(LstmActivationFunction.Affine, 1, 3),
                CellActivation = new(LstmActivationFunction.Softplus),
            },
        });
        Parameter bias = network.Parameters.Single(parameter => parameter.Name == "lstm.bias_ih_l0");
        bias.Pack<float>([.. Enumerable.Repeat(-2.9f, bias.Count)], network.Flat);
        foreach (Parameter weight in network.Parameters.Where(parameter => parameter != bias))
        {
            weight.Pack<float>(new float[weight.Count], network.Flat);
        }

        network.Touch();
        using Tape<float> tape = network.CreateTape();
        network.Forward(Sample.Batch<float>(1, 2, 200), tape);
        tape.OutputGradient.Rows.Fill(1);
        Gradient<float> gradient = network.CreateGradient();
        network.Backward(tape, gradient);
        Assert.All(gradient.Flat.ToArray(), value => Assert.True(float.IsFinite(value)));
        Assert.All(tape.InputGradient.Rows.ToArray(), value => Assert.True(float.IsFinite(value)));
    }

    private static double[] Differences(int count, Action<int, double> move, Loss loss) =>
        [.. Enumerable.Range(0, count).Select(i => Difference(delta => move(i, delta), loss))];

    private static double Difference(Action<double> move, Loss loss)
    {
        double step = loss.Step;
        double[] at = [.. new[] { 2 * step, -step, -2 * step, -step }.Select(by =>
        {
            move(by);
            return loss.Value();
        })];
        move(2 * step);
        return ((8 * (at[1] - at[2])) - (at[0] - at[3])) / (12 * step);
    }

    /// <summary>Σ ct·output, and Σ ct·final state when a state is given.</summary>
    private sealed class Loss
    {
        private readonly NetworkCase tested;
        private readonly Network<double> network;
        private readonly NetworkInput<double> batch;
        private readonly bool withState;
        private readonly NetworkState<double> finalCotangent;

        public Loss(NetworkCase tested, Network<double> network, bool withState)
        {
            this.tested = tested;
            this.network = network;
            this.withState = withState;
            int[] lengths = tested.Lengths;
            batch = tested.Input<double>(1, lengths);
            Initial = Sample.State(network, lengths.Length, 20);
            finalCotangent = Sample.State(network, lengths.Length, 40);
            Tape = network.CreateTape();
            Tape.DropoutSeed = 9;
        }

        public Tape<double> Tape { get; }

        public double Step
            => tested.DifferenceStep ?? (Tape.Training && !tested.HasSmallGradients ? GradientTests.Step : LargerStep);

        public SequenceBatch<double> Input => batch.Features!;

        public NetworkState<double> Initial { get; }

        public double Value(bool backward = false)
        {
            Tape.DropoutDraw = 5;
            NetworkState<double> state = Initial.Clone();
            SequenceBatch<double> output = withState
                ? network.Forward(batch, state, Tape) : network.Forward(batch, Tape);
            SequenceBatch<double> cotangent = Sample.Batch<double>(2, network.OutputSize, output.Lengths);
            if (backward)
            {
                Tape.FinalStateGradient = withState ? finalCotangent : null;
                cotangent.Rows.CopyTo(Tape.OutputGradient.Rows);
            }

            double value = Dot(Sample.Flat(output), Sample.Flat(cotangent));
            return withState ? value + Dot(Sample.Flat(state), Sample.Flat(finalCotangent)) : value;
        }

        private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
    }
}
