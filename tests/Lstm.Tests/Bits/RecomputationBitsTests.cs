using System.Numerics;
using Lstm.Sequences;
using Lstm.Tests.Cases;
using Lstm.Tests.Support;

namespace Lstm.Tests.Bits;

/// <summary>A pass that is computed again segment by segment gives the bits of one that is kept whole.</summary>
[Trait("Category", "Widths")]
public abstract class RecomputationBitsTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Segments of 1 step and more; of 128 and more; of 42 and more; of 1, of several parts; all in one.
    private static readonly int[][] Shapes =
    [
        [.. Enumerable.Repeat<int[]>([9, 0, 4, 12, 1, 12], 22).SelectMany(lengths => lengths)],
        [150],
        [60, 50, 60],
        [.. Enumerable.Repeat(3, 195)],
        [9, 0, 4, 12, 1, 12],
    ];

    // For every case: one segment of 128 steps and a rest.
    private static readonly int[][] ShortShapes = [[150, 0, 1]];

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Passes_computed_again_give_the_bits_of_whole_ones_or_are_refused(string name)
    {
        NetworkCase tested = NetworkCases.Get(name);
        Network<T> network = tested.Create<T>();
        if (tested.UsesBatchStatistics)
        {
            using Tape<T> tape = network.CreateTape();
            Assert.Throws<NotSupportedException>(() => tape.RecomputeEvery = 4);
            return;
        }

        (int Every, int Workers)[] ways = tested.OnLongBatches
            ? [(0, 3), (1, 1), (3, 3), (4, 1), (7, 1), (11, 1), (50, 1), (int.MaxValue, 1)] : [(4, 1), (7, 2)];
        foreach (int[] lengths in tested.OnLongBatches ? Shapes : ShortShapes)
        {
            NetworkInput<T> batch = tested.Input<T>(5, lengths);
            foreach (bool withStates in new[] { true, false })
            {
                TrainingPass<T> whole = Run(network, batch, null, 1, withStates);
                foreach ((int every, int workers) in ways)
                {
                    string what = $"[{lengths[0]}, …] × {lengths.Length}, every {every}, {workers} workers, states {withStates}";
                    whole.AssertSameBits(Run(network, batch, every, workers, withStates), what);
                }
            }
        }
    }

    [Fact]
    public void Ids_and_tapes_that_are_used_again_give_the_same_bits()
    {
        Network<T> network =
            Sample.Network<T>(1, 11, new EmbeddingSpec(5), new LstmSpec(9) { Layers = 2, Dropout = 0.2 }, new DenseSpec(11));
        SequenceBatch<int> longer = Sample.Ids(1, 11, 130, 0, 117, 20, 4), shorter = Sample.Ids(2, 11, 3, 9);
        using Tape<T> tape = network.CreateTape();
        foreach (SequenceBatch<int> batch in new[] { longer, shorter, longer })
        {
            foreach (int? every in new int?[] { 4, null, 0, 9 })
            {
                tape.RecomputeEvery = every;
                (tape.DropoutSeed, tape.DropoutDraw) = (3, 0);
                TrainingPass<T> again = TrainingPass<T>.Run(network, batch, 2, tape, network.CreateGradient());
                TrainingPass<T>.Run(network, batch, 2).AssertSameBits(again, $"{batch}, every {every}");
            }
        }
    }

    // What an earlier batch has added is where the chains start.
    [Fact]
    public void Backward_adds_to_what_the_gradient_holds()
    {
        Network<T> network = Sample.Network<T>(
            1, 4, new LstmSpec(9) { Layers = 2, Regularization = new() { WeightDropout = 0.2 }, LearnInitialState = true },
            new DenseSpec(3));
        SequenceBatch<T> batch = Sample.Batch<T>(5, 4, 290, 0, 12);
        Gradient<T> whole = network.CreateGradient(), parts = network.CreateGradient();
        foreach ((Gradient<T> gradient, int? every) in
            new (Gradient<T>, int?)[] { (whole, null), (whole, null), (parts, 5), (parts, 130) })
        {
            using Tape<T> tape = network.CreateTape();
            tape.RecomputeEvery = every;
            TrainingPass<T>.Run(network, batch, 2, tape, gradient, withStates: false);
            Assert.Equal(every is not null, tape.IsRecomputed);
        }

        Close.SameBits<T>(whole.Flat, parts.Flat, "gradient");
    }

    // 9 inputs: fewer outputs than inputs are computed again with the rest, more are left to the loss.
    [Theory]
    [InlineData(3)]
    [InlineData(40)]
    public void Forward_loss_gives_the_same_bits(int outputs)
    {
        Network<T> network = Sample.Network<T>(1, 4, new LstmSpec(9) { Layers = 2 }, new DenseSpec(outputs));
        int[] lengths = [99, 0, 112, 3, .. Enumerable.Repeat(4, 200)];
        SequenceBatch<T> batch = Sample.Batch<T>(5, 4, lengths);
        SequenceBatch<int> labels = Sample.Ids(6, outputs, lengths);
        List<(double Loss, T[] Gradient)> results = [];
        foreach ((int? every, bool sweeps) in new (int?, bool)[] { (null, true), (4, true), (4, false), (0, true) })
        {
            using Tape<T> tape = network.CreateTape();
            tape.RecomputeEvery = every;
            Gradient<T> gradient = network.CreateGradient();
            double loss =
                network.ForwardLoss(batch, labels, new SoftmaxCrossEntropy<T>(), tape, gradient: sweeps ? gradient : null);
            network.Backward(tape, gradient);
            Assert.Equal(every is not null, tape.IsRecomputed);
            results.Add((loss, [.. gradient.Flat, .. Sample.Flat(tape.InputGradient)]));
        }

        foreach ((double loss, T[] gradient) in results)
        {
            Assert.Equal(results[0].Loss, loss);
            Close.SameBits(results[0].Gradient, gradient, "gradients");
        }
    }

    private static TrainingPass<T> Run(
        Network<T> network, NetworkInput<T> batch, int? every, int workers, bool withStates)
    {
        using Tape<T> tape = network.CreateTape(workers).SharesAll();
        tape.DropoutSeed = 3;
        tape.RecomputeEvery = every;
        TrainingPass<T> pass = TrainingPass<T>.Run(network, batch, 9, tape, network.CreateGradient(), withStates);

        // The first segment: whole blocks of as many steps.
        SequenceShape shape = batch.Ids?.Shape ?? batch.Features!.Shape;
        double? least = every == 0 ? Math.Sqrt(shape.StepCount) : every;
        int? end = BlockOrder.Steps(shape).Select(block => (int?)block.End).FirstOrDefault(end => end >= least);
        Assert.Equal(end < shape.StepCount, tape.IsRecomputed);
        return pass;
    }
}

public sealed class RecomputationBitsDoubleTests : RecomputationBitsTests<double>;

public sealed class RecomputationBitsFloatTests : RecomputationBitsTests<float>;
