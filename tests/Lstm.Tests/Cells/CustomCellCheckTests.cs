using System.Runtime.CompilerServices;

namespace Lstm.Tests.Cells;

/// <summary>Custom cells that are refused, and what is refused beside them.</summary>
public class CustomCellCheckTests
{
    private static readonly CustomCell Odd = CustomCell.Of("odd", new OddCell(0.5));

    public static TheoryData<string> Properties => [.. Varied.Keys];

    private static Dictionary<string, LstmSpec> Varied => new()
    {
        ["Peephole"] = new(4) { Peephole = true },
        ["CoupledGates"] = new(4) { CoupledGates = true },
        ["CellClip"] = new(4) { CellClip = 1 },
        ["PreActivationClip"] = new(4) { PreActivationClip = 1 },
        ["GateActivation"] = new(4) { GateActivation = new(LstmActivationFunction.Tanh) },
        ["CellActivation"] = new(4) { CellActivation = new(LstmActivationFunction.Tanh) },
        ["HiddenActivation"] = new(4) { HiddenActivation = new(LstmActivationFunction.Tanh) },
        ["ReverseGateActivation"] = new(4) { ReverseGateActivation = new(LstmActivationFunction.Tanh) },
        ["ReverseCellActivation"] = new(4) { ReverseCellActivation = new(LstmActivationFunction.Tanh) },
        ["ReverseHiddenActivation"] = new(4) { ReverseHiddenActivation = new(LstmActivationFunction.Tanh) },
        ["InputGate"] = new(4) { InputGate = false },
        ["ForgetGate"] = new(4) { ForgetGate = false },
        ["OutputGate"] = new(4) { OutputGate = false },
        ["GateRecurrence"] = new(4) { GateRecurrence = true },
        ["CandidateDropout"] = new(4) { CandidateDropout = 0.1 },
    };

    [Theory]
    [MemberData(nameof(Properties))]
    public void Property_that_varies_the_built_in_equations_is_refused_beside_a_cell(string property)
    {
        Network.Create<float>(2, Varied[property]);
        string message = Assert.Throws<ArgumentException>("layers", () => Network.Create<float>(2, Varied[property] with { Cell = Odd })).Message;
        Assert.Contains(property, message);
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
        Network<float> network = Network.Create<float>(2, new LstmSpec(4) { Cell = CustomCell.Of("greedy", default(Weights<None>)) });
        Assert.Throws<ArgumentOutOfRangeException>("index", () => network.Predict(SequenceBatch.FromSequences<float>([[1, 2]], 2)));
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
            ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, TLane next, TLane outputGateGradient, ref TLane gradient, CellUnits<TLane> units)
            where TLane : struct, ILane<TLane>
        {
        }
    }
}
