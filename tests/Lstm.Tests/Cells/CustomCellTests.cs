using System.Globalization;
using System.Numerics;
using Lstm.Cells;
using Lstm.Diagnostics;
using Lstm.Formats;
using Lstm.Parameters;
using Lstm.Simd;
using Lstm.Specs;
using Lstm.Tests.Support;

namespace Lstm.Tests.Cells;

/// <summary>Custom cells against the built-in ones they repeat, and in files.</summary>
[Trait("Category", "Widths")]
public abstract class CustomCellTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly CustomCell Plain = CustomCell.Of("plain", default(PlainCell));
    private static readonly CustomCell Peephole = CustomCell.Of("peephole", default(PeepholeCell));
    private static readonly int[] Lengths = [5, 0, 9, 9, 1, 7, 3];

    public static TheoryData<string> Names => [.. Specs.Keys];

    private static Dictionary<string, LstmSpec> Specs => new()
    {
        ["one unit"] = new(1),
        ["stack"] = new(19) { Layers = 2, Dropout = 0.3, Bias = LstmBias.Two, LearnInitialState = true },
        ["bidirectional"] = new(17) { Layers = 2, Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Sum },
        ["reverse"] = new(9) { Direction = LstmDirection.Reverse, Bias = LstmBias.None },
        ["projection"] = new(23) { Projection = new(5) { Clip = 0.3 }, Direction = LstmDirection.Bidirectional },
        ["dropouts"] = new(9)
        {
            Layers = 2,
            Regularization = new()
            {
                InputDropout = 0.2,
                RecurrentDropout = 0.3,
                WeightDropout = 0.2,
                HiddenZoneout = 0.2,
                CellZoneout = 0.3,
            },
        },
        ["truncated"] = new(16) { TruncatedGradient = true, Shortcut = LstmShortcut.Concatenate },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Custom_plain_cell_gives_the_bits_of_the_built_in_one(string name)
    {
        foreach (SimdWidth width in Enum.GetValues<SimdWidth>().Where(SimdDispatch.IsAccelerated))
        {
            TrainingPass<T> expected = Run(width, Specs[name]);
            expected.AssertSameBits(Run(width, Specs[name] with { Cell = Plain }), $"{width}");
        }
    }

    /// <summary>
    /// All but the truncated gradient, which stops at built-in peepholes; what a custom cell carries back is its own matter.
    /// </summary>
    public static TheoryData<string> UntruncatedNames => [.. Specs.Keys.Where(name => name != "truncated")];

    [Theory]
    [MemberData(nameof(UntruncatedNames))]
    public void Custom_peephole_cell_gives_the_bits_of_the_built_in_one(string name)
    {
        foreach (SimdWidth width in Enum.GetValues<SimdWidth>().Where(SimdDispatch.IsAccelerated))
        {
            Network<T> builtIn = Sample.Network<T>(width, 4, 3, Specs[name] with
            {
                Cell = new LstmEquations { Peephole = true },
            });
            Network<T> custom = Sample.Network<T>(width, 4, 3, Specs[name] with { Cell = Peephole });
            Dictionary<string, T[]> values = Named(builtIn, builtIn.Flat);
            foreach (Parameter parameter in custom.Parameters)
            {
                parameter.Pack<T>(values[parameter.Name], custom.Flat);
            }

            custom.Touch();
            TrainingPass<T> expected = Run(builtIn), actual = Run(custom);
            foreach (string result in expected.Results.Keys.Where(result => result != "gradient"))
            {
                Close.SameBits(expected.Results[result], actual.Results[result], $"{width}: {result}");
            }

            // The built-in cell sums products without rounding each first; a custom cell's steps are rounded before the sum.
            Dictionary<string, T[]> gradients = Named(builtIn, expected.Gradient);
            foreach ((string parameter, T[] gradient) in Named(custom, actual.Gradient))
            {
                if (SimdDispatch.IsFused && parameter.Contains(".weight_c", StringComparison.Ordinal))
                {
                    Close.Relative<T>(
                        gradients[parameter], gradient, typeof(T) == typeof(float) ? 2e-5 : 1e-13, $"{width}: {parameter}");
                }
                else
                {
                    Close.SameBits(gradients[parameter], gradient, $"{width}: {parameter}");
                }
            }
        }
    }

    [Fact]
    public void Padding_where_the_cell_would_be_NaN_stays_zero()
    {
        Network<T> network = Sample.Network<T>(3, 2, new LstmSpec(3)
        {
            Layers = 2,
            Cell = CustomCell.Of("odd", new OddCell(0.5)),
            Direction = LstmDirection.Bidirectional,
        });
        TrainingPass<T> pass = Run(network);
        Assert.All(pass.Results.Values.SelectMany(values => values), value => Assert.True(T.IsFinite(value)));
        bool[] real = new bool[network.Flat.Length];
        foreach (Parameter parameter in network.Parameters)
        {
            for (int i = 0; i < parameter.Count; i++)
            {
                real[parameter.Offset + parameter.IndexOf(i)] = true;
            }
        }

        Assert.All(Enumerable.Range(0, real.Length).Where(i => !real[i]), i => Assert.Equal(T.Zero, pass.Gradient[i]));
    }

    [Fact]
    public void Gates_that_are_not_used_have_no_gradient()
    {
        Network<T> network = Sample.Network<T>(3, 2, new LstmSpec(5) { Cell = CustomCell.Of("odd", new OddCell(0.5)) });
        T[] weight = Named(network, Run(network).Gradient)["lstm.weight_hh_l0"];
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal(i / 25 is 0 or 3, weight[i] == T.Zero));
    }

    [Fact]
    public void Weights_start_where_the_cell_says()
    {
        Network<T> network = Network.Create<T>(2, new LstmSpec(4) { Cell = CustomCell.Of("odd", new OddCell(0.5)) });
        Assert.Equal([1, 1.25, 1.5, 1.75], Named(network, network.Flat)["lstm.weight_scale_l0"].Select(double.CreateChecked));
        Assert.Equal([0.5, 0.5, 0.5, 0.5], Named(network, network.Flat)["lstm.weight_drift_l0"].Select(double.CreateChecked));
    }

    [Fact]
    public void Load_with_the_cell_gives_the_bits_of_the_saved_network()
    {
        CustomCell cell = CustomCell.Of("odd", new OddCell(0.5));
        Network<T> network = Sample.Network<T>(
            3, 3, new LstmSpec(9) { Cell = cell, Direction = LstmDirection.Bidirectional }, new LstmSpec(3) { Cell = Plain },
            new DenseSpec(2));
        CultureInfo culture = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            comma.NumberFormat.NumberDecimalSeparator = ",";
            CultureInfo.CurrentCulture = comma;
            Network<T> loaded =
                Load(network, Plain, CustomCell.Of("odd", new OddCell(0.25)), CustomCell.Of("odd", new OddCell(0.5)));
            Run(network).AssertSameBits(Run(loaded), "loaded");
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [Fact]
    public void Load_without_the_cell_throws_and_names_it()
    {
        Network<T> network = Sample.Network<T>(3, 3, new LstmSpec(9) { Cell = CustomCell.Of("odd", new OddCell(0.5)) });
        Assert.Contains("'odd'", Assert.Throws<InvalidDataException>(() => Load(network, Plain)).Message);
        string message =
            Assert.Throws<InvalidDataException>(() => Load(network, CustomCell.Of("odd", new OddCell(0.25)))).Message;
        Assert.Contains("{ Shift = 0.5 }", message);
        Assert.Contains("{ Shift = 0.25 }", message);
        Assert.Throws<InvalidDataException>(() => Load(network));
    }

    [Fact]
    public void Checkpoint_of_another_cell_is_refused()
    {
        using MemoryStream file = new();
        Trainer(new OddCell(0.5)).SaveCheckpoint(file);
        file.Position = 0;
        Trainer(new OddCell(0.5)).LoadCheckpoint(file);
        file.Position = 0;
        Assert.Contains(
            "{ Shift = 0.25 }",
            Assert.Throws<InvalidDataException>(() => Trainer(new OddCell(0.25)).LoadCheckpoint(file)).Message);
    }

    private static Trainer<T> Trainer(OddCell cell)
        => new(Network.Create<T>(2, new LstmSpec(4) { Cell = CustomCell.Of("odd", cell) }), new MeanSquaredError<T>(),
            new Sgd<T>(0.1));

    private static Network<T> Load(Network<T> network, params CustomCell[] cells)
    {
        using MemoryStream file = new();
        network.Save(file);
        file.Position = 0;
        return Network.Load<T>(file, new LoadOptions { Cells = cells });
    }

    private static TrainingPass<T> Run(SimdWidth width, LstmSpec spec) => Run(Sample.Network<T>(width, 4, 3, spec));

    private static TrainingPass<T> Run(Network<T> network)
        => TrainingPass<T>
            .Run(network, Sample.Batch<T>(1, network.InputSize, Lengths), seed: 2,
                withStates: !network.Parameters.Any(parameter => parameter.Name.Contains("initial", StringComparison.Ordinal)));

    // By name, the built-in peephole's three in one as the custom cell's three.
    private static Dictionary<string, T[]> Named(Network<T> network, ReadOnlySpan<T> flat)
    {
        Dictionary<string, T[]> named = [];
        foreach (Parameter parameter in network.Parameters)
        {
            T[] values = new T[parameter.Count];
            parameter.Unpack(flat, values);
            named[parameter.Name] = values;
            for (int gate = 0; gate < 3 && parameter.Name.Contains("weight_ch", StringComparison.Ordinal); gate++)
            {
                named[parameter.Name.Replace("weight_ch", $"weight_c{"ifo"[gate]}", StringComparison.Ordinal)] =
                    values[(gate * values.Length / 3)..((gate + 1) * values.Length / 3)];
            }
        }

        return named;
    }
}

public class CustomCellTestsOfFloat : CustomCellTests<float>;

public class CustomCellTestsOfDouble : CustomCellTests<double>
{
    [Theory]
    [InlineData("plain")]
    [InlineData("peephole")]
    [InlineData("odd")]
    public void One_step_equals_central_differences(string name)
    {
        CustomCell cell = name switch
        {
            "plain" => CustomCell.Of(name, default(PlainCell)),
            "peephole" => CustomCell.Of(name, default(PeepholeCell)),
            _ => CustomCell.Of(name, new OddCell(0.5)),
        };
        GradientCheck.Cell(new LstmCell<double>(Sample.Network<double>(3, 4, new LstmSpec(9) { Cell = cell })), count: 3)
            .ThrowIfAbove(1e-6);
    }
}
