using System.Runtime.CompilerServices;
using Lstm.Cells;
using Lstm.Formats;
using Lstm.Specs;

namespace Lstm.Tests.Cells;

/// <summary>Custom cells that are refused, and what is refused beside them.</summary>
public class CustomCellCheckTests
{
    private static readonly CustomCell Odd = CustomCell.Of("odd", new OddCell(0.5));

    [Theory]
    [InlineData("\"peephole\":true", "Peephole = true")]
    [InlineData("\"coupledGates\":true", "CoupledGates = true")]
    [InlineData("\"cellClip\":1", "CellClip = 1")]
    [InlineData("\"preActivationClip\":1", "PreActivationClip = 1")]
    [InlineData("\"gateActivation\":{\"function\":\"tanh\"}", "GateActivation = new LstmActivation(LstmActivationFunction.Tanh)")]
    [InlineData("\"cellActivation\":{\"function\":\"tanh\"}", "CellActivation")]
    [InlineData("\"hiddenActivation\":{\"function\":\"tanh\"}", "HiddenActivation")]
    [InlineData("\"reverseGateActivation\":{\"function\":\"tanh\"}", "ReverseGateActivation")]
    [InlineData("\"reverseCellActivation\":{\"function\":\"tanh\"}", "ReverseCellActivation")]
    [InlineData("\"reverseHiddenActivation\":{\"function\":\"tanh\"}", "ReverseHiddenActivation")]
    [InlineData("\"inputGate\":false", "InputGate = false")]
    [InlineData("\"forgetGate\":false", "ForgetGate = false")]
    [InlineData("\"outputGate\":false", "OutputGate = false")]
    [InlineData("\"gateRecurrence\":true", "GateRecurrence = true")]
    [InlineData("\"candidateDropout\":0.1", "CandidateDropout = 0.1")]
    public void Property_that_varies_the_built_in_equations_is_refused_beside_a_cell(string property, string expected)
    {
        // A program cannot write the two side by side; descriptions of version 1 can.
        string layer = $$"""{"inputSize":2,"layers":[{"kind":"lstm","hiddenSize":4,"direction":"bidirectional",{{property}}""";
        Assert.IsType<LstmEquations>(((LstmSpec)SpecJson.Read($"{layer}}}]}}").Specs[0]).Cell);
        string message = Assert.Throws<InvalidDataException>(
            () => SpecJson.Read($$$"""{{{layer}}},"cell":{"name":"odd","settings":""}}]}""")).Message;
        Assert.Contains(expected, message);
        Assert.Contains("'odd'", message);
        Assert.Contains("'lstm'", message);
    }

    [Fact]
    public void Names_of_weights_that_are_none_are_refused()
    {
        Assert.Throws<ArgumentException>("cell", () => CustomCell.Of("taken", default(Weights<Taken>)));
        Assert.Throws<ArgumentException>("cell", () => CustomCell.Of("dotted", default(Weights<Dotted>)));
        Assert.Throws<ArgumentException>("cell", () => CustomCell.Of("twice", default(Weights<Twice>)));
        Assert.Throws<ArgumentException>("cell", () => CustomCell.Of("empty", default(Weights<Empty>)));
        Assert.Throws<ArgumentException>("name", () => CustomCell.Of(string.Empty, new OddCell(1)));
    }

    [Fact]
    public void A_weight_that_was_not_declared_throws()
    {
        Network<float> network = Network.Create<float>(2, new LstmSpec(4)
        {
            Cell = CustomCell.Of("greedy", default(Weights<None>)),
        });
        Assert.Throws<ArgumentOutOfRangeException>(
            "index", () => network.Predict(SequenceBatch.FromSequences<float>([[1, 2]], 2)));
    }

    [Theory]
    [InlineData("layer", "Normalization")]
    [InlineData("batch", "Normalization")]
    [InlineData("zoneout", "CellZoneout")]
    public void What_would_need_to_know_several_states_is_refused_by_name(string kind, string property)
    {
        LstmSpec spec = new(4) { Cell = CustomCell.Of("slstm", default(StabilizedCell)) };
        spec = kind switch
        {
            "layer" => spec with { Normalization = new LayerNormalization() },
            "batch" => spec with { Normalization = new BatchNormalization() },
            _ => spec with { Regularization = new() { CellZoneout = 0.1 } },
        };
        string message = Assert.Throws<ArgumentException>("layers", () => Network.Create<float>(2, 1, spec)).Message;
        Assert.StartsWith($"{property} of layer 'lstm' is", message);
        Assert.Contains("the custom cell 'slstm' carries 3 state vectors", message);
    }

    [Fact]
    public void Numbers_of_states_that_are_not_possible_are_refused()
    {
        Assert.Contains(
            "carries 0", Assert.Throws<ArgumentException>("cell", () => CustomCell.Of("none", default(Carries<Zero>))).Message);
        Assert.Contains(
            "carries 17", Assert.Throws<ArgumentException>("cell", () => CustomCell.Of("many", default(Carries<Many>))).Message);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(2, 2)]
    public void A_state_that_was_not_declared_throws(int method, int index)
    {
        Network<float> network =
            Network.Create<float>(2, new LstmSpec(4) { Cell = CustomCell.Of("bad", new BadStates(method, index)) });
        Assert.Throws<ArgumentOutOfRangeException>("index", () => Train(network));
    }

    [Theory]
    [InlineData(3, "set in Forward")]
    [InlineData(4, "read in Backward")]
    [InlineData(5, "in OutputBackward and Backward")]
    [InlineData(6, "in OutputBackward and Backward")]
    [InlineData(7, "set in Forward")]
    public void What_a_method_may_not_do_to_a_state_throws(int method, string rule)
    {
        Network<float> network =
            Network.Create<float>(2, new LstmSpec(4) { Cell = CustomCell.Of("bad", new BadStates(method, 1)) });
        Assert.Contains(rule, Assert.Throws<InvalidOperationException>(() => Train(network)).Message);
    }

    private static void Train(Network<float> network)
    {
        using Tape<float> tape = network.CreateTape();
        network.Forward(SequenceBatch.FromSequences<float>([[1, 2, 3, 4]], 2), tape);
        tape.OutputGradient.Rows.Fill(1);
        network.Backward(tape, network.CreateGradient());
    }

    [Fact]
    public void Cells_are_equal_by_name_and_settings()
    {
        Assert.Equal(Odd, CustomCell.Of("odd", new OddCell(0.5)));
        Assert.Equal(Odd.GetHashCode(), CustomCell.Of("odd", new OddCell(0.5)).GetHashCode());
        Assert.NotEqual(Odd, CustomCell.Of("odd", new OddCell(0.25)));
        Assert.NotEqual(Odd, CustomCell.Of("even", new OddCell(0.5)));
        Assert.Equal(new LstmSpec(3) { Cell = Odd }, new LstmSpec(3) { Cell = CustomCell.Of("odd", new OddCell(0.5)) });
        Assert.Equal("odd { Shift = 0.5 }", Odd.ToString());
        Assert.Equal("none", CustomCell.Of("none", default(Weights<None>)).ToString());
    }

    [Fact]
    public void Settings_that_files_would_not_know_are_refused()
    {
        Assert.Contains(
            "'Rate'",
            Assert.Throws<ArgumentException>("cell", () => CustomCell.Of("class-like", new Untold { Rate = 0.1 })).Message);
        Assert.Contains(
            "'_hidden'", Assert.Throws<ArgumentException>("cell", () => CustomCell.Of("half", new HalfTold(0.1, 2))).Message);
        Assert.Contains(
            "'Inner'",
            Assert.Throws<ArgumentException>("cell", () => CustomCell.Of("nested", new Nested(new OwnText(3)))).Message);
        Assert.Equal("told { Rate = 0.25, Shift = 2 }", CustomCell.Of("told", new Told(0.25, 2)).ToString());
        Assert.Equal("own 3", CustomCell.Of("own", new OwnText(3)).ToString());
        Assert.Throws<ArgumentException>("name", () => CustomCell.Of("two\nlines", new OddCell(1)));
    }

    [Fact]
    public void A_weight_that_starts_at_no_number_throws()
        => Assert.Contains(
            "'w'", Assert.Throws<InvalidOperationException>(
            () => Network.Create<float>(
            2, 1, new LstmSpec(4) { Cell = CustomCell.Of("nan", new Forgetful(double.NaN)) })).Message);

    [Fact]
    public void What_a_cell_does_not_keep_or_set_is_zero()
    {
        // The same buffers, first with everything set, then with nothing.
        Network<double> network = Network.Create<double>(2, 1, new LstmSpec(4)
        {
            Cell = CustomCell.Of("forgetful", new Forgetful(1)),
        });
        using Tape<double> tape = network.CreateTape();
        Assert.All(Gradients(sets: true, "weight_w_l0"), value => Assert.NotEqual(0, value));
        Assert.All(Gradients(sets: false, "weight_w_l0"), value => Assert.Equal(0, value));
        Assert.All(Gradients(sets: true, "bias_ih_l0")[8..12], value => Assert.NotEqual(0, value));
        Assert.All(Gradients(sets: false, "bias_ih_l0")[8..12], value => Assert.Equal(0, value));

        double[] Gradients(bool sets, string parameter)
        {
            Forgetful.Sets = sets;
            network.Forward(SequenceBatch.FromSequences<double>([[1, 2, 3, 4]], 2), tape);
            tape.OutputGradient.Rows.Fill(1);
            Gradient<double> gradient = network.CreateGradient();
            network.Backward(tape, gradient);
            return [.. gradient.Read($"lstm.{parameter}")];
        }
    }

    [Theory]
    [InlineData("none")]
    [InlineData("layer")]
    [InlineData("batch")]
    public void What_a_cell_makes_of_padding_reaches_nothing(string kind)
    {
        // √|c| has no slope at the 0 that fills the last panel.
        LstmNormalization? normalization =
            kind switch { "layer" => new LayerNormalization(), "batch" => new BatchNormalization(), _ => null };
        LstmSpec spec = new(5)
        {
            Cell = CustomCell.Of("root", default(Root)),
            Normalization = normalization,
            LearnInitialState = true,
        };
        Network<double> network = Network.Create<double>(2, 1, spec);
        using Tape<double> tape = network.CreateTape();
        network.Forward(SequenceBatch.FromSequences<double>([[1, 2, 3, 4], [0.5, 1.5]], 2), tape);
        tape.OutputGradient.Rows.Fill(1);
        Gradient<double> gradient = network.CreateGradient();
        network.Backward(tape, gradient);
        Assert.All(gradient.Flat.ToArray(), value => Assert.True(double.IsFinite(value)));
    }

    [Theory]
    [InlineData(LstmDirection.Forward)]
    [InlineData(LstmDirection.Bidirectional)]
    public void A_recomputed_pass_that_fails_leaves_the_tape_usable(LstmDirection direction)
    {
        Network<double> network = Network.Create<double>(1, 1, new LstmSpec(5)
        {
            Cell = CustomCell.Of("failing", default(Failing)),
            Direction = direction,
            Layers = 2,
        });
        SequenceBatch<double> batch = SequenceBatch.FromSequences<double>([[.. Enumerable.Range(0, 300).Select(i => i / 300.0)]]);
        using Tape<double> used = network.CreateTape(), fresh = network.CreateTape();
        (double[] output, double[] gradient) = Run(fresh);
        for (int calls = 0; calls < 1500; calls += 175)
        {
            used.RecomputeEvery = 4;
            (Failing.CallsLeft, Failing.Counts) = (calls, true);
            Assert.Throws<InvalidOperationException>(() => Run(used));
            Failing.Counts = false;
            used.RecomputeEvery = null;
            (double[] again, double[] gradientAgain) = Run(used);
            Assert.Equal(output, again);
            Assert.Equal(gradient, gradientAgain);
        }

        (double[] Output, double[] Gradient) Run(Tape<double> tape)
        {
            double[] output = network.Forward(batch, tape).Rows.ToArray();
            tape.OutputGradient.Rows.Fill(1);
            Gradient<double> gradient = network.CreateGradient();
            network.Backward(tape, gradient);
            return (output, gradient.Flat.ToArray());
        }
    }

    [Fact]
    public void LoadOptions_without_cells_throw()
    {
        using MemoryStream file = new();
        Network.Create<float>(2, new LstmSpec(4) { Cell = Odd }).Save(file);
        foreach (LoadOptions options in new[] { new LoadOptions { Cells = null! }, new LoadOptions { Cells = [null!] } })
        {
            file.Position = 0;
            Assert.Contains(
                "Cells", Assert.Throws<ArgumentException>("options", () => Network.Load<float>(file, options)).Message);
        }
    }

    [Fact]
    public void A_memory_span_goes_to_the_gates_that_a_cell_has()
    {
        Network<double> network = Network.Create<double>(2, 1, new LstmSpec(4) { Cell = Odd, MemorySpan = 100 });
        double[] bias = [.. network.ReadParameter("lstm.bias_ih_l0")];
        Assert.All(bias[..4], value => Assert.Equal(0, value));
        Assert.All(bias[4..8], value => Assert.InRange(value, double.Epsilon, Math.Log(99)));
    }

    private interface INames
    {
        static abstract string[] Names { get; }
    }

    private readonly struct Taken : INames
    {
        public static string[] Names => ["hh"];
    }

    private readonly struct Dotted : INames
    {
        public static string[] Names => ["a.b"];
    }

    private readonly struct Twice : INames
    {
        public static string[] Names => ["a", "a"];
    }

    private readonly struct Empty : INames
    {
        public static string[] Names => [""];
    }

    private readonly struct None : INames
    {
        public static string[] Names => [];
    }

    // Asks for one weight more than it has.
    private readonly struct Weights<TNames> : ICustomCell<Weights<TNames>>
        where TNames : INames
    {
        public static IReadOnlyList<string> WeightNames => TNames.Names;

        public TLane Forward<TLane>(ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units)
            where TLane : struct, ILane<TLane> => units.Weight(TNames.Names.Length);

        [MethodImpl(MethodImplOptions.NoInlining)]
        public void Backward<TLane>(
            ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, TLane next, TLane outputGateGradient,
            ref TLane gradient, CellUnits<TLane> units)
            where TLane : struct, ILane<TLane>
        {
        }
    }

    private interface ICount
    {
        static abstract int Count { get; }
    }

    private readonly struct Zero : ICount
    {
        public static int Count => 0;
    }

    private readonly struct Many : ICount
    {
        public static int Count => 17;
    }

    private readonly record struct Carries<TCount> : INothing<Carries<TCount>>
        where TCount : ICount
    {
        public static int StateCount => TCount.Count;
    }

    // Does to a state of two vectors what it may not.
    private readonly record struct BadStates(int Method, int Index) : ICustomCell<BadStates>
    {
        public static int StateCount => 2;

        public TLane Forward<TLane>(ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units)
            where TLane : struct, ILane<TLane>
        {
            if (Method == 0)
            {
                return units.States[Index];
            }
            else if (Method == 1)
            {
                units.States.Set(Index, previous);
            }
            else if (Method == 4)
            {
                return units.States.Previous(Index);
            }
            else if (Method == 5)
            {
                return units.States.Gradient(Index);
            }

            return previous;
        }

        public void Backward<TLane>(
            ref TLane i,
            ref TLane f,
            ref TLane g,
            ref TLane o,
            TLane previous,
            TLane next,
            TLane outputGateGradient,
            ref TLane gradient,
            CellUnits<TLane> units)
            where TLane : struct, ILane<TLane>
        {
            if (Method == 2)
            {
                units.States.SetGradient(Index, gradient);
            }
            else if (Method == 7)
            {
                units.States.Set(Index, gradient);
            }
        }

        public static TLane Output<TLane>(in BadStates cell, TLane o, TLane c, CellStates<TLane> states)
            where TLane : struct, ILane<TLane>
        {
            if (cell.Method == 3)
            {
                states.Set(cell.Index, c);
            }
            else if (cell.Method == 6)
            {
                states.SetGradient(cell.Index, c);
            }

            return c;
        }
    }

    // Equations that are nobody's; what matters is what the text says.
    private interface INothing<TSelf> : ICustomCell<TSelf>
        where TSelf : unmanaged, INothing<TSelf>
    {
        TLane ICustomCell<TSelf>
            .Forward<TLane>(
            ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units) => previous;

        void ICustomCell<TSelf>.Backward<TLane>(
            ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, TLane next, TLane outputGateGradient,
            ref TLane gradient, CellUnits<TLane> units)
        {
        }
    }

    private struct Untold : INothing<Untold>
    {
        public double Rate { get; set; }
    }

    private readonly record struct HalfTold(double Rate) : INothing<HalfTold>
    {
        private readonly int _hidden;

        public HalfTold(double rate, int hidden)
            : this(rate) => _hidden = hidden;
    }

    private readonly record struct Nested(OwnText Inner) : INothing<Nested>;

    private record struct Told(double Rate, int Shift) : INothing<Told>;

    private readonly struct OwnText(int number) : INothing<OwnText>
    {
        private readonly int _number = number;

        public override string ToString() => $"{_number}";
    }

    // Sets its weight's gradient and keeps a value, or does not.
    private readonly record struct Forgetful(double Start) : ICustomCell<Forgetful>
    {
        public static bool Sets { get; set; }

        public static IReadOnlyList<string> WeightNames => ["w"];

        public static int KeptCount => 1;

        public static double StartOf(in Forgetful cell, int weight, int unit, int units) => cell.Start;

        [MethodImpl(MethodImplOptions.NoInlining)]
        public TLane Forward<TLane>(ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units)
            where TLane : struct, ILane<TLane>
        {
            if (Sets)
            {
                units.Keep(0, 7 + g - g);
            }

            return previous + units.Weight(0);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public void Backward<TLane>(
            ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, TLane next, TLane outputGateGradient,
            ref TLane gradient, CellUnits<TLane> units)
            where TLane : struct, ILane<TLane>
        {
            g = units.Kept(0);
            if (Sets)
            {
                units.SetWeightGradient(0, gradient + g);
            }
        }
    }

    // h = o⊙√|c|, with c > 0 but in the padding.
    private readonly record struct Root : ICustomCell<Root>
    {
        public static TLane Output<TLane>(in Root cell, TLane o, TLane c)
            where TLane : struct, ILane<TLane> => o * TLane.Sqrt(TLane.Sqrt(c * c));

        public static TLane OutputBackward<TLane>(in Root cell, TLane o, TLane c, TLane gradient, out TLane outputGateGradient)
            where TLane : struct, ILane<TLane>
        {
            TLane root = TLane.Sqrt(TLane.Sqrt(c * c));
            outputGateGradient = gradient * root;
            return 0.5 * gradient * o / root;
        }

        public TLane Forward<TLane>(ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units)
            where TLane : struct, ILane<TLane> => (0.5 * previous) + TLane.Sigmoid(g);

        public void Backward<TLane>(
            ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, TLane next, TLane outputGateGradient,
            ref TLane gradient, CellUnits<TLane> units)
            where TLane : struct, ILane<TLane>
        {
            TLane sigmoid = TLane.Sigmoid(g);
            g = gradient * sigmoid * (1 - sigmoid);
            o = outputGateGradient;
            gradient = 0.5 * gradient;
        }
    }

    // Throws after so many calls.
    private readonly record struct Failing : ICustomCell<Failing>
    {
        [ThreadStatic]
        private static int s_callsLeft;

        [ThreadStatic]
        private static bool s_counts;

        public static int CallsLeft
        {
            set => s_callsLeft = value;
        }

        public static bool Counts
        {
            set => s_counts = value;
        }

        public TLane Forward<TLane>(ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units)
            where TLane : struct, ILane<TLane>
        {
            Count();
            g = TLane.Tanh(g);
            o = TLane.Sigmoid(o);
            return (0.5 * previous) + g;
        }

        public void Backward<TLane>(
            ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, TLane next, TLane outputGateGradient,
            ref TLane gradient, CellUnits<TLane> units)
            where TLane : struct, ILane<TLane>
        {
            Count();
            g = TLane.TanhBackward(g, gradient);
            o = TLane.SigmoidBackward(o, outputGateGradient);
            gradient = 0.5 * gradient;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Count()
        {
            if (s_counts && s_callsLeft-- == 0)
            {
                throw new InvalidOperationException("enough");
            }
        }
    }
}
