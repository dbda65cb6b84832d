using System.Numerics;
using Lstm.Cells;
using Lstm.Specs;
using Lstm.Tests.Cells;
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

    public static TheoryData<string> Networks { get; } = new(Cases.Keys.ToArray());

    private static Dictionary<string, LayerSpec[]> Cases => new()
    {
        ["one layer"] = [new LstmSpec(19)],
        ["stack"] = [new LstmSpec(9) { Layers = 3, Bias = LstmBias.Two }],
        ["stack with dropout and dense layers"] = [new DropoutSpec(0.2), new DenseSpec(5) { Activation = Activation.Tanh }, new LstmSpec(9) { Layers = 2, Dropout = 0.3 }, new DropoutSpec(0.1), new DenseSpec(3)],
        ["learned state"] = [new LstmSpec(9) { Layers = 2, LearnInitialState = true }, new DenseSpec(2)],
        ["learned state in reverse"] = [new LstmSpec(9) { Direction = LstmDirection.Reverse, LearnInitialState = true }],
        ["learned state both ways"] = [new LstmSpec(9) { Direction = LstmDirection.Bidirectional, LearnInitialState = true }],
        ["reverse"] = [new LstmSpec(9) { Direction = LstmDirection.Reverse }],
        ["bidirectional"] = [new LstmSpec(17) { Direction = LstmDirection.Bidirectional }],
        ["bidirectional stack"] = [new LstmSpec(9) { Layers = 2, Dropout = 0.3, Direction = LstmDirection.Bidirectional, Bias = LstmBias.Two }, new DenseSpec(3)],
        ["merged"] = [new LstmSpec(9) { Layers = 2, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Product }],
        ["forward, both ways, forward"] = [new LstmSpec(9), new DenseSpec(4), new LstmSpec(5) { Direction = LstmDirection.Bidirectional }, new DropoutSpec(0.2), new LstmSpec(7), new DenseSpec(3)],
        ["residual"] = [new LstmSpec(4) { Layers = 2, Dropout = 0.2, Shortcut = LstmShortcut.Add }],
        ["skip"] = [new LstmSpec(5) { Layers = 2, Shortcut = LstmShortcut.Concatenate }, new DenseSpec(3)],
        ["residual both ways"] = [new LstmSpec(4) { Layers = 2, Dropout = 0.2, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Mean, Shortcut = LstmShortcut.Add }],
        ["pooled"] = [new LstmSpec(9), new PoolingSpec(Pooling.Last), new LstmSpec(5), new DenseSpec(2)],
        ["pooled both ways"] = [new LstmSpec(9) { Direction = LstmDirection.Bidirectional }, new PoolingSpec(Pooling.Max), new DenseSpec(2)],
        ["mean"] = [new LstmSpec(9), new DenseSpec(4), new PoolingSpec(Pooling.Mean)],
        ["peephole, coupled, clipped"] = [new LstmSpec(9) { Layers = 2, Cell = new LstmEquations { Peephole = true, CoupledGates = true, CellClip = 0.2, PreActivationClip = 0.4 } }],
        ["peephole both ways"] = [new LstmSpec(9) { Cell = new LstmEquations { Peephole = true }, Direction = LstmDirection.Bidirectional }],
        ["projection"] = [new LstmSpec(19) { Layers = 2, Projection = new(5) { Clip = 0.2 } }],
        ["projection both ways"] = [new LstmSpec(9) { Projection = new(18), Direction = LstmDirection.Bidirectional }],
        ["gate recurrence"] = [new LstmSpec(9) { Layers = 2, Cell = new LstmEquations { GateRecurrence = true }, LearnInitialState = true }],
        ["gate recurrence both ways"] = [new LstmSpec(9) { Cell = new LstmEquations { GateRecurrence = true }, Direction = LstmDirection.Bidirectional }],
        ["truncated gradient"] = [new LstmSpec(9) { Layers = 2, TruncatedGradient = true }],
        ["dropouts"] = [new LstmSpec(9) { Layers = 2, Regularization = new() { InputDropout = 0.3, RecurrentDropout = 0.3, WeightDropout = 0.3 }, Cell = new LstmEquations { CandidateDropout = 0.2 } }],
        ["dropouts both ways"] = [new LstmSpec(9) { Regularization = new() { InputDropout = 0.3, RecurrentDropout = 0.3, WeightDropout = 0.3 }, Cell = new LstmEquations { CandidateDropout = 0.2 }, Direction = LstmDirection.Bidirectional }],
        ["zoneout"] = [new LstmSpec(9) { Layers = 2, Regularization = new() { HiddenZoneout = 0.3, CellZoneout = 0.4 } }],
        ["zoneout both ways"] = [new LstmSpec(9) { Regularization = new() { HiddenZoneout = 0.3, CellZoneout = 0.4 }, Direction = LstmDirection.Bidirectional }],
        ["layer norm"] = [new LstmSpec(9) { Layers = 2, Normalization = new LayerNormalization(), Regularization = new() { HiddenZoneout = 0.3, CellZoneout = 0.4 } }],
        ["layer norm both ways"] = [new LstmSpec(9) { Normalization = new LayerNormalization(), Cell = new LstmEquations { GateRecurrence = true, Peephole = true }, Projection = new(5), Direction = LstmDirection.Bidirectional }],
        ["custom cell"] = [new LstmSpec(9) { Layers = 2, Cell = CustomCell.Of("odd", new OddCell(0.5)) }, new LstmSpec(9) { Cell = CustomCell.Of("odd", new OddCell(0.5)), Direction = LstmDirection.Bidirectional }],
        ["several states"] =
        [
            new LstmSpec(9) { Layers = 2, Cell = CustomCell.Of("slstm", default(StabilizedCell)), LearnInitialState = true },
            new LstmSpec(9) { Cell = CustomCell.Of("slstm", default(StabilizedCell)), Direction = LstmDirection.Bidirectional },
        ],
        ["everything"] = [new LstmSpec(9)
        {
            Layers = 2, Direction = LstmDirection.Bidirectional, Cell = new LstmEquations { GateRecurrence = true, Peephole = true, CoupledGates = true, CandidateDropout = 0.2 }, Projection = new(3) { Clip = 0.15 },
            Bias = LstmBias.Two, LearnInitialState = true, Regularization = new() { RecurrentDropout = 0.3, HiddenZoneout = 0.2, CellZoneout = 0.3, WeightDropout = 0.3 },
        }],
        ["everything forward"] = [new LstmSpec(9)
        {
            Layers = 2, Cell = new LstmEquations { GateRecurrence = true, Peephole = true, CoupledGates = true, CandidateDropout = 0.2 }, Projection = new(3) { Clip = 0.15 }, Shortcut = LstmShortcut.Concatenate,
            Bias = LstmBias.Two, LearnInitialState = true, Regularization = new() { RecurrentDropout = 0.3, HiddenZoneout = 0.2, CellZoneout = 0.3, WeightDropout = 0.3 },
        }],
    };

    [Theory]
    [MemberData(nameof(Networks))]
    public void Passes_computed_again_give_the_bits_of_whole_ones(string name)
    {
        Network<T> network = Sample.Network<T>(1, 4, Cases[name]);
        foreach (int[] lengths in Shapes)
        {
            SequenceBatch<T> batch = Sample.Batch<T>(5, 4, lengths);
            foreach (bool withStates in new[] { true, false })
            {
                TrainingPass<T> whole = Run(network, batch, null, 1, withStates);
                foreach ((int every, int workers) in
                    new[] { (0, 3), (1, 1), (3, 3), (4, 1), (7, 1), (11, 1), (50, 1), (int.MaxValue, 1) })
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
        Network<T> network = Sample.Network<T>(1, 11, new EmbeddingSpec(5), new LstmSpec(9) { Layers = 2, Dropout = 0.2 }, new DenseSpec(11));
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
        Network<T> network = Sample.Network<T>(1, 4, new LstmSpec(9) { Layers = 2, Regularization = new() { WeightDropout = 0.2 }, LearnInitialState = true }, new DenseSpec(3));
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
            double loss = network.ForwardLoss(batch, labels, new SoftmaxCrossEntropy<T>(), tape, gradient: sweeps ? gradient : null);
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

    private static TrainingPass<T> Run(Network<T> network, SequenceBatch<T> batch, int? every, int workers, bool withStates)
    {
        using Tape<T> tape = network.CreateTape(workers).SharesAll();
        tape.DropoutSeed = 3;
        tape.RecomputeEvery = every;
        TrainingPass<T> pass = TrainingPass<T>.Run(network, batch, 9, tape, network.CreateGradient(), withStates);

        // The first segment: whole blocks of as many steps.
        double? least = every == 0 ? Math.Sqrt(batch.StepCount) : every;
        int? end = BlockOrder.Steps(batch.Shape).Select(block => (int?)block.End).FirstOrDefault(end => end >= least);
        Assert.Equal(end < batch.StepCount, tape.IsRecomputed);
        return pass;
    }
}

public sealed class RecomputationBitsDoubleTests : RecomputationBitsTests<double>;

public sealed class RecomputationBitsFloatTests : RecomputationBitsTests<float>;
