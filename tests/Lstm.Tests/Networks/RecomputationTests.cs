using Lstm.Diagnostics;
using Lstm.Specs;
using Lstm.Tests.Support;

namespace Lstm.Tests.Networks;

/// <summary>What a tape that computes its steps again refuses, and what it still shows.</summary>
public class RecomputationTests
{
    [Fact]
    public void RecomputeEvery_with_batch_norm_throws()
    {
        using Tape<double> tape =
            Network.Create<double>(2, new LstmSpec(3) { Name = "mine", Normalization = new BatchNormalization() }).CreateTape();
        Assert.Contains("'mine'", Assert.Throws<NotSupportedException>(() => tape.RecomputeEvery = 4).Message);
        tape.RecomputeEvery = null;
    }

    [Fact]
    public void RecomputeEvery_of_less_than_nothing_throws()
    {
        using Tape<float> tape = Sample.Network<float>(1, 2, new LstmSpec(3)).CreateTape();
        Assert.Null(tape.RecomputeEvery);
        Assert.Throws<ArgumentOutOfRangeException>("value", () => tape.RecomputeEvery = -1);
        Assert.Null(tape.RecomputeEvery);
    }

    [Fact]
    public void Traces_of_a_tape_that_does_not_hold_its_steps_throw()
    {
        Network<float> network = Sample.Network<float>(1, 2, new LstmSpec(3) { Layers = 2 });
        using Tape<float> tape = network.CreateTape();
        tape.RecomputeEvery = 4;
        network.Forward(Sample.Batch<float>(1, 2, 300), tape).Rows.CopyTo(tape.OutputGradient.Rows);
        Assert.Contains(
            "RecomputeEvery", Assert.Throws<InvalidOperationException>(() => new GateTrace<float>(network).Read(tape)).Message);
        network.Backward(tape, network.CreateGradient());
        Assert.Contains(
            "RecomputeEvery",
            Assert.Throws<InvalidOperationException>(() => new GradientTrace<float>(network).Read(tape)).Message);
        Assert.Null(NonFinite.Find(tape));

        // 300 steps are not cut by 300.
        tape.RecomputeEvery = 300;
        network.Forward(Sample.Batch<float>(1, 2, 300), tape);
        new GateTrace<float>(network).Read(tape);
    }

    // 128 steps of one sequence, 42 of three.
    [Theory]
    [InlineData(1, 128, false)]
    [InlineData(1, 129, true)]
    [InlineData(3, 42, false)]
    [InlineData(3, 43, true)]
    [InlineData(65, 4, false)]
    [InlineData(65, 5, true)]
    public void RecomputeEvery_is_rounded_up_to_whole_blocks(int sequences, int steps, bool isCut)
    {
        Network<float> network = Sample.Network<float>(1, 2, new LstmSpec(3));
        using Tape<float> tape = network.CreateTape();
        tape.RecomputeEvery = 4;
        network.Forward(Sample.Batch<float>(1, 2, [.. Enumerable.Repeat(steps, sequences)]), tape);
        Assert.Equal(isCut, tape.IsRecomputed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_sequence_of_20_000_steps_takes_2_MB_beside_its_rows(int layers)
        => Assert.InRange(BytesBesideRows(20_000, 16, layers), 0, 2_000_000);

    [SlowTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_sequence_of_100_000_steps_takes_8_MB_beside_its_rows(int layers)
        => Assert.InRange(BytesBesideRows(100_000, 128, layers), 0, 8_000_000);

    [Fact]
    public void RecomputeEvery_between_forward_and_backward_concerns_the_next_pass()
    {
        Network<double> network = Sample.Network<double>(1, 2, new LstmSpec(3));
        SequenceBatch<double> batch = Sample.Batch<double>(1, 2, 190, 40);
        double[] expected = TrainingPass<double>.Run(network, batch, 2, withStates: false).Gradient;
        using Tape<double> tape = network.CreateTape();
        foreach (int? every in new int?[] { null, 4 })
        {
            tape.RecomputeEvery = every;
            network.Forward(batch, tape);
            Assert.Equal(every is not null, tape.IsRecomputed);
            tape.RecomputeEvery = every is null ? 2 : null;
            Sample.Batch<double>(3, 3, 190, 40).Rows.CopyTo(tape.OutputGradient.Rows);
            Gradient<double> gradient = network.CreateGradient();
            network.Backward(tape, gradient);
            Close.SameBits(expected, gradient.Flat.ToArray(), "gradient");
        }
    }

    // All that the first pass allocates, but for output, output gradient and input gradient.
    private static long BytesBesideRows(int steps, int units, int layers)
    {
        Network<float> network = Sample.Network<float>(1, units, new LstmSpec(units) { Layers = layers });
        SequenceBatch<float> batch = Sample.Batch<float>(1, units, steps);
        Gradient<float> gradient = network.CreateGradient();
        long before = GC.GetAllocatedBytesForCurrentThread();
        using Tape<float> tape = network.CreateTape();
        tape.RecomputeEvery = 0;
        network.Forward(batch, tape).Rows.CopyTo(tape.OutputGradient.Rows);
        network.Backward(tape, gradient);
        return GC.GetAllocatedBytesForCurrentThread() - before - (3L * steps * units * sizeof(float));
    }

    [Fact]
    public void Find_sees_the_outputs_of_a_tape_that_does_not_hold_its_steps()
    {
        Network<float> network = Sample.Network<float>(1, 2, new LstmSpec(3), new DenseSpec(2));
        SequenceBatch<float> batch = Sample.Batch<float>(1, 2, 190);

        // Gates that are open and a candidate near 1 make h near tanh(t + 1): its sum in units of the largest number is more than
        // that.
        network.WriteParameter(
            "lstm.bias_ih_l0", System.Numerics.Tensors.Tensor.Create(Enumerable.Repeat(20f, 12).ToArray(), [12]));
        network.WriteParameter(
            "dense.weight",
            System.Numerics.Tensors.Tensor.Create([0, 0, 0, float.MaxValue, float.MaxValue, float.MaxValue], [2, 3]));
        using Tape<float> tape = network.CreateTape();
        tape.RecomputeEvery = 4;
        network.Forward(batch, tape);
        Assert.True(tape.IsRecomputed);
        NonFiniteValue found = NonFinite.Find(tape)!;
        Assert.Equal(("dense", "output", 0, 1), (found.Place, found.Quantity, found.Step, found.Index));
    }
}
