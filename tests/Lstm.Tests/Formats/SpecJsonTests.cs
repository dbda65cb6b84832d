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
        LayerSpec defaults = Default(kind);
        AssertRoundTrip(defaults);
        foreach (PropertyInfo property in defaults.GetType().GetProperties().Where(property => property.SetMethod is not null))
        {
            foreach (object value in Others(property, defaults))
            {
                LayerSpec spec = Default(kind);
                property.SetValue(spec, value);
                Assert.NotEqual(defaults, spec);
                AssertRoundTrip(spec);
            }
        }
    }

    [Theory]
    [InlineData("""{"kind":"lstm","hiddenSize":7}""")]
    [InlineData("""{"hiddenSize":7,"kind":"lstm"}""")]
    public void Read_of_a_missing_property_is_the_default_of_the_record(string json)
    {
        Assert.Equal([new LstmSpec(7)], SpecJson.Read($$"""{"inputSize":3,"layers":[{{json}}]}""").Specs);
    }

    [Fact]
    public void Write_has_one_text_for_one_description()
    {
        Assert.Equal(
            """
            {"inputSize":3,"layers":[{"kind":"lstm","name":"größer","hiddenSize":4,"layers":1,"direction":"bidirectional","merge":"mean","shortcut":"add","dropout":0.1,"bias":"one","initialization":"pyTorchUniform","learnInitialState":false,"peephole":false,"coupledGates":false,"inputGate":true,"forgetGate":true,"outputGate":true,"gateRecurrence":false,"truncatedGradient":false,"normalization":"none","normalizationEpsilon":1E-05,"batchNormSteps":100,"batchNormMomentum":0.1,"inputDropout":0,"recurrentDropout":0,"candidateDropout":0,"weightDropout":0,"hiddenZoneout":0,"cellZoneout":0},{"kind":"dense","outputSize":2,"activation":"none","bias":true}]}
            """,
            SpecJson.Write(3, [
                new LstmSpec(4) { Name = "größer", Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Mean, Shortcut = LstmShortcut.Add, Initialization = LstmInitialization.PyTorchUniform, Dropout = 0.1 },
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
    [InlineData("""{"kind":"lstm","hiddenSize":7,"name":7}""", "'name'")]
    [InlineData("""{"kind":"lstm","hiddenSize":7,"name":"\ud800"}""", "JSON")]
    public void Read_of_a_wrong_layer_throws_and_says_what(string layer, string expected)
    {
        string json = $$"""{"inputSize":3,"layers":[{{layer}}]}""";
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => SpecJson.Read(json)).Message);
    }

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

    private static LayerSpec Default(string kind)
    {
        ConstructorInfo constructor = SpecTypes.Single(type => type.Name == kind).GetConstructors()[0];
        return (LayerSpec)constructor.Invoke([.. constructor.GetParameters().Select(parameter => Activator.CreateInstance(parameter.ParameterType))]);
    }

    // Values of a property that differ from its default. A property of a new type needs a line here and a kind of SpecProperty.
    private static object[] Others(PropertyInfo property, LayerSpec spec)
    {
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        object? value = property.GetValue(spec);
        object[] candidates = type.IsEnum ? [.. Enum.GetValues(type)]
            : type == typeof(bool) ? [true, false]
            : type == typeof(int) ? [int.MinValue, -1, 12, int.MaxValue]
            : type == typeof(double) ? [0.1, -1e300, double.Epsilon, 1.0 / 3]
            : type == typeof(LstmActivation) ? [new LstmActivation(LstmActivationFunction.HardSigmoid, 1.0 / 3, -1e300), new LstmActivation(LstmActivationFunction.Relu)]
            : type == typeof(CustomCell) ? [CustomCell.Of("odd", new OddCell(1.0 / 3)), CustomCell.Of("größer \"", default(PlainCell))]
            : type == typeof(string) ? ["", "a\"\\\n", "größer 記憶 🧠"]
            : throw new NotSupportedException($"Add values of {type} for {property}.");
        return [.. candidates.Where(candidate => !candidate.Equals(value))];
    }
}
