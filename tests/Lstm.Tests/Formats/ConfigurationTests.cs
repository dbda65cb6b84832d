using System.Globalization;
using System.Text;
using Lstm.Cells;
using Lstm.Formats;
using Lstm.Specs;
using Lstm.Tests.Cells;
using Lstm.Tests.Support;
using Microsoft.Extensions.Configuration;

namespace Lstm.Tests.Formats;

/// <summary>Specs from IConfiguration: by its binder where it can make them, and by <see cref="LayerSpecSettings"/>.</summary>
public class ConfigurationTests
{
    private static readonly CustomCell Odd = CustomCell.Of("odd", new OddCell(0.5));

    [Fact]
    public void Binder_makes_each_spec_by_its_constructor_and_sets_its_properties()
    {
        Assert.Equal(
            new LstmSpec(64)
            {
                Name = "a",
                Layers = 2,
                Dropout = 0.1,
                Direction = LstmDirection.Bidirectional,
                Bias = LstmBias.Two,
                ForgetBias = -0.5,
                Cell = new LstmEquations { Peephole = true, GateActivation = new(LstmActivationFunction.Elu, 0.5) },
                Projection = new(3) { Clip = 1 },
                Regularization = new() { CellZoneout = 0.1 },
            },
            Section("""
                {"hiddenSize":64,"name":"a","layers":2,"dropout":0.1,"direction":"Bidirectional","bias":"Two","forgetBias":-0.5,
                 "cell":{"peephole":true,"gateActivation":{"function":"Elu","alpha":0.5}},"projection":{"size":3,"clip":1},
                 "regularization":{"cellZoneout":0.1}}
                """).Get<LstmSpec>());
        Assert.Equal(
            new DenseSpec(2) { Activation = Activation.Tanh, Bias = false },
            Section("""{"outputSize":2,"activation":"Tanh","bias":false}""").Get<DenseSpec>());
        Assert.Equal(new EmbeddingSpec(3), Section("""{"outputSize":3}""").Get<EmbeddingSpec>());
        Assert.Equal(new DropoutSpec(0.5), Section("""{"rate":0.5}""").Get<DropoutSpec>());
        Assert.Equal(new PoolingSpec(Pooling.Max), Section("""{"pooling":"Max"}""").Get<PoolingSpec>());
        Assert.Equal([new LstmSpec(64), new LstmSpec(3)], Section("""[{"hiddenSize":64},{"hiddenSize":3}]""").Get<LstmSpec[]>()!);
    }

    [Fact]
    public void Binder_leaves_the_defaults_of_other_specs_alone()
    {
        Section("""{"hiddenSize":64,"cell":{"peephole":true},"regularization":{"cellZoneout":0.1}}""").Get<LstmSpec>();
        Assert.Equal(new LstmEquations(), new LstmSpec(64).Cell);
        Assert.Equal(new LstmRegularization(), new LstmSpec(64).Regularization);
    }

    [Fact]
    public void Binder_cannot_make_what_has_several_kinds_or_lacks_its_size()
    {
        Assert.Throws<InvalidOperationException>(() => Section("""{"layers":2}""").Get<LstmSpec>());
        Assert.Throws<InvalidOperationException>(
            () => Section("""{"hiddenSize":64,"normalization":{"epsilon":0.1}}""").Get<LstmSpec>());
    }

    [Fact]
    public void ReadList_of_a_section_has_every_kind_of_layer_and_part()
    {
        IConfiguration section = Section("""
            [{"kind":"lstm","hiddenSize":64,"layers":2,"direction":"Bidirectional","initialization":"PyTorchUniform",
              "forgetBias":1e-3,
              "normalization":{"kind":"batch","steps":7},"projection":{"size":8},"regularization":{"hiddenZoneout":0.25}},
             {"Kind":"LSTM","HiddenSize":"32","Name":"7","Cell":{"Kind":"Equations","CoupledGates":"true",
              "CellActivation":{"Function":"scaledtanh","Alpha":1.5,"Beta":2}},"Normalization":{"Kind":"Layer"}},
             {"kind":"lstm","hiddenSize":3,"cell":{"kind":"custom","name":"odd","settings":"{ Shift = 0.5 }"}},
             {"kind":"dropout","rate":0.1},{"kind":"pooling","pooling":"mean"},{"kind":"dense","outputSize":1,"bias":false},
             {"kind":"dense","outputSize":2},{"kind":"dense","outputSize":3},{"kind":"dense","outputSize":4},
             {"kind":"dense","outputSize":5},{"kind":"dense","outputSize":6}]
            """);
        Assert.Equal(
            [
                new LstmSpec(64)
                {
                    Layers = 2, Direction = LstmDirection.Bidirectional, Initialization = LstmInitialization.PyTorchUniform,
                        ForgetBias = 1e-3,
                    Normalization = new BatchNormalization { Steps = 7 }, Projection = new(8),
                    Regularization = new() { HiddenZoneout = 0.25 },
                },
                new LstmSpec(32)
                {
                    Name = "7", Normalization = new LayerNormalization(),
                    Cell = new LstmEquations { CoupledGates = true,
                        CellActivation = new(LstmActivationFunction.ScaledTanh, 1.5, 2) },
                },
                new LstmSpec(3) { Cell = Odd },
                new DropoutSpec(0.1), new PoolingSpec(Pooling.Mean), new DenseSpec(1) { Bias = false },
                new DenseSpec(2), new DenseSpec(3), new DenseSpec(4), new DenseSpec(5), new DenseSpec(6),
            ],
            LayerSpecSettings.ReadList(Pairs(section), [Odd]));
        Assert.Equal(new DenseSpec(6), LayerSpecSettings.Read(Pairs(section.GetSection("10"))));
        Assert.Empty(LayerSpecSettings.ReadList([]));
    }

    [Theory]
    [InlineData("kind=gru", "'gru'")]
    [InlineData("kind=9", "unknown kind 9")]
    [InlineData("hiddenSize=3", "lacks 'kind' of a layer; give 'lstm', 'dense'")]
    [InlineData("kind=dense;outputSize=1;=x", "unknown property ''")]
    [InlineData("kind=lstm;hiddenSize=3;dropout=0,1", "\"0,1\" as 'dropout'")]
    [InlineData("kind=lstm;hiddenSize=1,000", "\"1,000\"")]
    [InlineData("kind=lstm;hiddenSize=2147483648", "2147483648")]
    [InlineData("kind=lstm;hiddenSize=3.5", "3.5")]
    [InlineData("kind=lstm;hiddenSize=", "\"\" as 'hiddenSize'")]
    [InlineData("kind=lstm;hiddenSize=3;dropout=1e400", "1e400")]
    [InlineData("kind=lstm;hiddenSize=3;direction=2", "2 as 'direction'")]
    [InlineData("kind=lstm;hiddenSize=3;layers=true", "true as 'layers'")]
    [InlineData("kind=lstm;hiddenSize=3;HiddenSize=4", "'HiddenSize' is given twice")]
    [InlineData("kind=lstm;hiddenSize=3;kind:x=4", "within another")]
    [InlineData("kind=lstm;hiddenSize=3;projection:size:x=4", "as 'size' of the projection")]
    [InlineData("kind=lstm", "'hiddenSize'")]
    [InlineData("kind=lstm;hiddenSize=many", "many")]
    [InlineData("kind=lstm;hiddenSize=3;peephole=true", "'peephole'")]
    [InlineData("kind=lstm;hiddenSize=3;dropout=NaN", "NaN")]
    [InlineData("kind=lstm;hiddenSize=3;cell=equations", "equations")]
    [InlineData("kind=lstm;hiddenSize=3;cell=x;cell:kind=equations", "within another")]
    [InlineData("kind=lstm;hiddenSize=3;cell:kind=equations;cell=x", "'cell'")]
    [InlineData("kind=lstm;hiddenSize=3;cell:kind=custom;cell:name=odd;cell:settings={ Shift = 0.5 }", "'odd'")]
    [InlineData("kind=dense;outputSize=1;a:b:c:d:e:f:g:h:i=1", "a:b:c")]
    public void Read_of_wrong_settings_throws_and_says_what(string settings, string expected)
    {
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => LayerSpecSettings.Read(PairsOf(settings))).Message);
    }

    [Fact]
    public void Read_of_null_or_of_a_list_without_numbers_throws()
    {
        Assert.Throws<ArgumentNullException>("settings", () => LayerSpecSettings.Read(null!));
        Assert.Throws<ArgumentNullException>("settings", () => LayerSpecSettings.ReadList(null!));
        Assert.Contains(
            "'kind'", Assert.Throws<InvalidDataException>(() => LayerSpecSettings.ReadList([new("kind", "dense")])).Message);
        Assert.Throws<ArgumentException>("settings", () => LayerSpecSettings.Read([new(null!, "dense")]));
    }

    [Theory]
    [InlineData("1:kind=dense;1:outputSize=1", "have a layer 1 and no layer 0; number the layers 0 … 0")]
    [InlineData("0:kind=dense;0:outputSize=1;2:kind=dense;2:outputSize=1", "have a layer 2 and no layer 1")]
    [InlineData("0:kind=dense;0:outputSize=1;00:kind=dense;00:outputSize=1", "'00' where the number of a layer belongs")]
    [InlineData("0:kind=dense;0:outputSize=1;2147483647:kind=dense", "have a layer 2147483647 and no layer 1")]
    [InlineData("0:kind=dense;0:outputSize=1;2147483648:kind=dense", "'2147483648' where the number of a layer belongs")]
    [InlineData("-1:kind=dense;-1:outputSize=1", "'-1' where")]
    [InlineData("layers:0:kind=dense;layers:0:outputSize=1", "'layers' where the number of a layer belongs. Give paths relative")]
    [InlineData("0=lstm", "\"lstm\" where an object belongs")]
    [InlineData("0:kind=dense;0:outputSize=1;1", "settings of layer 1 are empty")]
    [InlineData("0;0:kind=dense;0:outputSize=1;1:kind=dense;1:outputSize=many", "It is layer 1 of 2, counted from 0.")]
    [InlineData("0:kind=dense;0:KIND=lstm;0:outputSize=1", "'0:KIND' is given twice; upper and lower case are the same")]
    public void ReadList_of_wrong_settings_throws_and_says_what(string settings, string expected)
        => Assert.Contains(
            expected, Assert.Throws<InvalidDataException>(() => LayerSpecSettings.ReadList(PairsOf(settings))).Message);

    [Fact]
    public void Settings_without_a_value_have_no_effect()
        => Assert.Equal(
            [new LstmSpec(3)],
            LayerSpecSettings.ReadList(
                PairsOf("0;0:kind=lstm;0:hiddenSize=3;0:name;0:projection;0:cell;0:forgetBias;0:normalization:kind")));

    [Fact]
    public void Settings_that_are_no_valid_UTF16_are_refused_or_read_as_replacement_characters()
    {
        Assert.Throws<InvalidDataException>(
            () => LayerSpecSettings.Read([new("kind", "dense"), new("outputSize", "1"), new("\ud800", "1")]));
        Assert.Throws<InvalidDataException>(() => LayerSpecSettings.Read([new("kind", "\udc00")]));
    }

    [Fact]
    public void Numbers_are_read_in_the_invariant_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture, other = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        other.NumberFormat.NumberDecimalSeparator = ",";
        other.NumberFormat.NegativeSign = "~";
        try
        {
            CultureInfo.CurrentCulture = other;
            Assert.Equal(
                new LstmSpec(3) { Dropout = 0.25, ForgetBias = -1.5 },
                LayerSpecSettings.Read(PairsOf("kind=lstm;hiddenSize=3;dropout=0.25;forgetBias=-1.5")));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Words_of_the_description_differ_in_more_than_case()
    {
        string[] words = [.. LayerKinds.All.SelectMany(kind => kind.Words).Distinct()];
        Assert.Equal(words.Length, words.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [Fact]
    public void Example_of_the_documentation_makes_a_network()
    {
        string text = File.ReadAllText(Path.Combine(Shared.Repository, "docs", "formats.md")).ReplaceLineEndings("\n");
        string[] blocks = text[text.IndexOf("`LayerSpecSettings`", StringComparison.Ordinal)..].Split("```");
        string json = blocks[1]["json\n".Length..];
        IConfiguration configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json)))
            .Build();
        Network<float> network = Network.Create<float>(
            inputSize: 3, LayerSpecSettings.ReadList(Pairs(configuration.GetSection("layers"))));
        Assert.Equal(
            [new LstmSpec(64) { Layers = 2, Dropout = 0.1, Normalization = new LayerNormalization() }, new DenseSpec(1)],
            network.Specs);
    }

    // A pair without "=" has a null value.
    private static KeyValuePair<string, string?>[] PairsOf(string settings)
        => [.. settings.Split(';').Select(pair => pair.Split('=', 2))
            .Select(pair => KeyValuePair.Create(pair[0], pair.Length > 1 ? pair[1] : null))];

    private static IEnumerable<KeyValuePair<string, string?>> Pairs(IConfiguration section)
        => section.AsEnumerable(makePathsRelative: true);

    private static IConfigurationSection Section(string json)
        => new ConfigurationBuilder()
            .AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes($$"""{"layers":{{json}}}""")))
            .Build().GetSection("layers");
}
