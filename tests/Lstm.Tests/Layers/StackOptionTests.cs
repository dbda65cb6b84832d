using System.Numerics;
using Lstm.Diagnostics;
using Lstm.Specs;
using Lstm.Tests.Formats;
using Lstm.Tests.Support;

namespace Lstm.Tests.Layers;

/// <summary>Merges of directions and shortcuts, against the same parameters without them.</summary>
public abstract class StackOptionTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] Lengths = [3, 0, 5, 5, 1];

    [Theory]
    [InlineData(LstmMerge.Sum)]
    [InlineData(LstmMerge.Mean)]
    [InlineData(LstmMerge.Product)]
    public void Merge_joins_the_two_halves_of_the_concatenation(LstmMerge merge)
    {
        LstmSpec spec = new(7) { Direction = LstmDirection.Bidirectional };
        List<T[]> both = Predict(3, spec), one = Predict(3, spec with { Merge = merge });
        AssertMerged(both, one, merge, Lengths);
    }

    [Theory]
    [InlineData(LstmMerge.Sum)]
    [InlineData(LstmMerge.Mean)]
    [InlineData(LstmMerge.Product)]
    public void Pooling_the_last_outputs_of_a_merge_merges_each_directions_last(LstmMerge merge)
    {
        LstmSpec spec = new(7) { Direction = LstmDirection.Bidirectional };
        foreach (LayerSpec[] between in (LayerSpec[][])[[], [new DropoutSpec(0.5)]])
        {
            List<T[]> both = Predict(3, [spec, .. between, new PoolingSpec(Pooling.Last)]);
            List<T[]> one = Predict(3, [spec with { Merge = merge }, .. between, new PoolingSpec(Pooling.Last)]);
            AssertMerged(both, one, merge, [1, 1, 1, 1, 1]);
        }
    }

    [Theory]
    [InlineData(LstmDirection.Forward)]
    [InlineData(LstmDirection.Reverse)]
    public void Shortcuts_add_or_append_the_input(LstmDirection direction)
    {
        LstmSpec spec = new(4) { Direction = direction };
        SequenceBatch<T> input = Sample.Batch<T>(1, 4, Lengths);
        List<T[]> plain = Predict(4, spec), added = Predict(4, spec with { Shortcut = LstmShortcut.Add });
        List<T[]> appended = Predict(4, spec with { Shortcut = LstmShortcut.Concatenate });
        for (int b = 0; b < Lengths.Length; b++)
        {
            T[] x = input.GetSequence(b);
            Assert.Equal(plain[b].Zip(x, (h, value) => h + value), added[b]);
            Assert.Equal(
                Enumerable.Range(0, Lengths[b])
                .SelectMany(t => (T[])[.. plain[b][(4 * t)..(4 * (t + 1))], .. x[(4 * t)..(4 * (t + 1))]]), appended[b]);
        }
    }

    [Fact]
    public void Shortcut_of_a_stack_bypasses_each_of_its_layers()
    {
        LstmSpec spec = new(4) { Shortcut = LstmShortcut.Add };
        Assert.Equal(Predict(4, spec, spec, spec), Predict(4, spec with { Layers = 3 }));
        Network<T> skip = Sample.Network<T>(1, 2, new LstmSpec(3) { Layers = 3, Shortcut = LstmShortcut.Concatenate });
        Assert.Equal(2 + (3 * 3), skip.OutputSize);
        Assert.Equal([12, 8], skip.ReadParameter("lstm.weight_ih_l2").Lengths.ToArray().Select(n => (int)n));
    }

    [Fact]
    public void Shortcut_is_not_dropped_out()
    {
        // The LSTM's output is 0 without weights, so what is left is the bypass.
        Network<T> network = Network.Create<T>(4, new LstmSpec(4)
        {
            Layers = 3,
            Dropout = 0.9,
            Bias = LstmBias.None,
            Shortcut = LstmShortcut.Add,
        });
        network.Flat.Clear();
        network.Touch();
        using Tape<T> tape = network.CreateTape();
        SequenceBatch<T> input = Sample.Batch<T>(1, 4, Lengths);
        Assert.Equal(Sample.Flat(input), Sample.Flat(network.Forward(input, tape)));
    }

    [Fact]
    public void Trace_sees_the_layers_inside_shortcuts()
    {
        Network<T> network = Sample.Network<T>(1, 8, new LstmSpec(4)
        {
            Layers = 2,
            Direction = LstmDirection.Bidirectional,
            Shortcut = LstmShortcut.Add,
        });
        Network<T> plain = Sample.Network<T>(1, 8, new LstmSpec(4) { Direction = LstmDirection.Bidirectional });
        SequenceBatch<T> input = Sample.Batch<T>(1, 8, Lengths);
        using Tape<T> tape = network.CreateTape(), plainTape = plain.CreateTape();
        network.Forward(input, tape);
        plain.Forward(input, plainTape);
        GateTrace<T> trace = new(network), plainTrace = new(plain);
        trace.Read(tape);
        plainTrace.Read(plainTape);
        Assert.Equal(["lstm.l0", "lstm.l0_reverse", "lstm.l1", "lstm.l1_reverse"], trace.Layers.Select(layer => layer.Name));
        for (int d = 0; d < 2; d++)
        {
            Close.SameBits(Sample.Flat(plainTrace.Layers[d].Hidden), Sample.Flat(trace.Layers[d].Hidden), "hidden");
            Close.SameBits(Sample.Flat(plainTrace.Layers[d].Cell), Sample.Flat(trace.Layers[d].Cell), "cell");
        }
    }

    [Fact]
    public void Load_of_saved_gives_the_same_bits()
    {
        using TemporaryFolder folder = new();
        string path = folder["model.safetensors"];
        Network<T> network = Sample.Network<T>(1, 3,
            new LstmSpec(3)
            {
                Layers = 2,
                Direction = LstmDirection.Bidirectional,
                Merge = LstmMerge.Product,
                Shortcut = LstmShortcut.Add,
            },
            new LstmSpec(5) { Shortcut = LstmShortcut.Concatenate });
        network.Save(path);
        Network<T> loaded = Network.Load<T>(path);
        Assert.Equal(network.Specs, loaded.Specs);
        SequenceBatch<T> input = Sample.Batch<T>(1, 3, Lengths);
        Close.SameBits(Sample.Flat(network.Predict(input)), Sample.Flat(loaded.Predict(input)), "output");
    }

    [Fact]
    public void Wrong_options_throw_and_say_what()
    {
        AssertRefused("Merge", new LstmSpec(3) { Merge = LstmMerge.Sum });
        AssertRefused("Merge", new LstmSpec(3) { Direction = LstmDirection.Reverse, Merge = LstmMerge.Mean });
        AssertRefused("Merge", new LstmSpec(3) { Merge = (LstmMerge)9 });
        AssertRefused("Shortcut", new LstmSpec(3) { Shortcut = (LstmShortcut)9 });
        AssertRefused("2 inputs and 3 outputs", new LstmSpec(3) { Shortcut = LstmShortcut.Add });
        AssertRefused("2 inputs and 4 outputs", new LstmSpec(2)
        {
            Direction = LstmDirection.Bidirectional,
            Shortcut = LstmShortcut.Add,
        });
        AssertRefused(
            "pools the last outputs of 'lstm'",
            new LstmSpec(2) { Direction = LstmDirection.Bidirectional, Shortcut = LstmShortcut.Concatenate },
            new PoolingSpec(Pooling.Last));
        AssertRefused(
            "pools the last outputs of 'lstm'",
            new LstmSpec(2) { Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Sum, Shortcut = LstmShortcut.Add },
            new DropoutSpec(0.1), new PoolingSpec(Pooling.Last));
        AssertRefused(
            "pools the last outputs of 'lstm_1'", new LstmSpec(2) { Direction = LstmDirection.Reverse },
            new LstmSpec(2) { Shortcut = LstmShortcut.Concatenate }, new PoolingSpec(Pooling.Last));
        Network<T> residual = Sample.Network<T>(1, 3, new LstmSpec(3) { Shortcut = LstmShortcut.Add });
        Assert.Throws<ArgumentException>("network", () => new LstmCell<T>(residual));
        Network<T> merged = Sample.Network<T>(1, 3, new LstmSpec(3)
        {
            Direction = LstmDirection.Bidirectional,
            Merge = LstmMerge.Sum,
            Shortcut = LstmShortcut.Add,
        });
        Assert.Contains("'lstm'", Assert.Throws<NotSupportedException>(() => merged.OpenStream()).Message);
    }

    private static void AssertRefused(string expected, params LayerSpec[] specs)
        => Assert.Contains(expected, Assert.Throws<ArgumentException>("layers", () => Network.Create<T>(2, specs)).Message);

    private static void AssertMerged(List<T[]> both, List<T[]> one, LstmMerge merge, int[] rows)
    {
        for (int b = 0; b < Lengths.Length; b++)
        {
            Assert.Equal(7 * rows[b], one[b].Length);
            for (int i = 0; i < one[b].Length; i++)
            {
                T x = both[b][(i / 7 * 14) + (i % 7)], y = both[b][(i / 7 * 14) + 7 + (i % 7)];
                T expected =
                    merge switch { LstmMerge.Product => x * y, LstmMerge.Mean => (x + y) / T.CreateChecked(2), _ => x + y };
                Assert.Equal(expected, one[b][i]);
            }
        }
    }

    private static List<T[]> Predict(int inputs, params LayerSpec[] specs)
        => Sample.Network<T>(1, inputs, specs).Predict(Sample.Batch<T>(1, inputs, Lengths)).ToList();
}

public sealed class StackOptionDoubleTests : StackOptionTests<double>;

public sealed class StackOptionFloatTests : StackOptionTests<float>;
