using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Networks;

/// <summary>What of an output gradient nobody has written is zero.</summary>
public abstract class OutputGradientTests<T> : IDisposable
    where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
{
    private readonly Network<T> network = Sample.Network<T>(1, 2, new LstmSpec(5), new DenseSpec(3)
    {
        Activation = Activation.Tanh,
    });
    private readonly SequenceBatch<T> batch = Sample.Batch<T>(1, 2, 7, 3);
    private readonly Tape<T> tape;

    protected OutputGradientTests() => tape = network.CreateTape();

    public void Dispose() => tape.Dispose();

    [Fact]
    public void Backward_of_a_gradient_of_the_last_row_alone_has_no_part_of_an_earlier_pass()
    {
        T[] expected = OfLastRow(network.CreateTape());
        LeaveSomething();
        Assert.Equal(expected, OfLastRow(tape));
    }

    [Fact]
    public void Backward_of_a_gradient_that_nobody_writes_is_that_of_zeros()
    {
        LeaveSomething();
        network.Forward(batch, tape);
        Gradient<T> gradient = network.CreateGradient();
        network.Backward(tape, gradient);
        Assert.All(gradient.Flat.ToArray(), value => Assert.Equal(T.Zero, value));
        Assert.All(tape.InputGradient.Rows.ToArray(), value => Assert.Equal(T.Zero, value));
    }

    [Fact]
    public void Backward_after_ForwardLoss_of_a_loss_that_writes_the_last_row_alone()
    {
        T[] expected = OfLastRow(network.CreateTape());
        LeaveSomething();
        Gradient<T> gradient = network.CreateGradient();
        network.ForwardLoss(batch, Sample.Batch<T>(3, 3, 7, 3), new LastRowLoss(), tape);
        network.Backward(tape, gradient);
        Assert.Equal(expected, gradient.Flat.ToArray());
    }

    [Fact]
    public void Values_that_are_read_before_they_are_written_are_zero()
    {
        LeaveSomething();
        network.Forward(batch, tape);
        Assert.All(Sample.Flat(tape.OutputGradient), value => Assert.Equal(T.Zero, value));
        LeaveSomething();
        network.Forward(batch, tape);
        SequenceBatch<T> part = new(3);
        part.View(tape.OutputGradient, 2, 3);
        Assert.All(part.Rows.ToArray(), value => Assert.Equal(T.Zero, value));
    }

    [Fact]
    public void Values_that_a_loss_has_written_stay()
    {
        LeaveSomething();
        network.Forward(batch, tape);
        MeanSquaredError<T> loss = new();
        SequenceBatch<T> target = Sample.Batch<T>(3, 3, 7, 3), gradient = new(3);
        gradient.Reshape([7, 3]);
        loss.Evaluate(tape.Output, target, gradient);
        loss.Evaluate(tape.Output, target, tape.OutputGradient);
        Assert.Equal(gradient.Rows.ToArray(), tape.OutputGradient.Rows.ToArray());
    }

    [Fact]
    public void Threads_that_write_rows_together_lose_none()
    {
        SequenceBatch<T> wide = Sample.Batch<T>(2, 2, [.. Enumerable.Repeat(9, 64)]);
        for (int round = 0; round < 50; round++)
        {
            network.Forward(wide, tape);
            Parallel.For(0, 64, sequence => tape.OutputGradient[sequence, 8].Fill(T.One));
            Assert.All(
                tape.OutputGradient.ToList(),
                values => Assert.Equal([.. Enumerable.Repeat(T.Zero, 24), T.One, T.One, T.One], values));
        }
    }

    private void LeaveSomething()
    {
        network.Forward(batch, tape);
        tape.OutputGradient.Rows.Fill(T.CreateChecked(1000));
        network.Backward(tape, network.CreateGradient());
    }

    private T[] OfLastRow(Tape<T> fresh)
    {
        network.Forward(batch, fresh);
        fresh.OutputGradient[0, 6].Fill(T.One);
        Gradient<T> gradient = network.CreateGradient();
        network.Backward(fresh, gradient);
        return gradient.Flat.ToArray();
    }

    private sealed class LastRowLoss : Loss<T>
    {
        public LastRowLoss() => Reduction = Reduction.Sum;

        public override LossUnit Unit => LossUnit.Row;

        protected override double SumOf(
            SequenceBatch<T> output, SequenceBatch<T> target, SequenceBatch<T>? outputGradient, SequenceBatch<T>? weights)
        {
            outputGradient?[0, 6].Fill(T.One);
            return 0;
        }
    }
}

public sealed class OutputGradientTestsOfFloat : OutputGradientTests<float>;

public sealed class OutputGradientTestsOfDouble : OutputGradientTests<double>;
