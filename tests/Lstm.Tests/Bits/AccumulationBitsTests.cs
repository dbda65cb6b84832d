using System.Numerics;
using Lstm.Tests.Support;

namespace Lstm.Tests.Bits;

/// <summary>
/// Parameter gradients add blocks of rows to the value already there: batches cut between blocks add up as one batch would.
/// </summary>
[Trait("Category", "Widths")]
public abstract class AccumulationBitsTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // One step a sequence: all rows are one step, taken in rising order, in blocks of 128 and 172.
    [Theory]
    [InlineData(LstmDirection.Forward)]
    [InlineData(LstmDirection.Reverse)]
    [InlineData(LstmDirection.Bidirectional)]
    public void Backward_of_two_batches_of_single_steps_equals_one_batch(LstmDirection direction)
    {
        Network<T> network = Sample.Network<T>(1, 3,
            new LstmSpec(9) { Layers = 2, Direction = direction, LearnInitialState = true }, new DenseSpec(4)
            {
                Activation = Activation.Sigmoid,
            });
        Gradient<T> whole = network.CreateGradient(), parts = network.CreateGradient();
        Backward(network, whole, 0, 300);
        Backward(network, parts, 0, 128);
        Backward(network, parts, 128, 172);
        Close.SameBits<T>(whole.Flat, parts.Flat, "gradient");
    }

    // Without recurrence, the later steps come first. 30 sequences have 4 steps in a block.
    [Fact]
    public void Backward_of_later_steps_then_earlier_ones_equals_the_whole()
    {
        Network<T> network = Sample.Network<T>(1, 3, new DenseSpec(17) { Activation = Activation.Tanh }, new DenseSpec(4));
        int[] lengths = [5, 0, 9, 3, .. Enumerable.Repeat(9, 28)];
        SequenceBatch<T> batch = Sample.Batch<T>(1, 3, lengths), ct = Sample.Batch<T>(2, 4, lengths);
        SequenceBatch<T> steps = new(3), ctSteps = new(4);
        Gradient<T> whole = network.CreateGradient(), parts = network.CreateGradient();
        using Tape<T> tape = network.CreateTape();
        foreach ((int first, int count, Gradient<T> gradient) in new[] { (0, 9, whole), (4, 5, parts), (0, 4, parts) })
        {
            steps.View(batch, first, count);
            ctSteps.View(ct, first, count);
            network.Forward(steps, tape);
            ctSteps.Rows.CopyTo(tape.OutputGradient.Rows);
            network.Backward(tape, gradient);
        }

        GC.KeepAlive(ct);
        Close.SameBits<T>(whole.Flat, parts.Flat, "gradient");
    }

    [Fact]
    public void Backward_into_a_gradient_that_holds_values_adds_to_them()
    {
        // One row through a dense layer without activation: dW = dW₀ + dy·x, rounded twice, db = db₀ + dy.
        Network<T> network = Sample.Network<T>(1, 2, new DenseSpec(3));
        Gradient<T> gradient = network.CreateGradient();
        T[] dw = Sample.Values<T>(5, 6), db = Sample.Values<T>(6, 3);
        gradient.Write("dense.weight", System.Numerics.Tensors.Tensor.Create(dw, [3, 2]));
        gradient.Write("dense.bias", System.Numerics.Tensors.Tensor.Create(db, [3]));
        T[] x = Sample.Values<T>(7, 2), dy = Sample.Values<T>(8, 3);
        using Tape<T> tape = network.CreateTape();
        network.Forward(SequenceBatch.FromSequences<T>([x], 2), tape);
        dy.CopyTo(tape.OutputGradient.Rows);
        network.Backward(tape, gradient);
        T[] actual = new T[6];
        gradient.Read("dense.weight").FlattenTo(actual);
        Close.SameBits(dw.Select((value, i) => value + (x[i % 2] * dy[i / 2])).ToArray(), actual, "dW");
        T[] bias = new T[3];
        gradient.Read("dense.bias").FlattenTo(bias);
        Close.SameBits(db.Select((value, i) => value + dy[i]).ToArray(), bias, "db");
    }

    private static void Backward(Network<T> network, Gradient<T> gradient, int first, int count)
    {
        IEnumerable<int> keys = Enumerable.Range(first, count);
        using Tape<T> tape = network.CreateTape();
        network.Forward(
            SequenceBatch.FromSequences<T>(
            [.. keys.Select(key => Sample.Sequence<T>(1, key, 1, network.InputSize))], network.InputSize), tape);
        foreach ((int b, int key) in keys.Index())
        {
            Sample.Sequence<T>(2, key, 1, network.OutputSize).CopyTo(tape.OutputGradient[b, 0]);
        }

        network.Backward(tape, gradient);
    }
}

public sealed class AccumulationBitsDoubleTests : AccumulationBitsTests<double>;

public sealed class AccumulationBitsFloatTests : AccumulationBitsTests<float>;
