using System.Numerics;
using Lstm.Cells;
using Lstm.Simd;
using Lstm.Tests.Support;

namespace Lstm.Tests.Bits;

/// <summary>
/// Gradients that sum several blocks of rows have the same bits on every width and number of workers, recomputed or kept whole,
/// with the loss fused or apart: for few long sequences and many short ones, of lengths that fill no block.
/// </summary>
[Trait("Category", "Widths")]
public abstract class BlockBitsTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static TheoryData<int, int> Sizes { get; } = new() { { 1, 301 }, { 3, 131 }, { 8, 53 }, { 65, 7 }, { 300, 4 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Blocks_of_rows_are_the_same_however_a_pass_is_run(int sequences, int steps)
    {
        int[] lengths = [.. Enumerable.Range(0, sequences).Select(b => steps - (b % 5 * steps / 9))];
        Network<T> network = Sample.Network<T>(
            1,
            3,
            new LstmSpec(5) { Cell = new LstmEquations { Peephole = true } },
            new LstmSpec(3) { Direction = LstmDirection.Bidirectional, Projection = new(2) },
            new LstmSpec(5),
            new DenseSpec(9));
        SequenceBatch<T> batch = Sample.Batch<T>(5, 3, lengths);
        SequenceBatch<int> labels = Sample.Ids(6, 9, lengths);
        T[] expected = Run(new(1, SimdDispatch.Best, null, Way.Apart));
        foreach (SimdWidth width in Enum.GetValues<SimdWidth>().Where(SimdDispatch.IsAccelerated))
        {
            foreach (int workers in (int[])[1, 3])
            {
                Check(new(workers, width, null, Way.Apart));
            }
        }

        foreach (Way way in Enum.GetValues<Way>())
        {
            foreach (int? every in new int?[] { null, 0, 1, 2, 100, 200 })
            {
                Check(new(2, SimdDispatch.Best, every, way));
            }
        }

        void Check(Setup setup) => Close.SameBits(expected, Run(setup), $"{sequences} × {steps}, {setup}");

        T[] Run(Setup setup)
        {
            using Tape<T> tape = network.CreateTape(setup.Workers).SharesAll();
            tape.Resources.Width = setup.Width;
            tape.Resources.SweepBytes = 0;
            Gradient<T> gradient = network.CreateGradient();
            SoftmaxCrossEntropy<T> loss = new();

            // The second pass adds to the gradient of the first.
            for (int pass = 0; pass < 2; pass++)
            {
                tape.RecomputeEvery = setup.Every;
                if (setup.Way == Way.Apart)
                {
                    loss.Evaluate(network.Forward(batch, tape), labels, tape.OutputGradient);
                }
                else
                {
                    network.ForwardLoss(batch, labels, loss, tape, gradient: setup.Way == Way.Swept ? gradient : null);
                }

                network.Backward(tape, gradient);
            }

            return [.. gradient.Flat, .. Sample.Flat(tape.InputGradient)];
        }
    }

    /// <summary>How the last layer and the loss are run.</summary>
    private enum Way
    {
        Apart,
        Pending,
        Swept,
    }

    private sealed record Setup(int Workers, SimdWidth Width, int? Every, Way Way);
}

public sealed class BlockBitsDoubleTests : BlockBitsTests<double>;

public sealed class BlockBitsFloatTests : BlockBitsTests<float>;
