using System.Reflection;
using Lstm.Cells;
using Lstm.Formats;
using Lstm.Specs;
using Lstm.Tests.Cells;

namespace Lstm.Tests.Formats;

/// <summary>Layer specs to JSON and back.</summary>
public class SpecJsonTests
{
    public static TheoryData<string> Kinds => [.. SpecTypes.Select(type => type.Name)];

    private static Type[] SpecTypes { get; } =
        [.. typeof(LayerSpec).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(LayerSpec)) && !type.IsAbstract)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Read_of_written_keeps_every_property_whatever_its_value(string kind)
    {
        LayerSpec defaults = (LayerSpec)Default(SpecTypes.Single(type => type.Name == kind));
        AssertRoundTrip(defaults);
        foreach (LayerSpec spec in Variants(defaults).Cast<LayerSpec>())
        {
            Assert.NotEqual(defaults, spec);
            AssertRoundTrip(spec);
        }
    }

    [Fact]
    public void FromJson_of_ToJson_is_the_spec_or_the_list()
    {
        CustomCell odd = CustomCell.Of("odd", new OddCell(0.5));
        LayerSpec[] specs =
        [
            new LstmSpec(4) { Layers = 2, Cell = odd, Projection = new(3), Normalization = new BatchNormalization { Steps = 7 } },
            new LstmSpec(4) { Cell = new LstmEquations { GateActivation = new(LstmActivationFunction.Elu, 0.5) } },
            new DenseSpec(2) { Name = "größer" },
        ];
        foreach (bool indented in (bool[])[false, true])
        {
            Assert.Equal(specs, LayerSpecJson.ListFromJson(LayerSpecJson.ToJson(specs, indented), [odd]));
            Assert.All(specs, spec => Assert.Equal(spec, LayerSpecJson.FromJson(LayerSpecJson.ToJson(spec, indented), [odd])));
            Assert.Equal(indented, LayerSpecJson.ToJson(specs[0], indented).Contains('\n'));
        }

        Assert.Empty(LayerSpecJson.ListFromJson(LayerSpecJson.ToJson([])));
        Assert.Contains(
            "'odd'", Assert.Throws<InvalidDataException>(() => LayerSpecJson.FromJson(LayerSpecJson.ToJson(specs[0]))).Message);
    }

    [Fact]
    public void FromJson_of_a_few_properties_has_the_defaults_of_the_rest()
    {
        Assert.Equal(
            new LstmSpec(64) { Layers = 2, Dropout = 0.1, Regularization = new() { CellZoneout = 0.2 } },
            LayerSpecJson.FromJson("""
                {"kind":"lstm","hiddenSize":64,"layers":2,"dropout":0.1,"regularization":{"cellZoneout":0.2}}
                """));
        Assert.Equal(
            [new EmbeddingSpec(3), new PoolingSpec(Pooling.Max)],
            LayerSpecJson.ListFromJson("""[{"kind":"embedding","outputSize":3},{"kind":"pooling","pooling":"max"}]"""));
    }

    [Theory]
    [InlineData("[]", "object")]
    [InlineData("{}", "kind")]
    [InlineData("{", "JSON")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"peephole":true}""", "'peephole'")]
    public void FromJson_of_what_is_no_spec_throws_and_says_what(string json, string expected)
    {
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => LayerSpecJson.FromJson(json)).Message);
        Assert.Throws<InvalidDataException>(() => LayerSpecJson.ListFromJson(json == "[]" ? "{}" : json));
        Assert.Throws<ArgumentNullException>("json", () => LayerSpecJson.FromJson(null!));
        Assert.Throws<ArgumentNullException>("specs", () => LayerSpecJson.ToJson([null!]));
    }

    [Theory]
    [InlineData("""{"kind":"lstm","hiddenSize":7}""")]
    [InlineData("""{"hiddenSize":7,"kind":"lstm"}""")]
    public void Read_of_a_missing_property_is_the_default_of_the_record(string json)
    {
        Assert.Equal([new LstmSpec(7)], SpecJson.Read($$"""{"inputSize":3,"layers":[{{json}}]}""").Specs);
        Assert.Equal([new LstmSpec(7)], SpecJson.Read($$"""{"inputSize":3,"layers":[{{json}}],"version":2}""").Specs);
    }

    [Fact]
    public void Write_has_one_text_for_one_description()
    {
        Assert.Equal(
            """
            {"version":2,"inputSize":3,"layers":[{"kind":"lstm","name":"größer","hiddenSize":4,"layers":1,
            "direction":"bidirectional","merge":"mean","shortcut":"add",
            "dropout":0.1,"bias":"one","initialization":"pyTorchUniform","learnInitialState":false,"truncatedGradient":false,
            "cell":{"kind":"equations","peephole":false,"coupledGates":false,"inputGate":true,"forgetGate":true,
            "outputGate":true,"gateRecurrence":false,"candidateDropout":0},
            "normalization":{"kind":"layer","epsilon":1E-05},
            "regularization":{"inputDropout":0,"recurrentDropout":0,"weightDropout":0,"hiddenZoneout":0,"cellZoneout":0}},
            {"kind":"dense","outputSize":2,"activation":"none","bias":true}]}
            """.Replace("\n", ""),
            SpecJson.Write(3, [
                new LstmSpec(4)
                {
                    Name = "größer", Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Mean, Shortcut = LstmShortcut.Add,
                    Initialization = LstmInitialization.PyTorchUniform, Dropout = 0.1, Normalization = new LayerNormalization(),
                },
                new DenseSpec(2),
            ]));
    }

    [Theory]
    [InlineData("""{"kind":"gru","hiddenSize":7}""", "'gru'")]
    [InlineData("""{"hiddenSize":7}""", "kind")]
    [InlineData("""{"kind":7}""", "kind")]
    [InlineData("""7""", "7")]
    [InlineData("""{"kind":"lstm"}""", "'hiddenSize'")]
    [InlineData("""{"kind":"dropout"}""", "'rate'")]
    [InlineData("""{"kind":"pooling"}""", "'pooling'")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"peepholes":true}""", "'peepholes'")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"HiddenSize":8}""", "'HiddenSize'")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"hiddenSize":8}""", "hiddenSize")]
    [InlineData("""{"kind":"lstm","hiddenSize":7.5}""", "7.5")]
    [InlineData("""{"kind":"lstm","hiddenSize":2147483648}""", "2147483648")]
    [InlineData("""{"kind":"lstm","hiddenSize":"7"}""", "\"7\"")]
    [InlineData("""{"kind":"lstm","hiddenSize":null}""", "null")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"direction":"sideways"}""", "sideways")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"direction":1}""", "'direction'")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"merge":"max"}""", "max")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"shortcut":true}""", "'shortcut'")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"direction":"Reverse"}""", "Reverse")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"learnInitialState":0}""", "'learnInitialState'")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"dropout":"0.1"}""", "'dropout'")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"gateActivation":"relu"}""", "relu")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"gateActivation":{"function":"swish"}}""", "swish")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"gateActivation":{"function":"relu","gamma":1}}""", "gamma")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"gateActivation":{"function":"relu","alpha":"1"}}""", "alpha")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"cell":"odd"}""", "'cell'")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"cell":{"name":"odd"}}""", "odd")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"cell":{"name":"","settings":""}}""", "'cell'")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"cell":{"name":"odd","settings":7}}""", "'cell'")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"cell":{"name":"odd","settings":"","more":""}}""", "more")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"projectionClip":1}""", "'projectionClip'")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"projection":{"size":3}}""", "'projection'")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"name":7}""", "'name'")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"name":"\ud800"}""", "JSON")]
    public void Read_of_a_wrong_layer_throws_and_says_what(string layer, string expected)
    {
        string json = $$"""{"inputSize":3,"layers":[{{layer}}]}""";
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => SpecJson.Read(json)).Message);
    }

    [Theory]
    [InlineData("\"projectionSize\":7", "'projectionSize'")]
    [InlineData("\"projection\":7", "'projection'")]
    [InlineData("\"projection\":{}", "'size' of the projection")]
    [InlineData("\"projection\":{\"size\":3,\"kind\":\"x\"}", "'kind' in the projection")]
    [InlineData("\"normalization\":\"layer\"", "'normalization'")]
    [InlineData("\"normalization\":{}", "lacks 'kind' of a normalization; give 'layer', 'batch'")]
    [InlineData("\"normalization\":{\"kind\":\"layer\",\"steps\":3}", "'steps' in the layer normalization")]
    [InlineData("\"normalization\":{\"kind\":\"none\"}", "'none'")]
    [InlineData("\"regularization\":{\"dropout\":0.5}", "'dropout' in the regularization")]
    [InlineData("\"cell\":null", "'cell'")]
    [InlineData("\"cell\":{\"kind\":\"gru\"}", "unknown kind 'gru'; give 'equations', 'custom'")]
    [InlineData("\"cell\":{\"kind\":\"equations\",\"peephole\":1}", "'peephole' of the cell")]
    [InlineData("\"cell\":{\"kind\":\"equations\",\"gateActivation\":{\"function\":\"swish\"}}", "swish")]
    [InlineData("\"cell\":{\"kind\":\"custom\",\"name\":\"odd\"}", "'settings' of the custom cell")]
    [InlineData("\"cell\":{\"kind\":\"custom\",\"name\":\"\",\"settings\":\"\"}", "'name' of the custom cell")]
    [InlineData(
        "\"cell\":{\"kind\":\"custom\",\"name\":\"odd\",\"settings\":\"\",\"peephole\":true}", "'peephole' in the custom cell")]
    public void Read_of_a_wrong_part_of_a_layer_throws_and_says_what(string property, string expected)
    {
        string json = $$"""{"version":2,"inputSize":3,"layers":[{"kind":"lstm","hiddenSize":7,{{property}}}]}""";
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => SpecJson.Read(json)).Message);
    }

    [Theory]
    [InlineData("3")]
    [InlineData("1")]
    [InlineData("\"2\"")]
    [InlineData("null")]
    public void Read_of_another_version_throws_and_names_it(string version) => Assert.Contains(
        $"version {version}",
        Assert.Throws<InvalidDataException>(
            () => SpecJson.Read($$"""{"version":{{version}},"inputSize":3,"layers":[]}""")).Message);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"inputSize":3}""")]
    [InlineData("""{"layers":[]}""")]
    [InlineData("""{"inputSize":"3","layers":[]}""")]
    [InlineData("""{"inputSize":3,"layers":{}}""")]
    [InlineData("""{"inputSize":3,"layers":[],"more":1}""")]
    [InlineData("""{"inputSize":3,"layers":[]} x""")]
    [InlineData("""{"inputSize":3,"layers":[""")]
    [InlineData("\ud800")]
    public void Read_of_a_wrong_description_throws(string json) => Assert.Throws<InvalidDataException>(() => SpecJson.Read(json));

    private static void AssertRoundTrip(LayerSpec spec)
    {
        (int inputSize, LayerSpec[] specs) = SpecJson.Read(SpecJson.Write(9, [spec, spec]));
        Assert.Equal(9, inputSize);
        Assert.Equal([spec, spec], specs);
    }

    private static object Default(Type type)
    {
        ConstructorInfo constructor = type.GetConstructors()[0];
        return constructor.Invoke(
            [.. constructor.GetParameters().Select(parameter => Activator.CreateInstance(parameter.ParameterType))]);
    }

    // The record with one property changed, for each property and each of several values.
    private static IEnumerable<object> Variants(object record)
    {
        MethodInfo clone = record.GetType().GetMethod("<Clone>$")!;
        foreach (PropertyInfo property in record.GetType().GetProperties().Where(property => property.SetMethod is not null))
        {
            foreach (object value in Others(property, record))
            {
                object other = clone.Invoke(record, null)!;
                property.SetValue(other, value);
                yield return other;
            }
        }
    }

    // Values of a property that differ from its default. A property of a new type needs a line here and a kind of SpecProperty.
    private static object[] Others(PropertyInfo property, object spec)
    {
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        object? value = property.GetValue(spec);
        object[] candidates = type.IsEnum ? [.. Enum.GetValues(type)]
            : type == typeof(bool) ? [true, false]
            : type == typeof(int) ? [int.MinValue, -1, 12, int.MaxValue]
            : type == typeof(double) ? [0.1, -1e300, double.Epsilon, 1.0 / 3]
            : type == typeof(string) ? ["", "a\"\\\n", "größer 記憶 🧠"]
            : type == typeof(LstmActivation)
                ? [new LstmActivation(LstmActivationFunction.HardSigmoid, 1.0 / 3, -1e300),
                    new LstmActivation(LstmActivationFunction.Relu)]
            : type == typeof(LstmProjection) ? [new LstmProjection(3), .. Variants(new LstmProjection(0))]
            : type == typeof(LstmRegularization) ? [.. Variants(new LstmRegularization())]
            : type == typeof(LstmNormalization) ? [
                new LayerNormalization(), .. Variants(new LayerNormalization()), new BatchNormalization(),
                .. Variants(new BatchNormalization())]
            : type == typeof(CellEquations) ? [
                .. Variants(new LstmEquations()), new CustomEquations(CustomCell.Of("odd", new OddCell(1.0 / 3))),
                new CustomEquations(CustomCell.Of("größer \"", default(PlainCell)))]
            : throw new NotSupportedException($"Add values of {type} for {property}.");
        return [.. candidates.Where(candidate => !candidate.Equals(value))];
    }
}
