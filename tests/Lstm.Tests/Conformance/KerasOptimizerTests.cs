using System.Numerics;
using System.Numerics.Tensors;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lstm.Tests.Support;

namespace Lstm.Tests.Conformance;

/// <summary>Keras's optimizers: the parameters after each of ten steps on given gradients.</summary>
public abstract class KerasOptimizerTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string InsideRoot = "ε stands inside the root", Missing = "no such optimizer";

    private static readonly (string Name, string Reason)[] NotExpressible =
    [
        ("adam_amsgrad", "no AMSGrad"), ("adam_eps", "ε is added before the correction of the second moment"),
        ("rmsprop", InsideRoot), ("rmsprop_momentum", InsideRoot), ("rmsprop_centered", InsideRoot),
        ("nadam", Missing), ("adamax", Missing), ("adagrad", Missing), ("adadelta", Missing), ("lion", Missing),
            ("ftrl", Missing),
    ];

    private static readonly (string Name, nint[] Shape)[] Trained = [("dense.weight", [3, 4]), ("dense_1.bias", [5])];

    [Fact]
    public void Steps_of_every_case_are_Keras_s()
    {
        CaseLedger ledger = new("keras_optimizers", "keras.optimizers.", NotExpressible);
        TensorFile file = TensorFile.Read(Path.Combine(ledger.Folder, "keras", "optimizers.safetensors"));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(ledger.Folder, "keras", "optimizers.json")));
        JsonElement cases = json.RootElement.GetProperty("cases");
        foreach (JsonElement entry in cases.EnumerateArray())
        {
            string name = entry.GetProperty("name").GetString()!, kind = entry.GetProperty("class").GetString()!;
            string? reason = NotExpressible.FirstOrDefault(left => left.Name == name).Reason;
            Assert.Equal((name, reason), (name, KerasOptimizer<T>.WhyNot(kind, entry.GetProperty("config"))));
            ledger.Compare(name, tolerance => Compare(name, new(kind, entry.GetProperty("config")), file, tolerance));
        }

        ledger.AssertComplete(cases.GetArrayLength());
        Assert.Equal(
            cases.GetArrayLength(), file.Names.Where(name => !name.StartsWith("in.")).Select(name => name[..name.IndexOf('/')])
            .Distinct().Count());
    }

    [Fact]
    public void Accumulated_and_scaled_gradients_are_the_mean_of_the_unscaled_ones()
    {
        KerasOptimizer<T> accumulating = new("SGD", Config(new()
        {
            ["learning_rate"] = 0.5,
            ["loss_scale_factor"] = 8,
            ["gradient_accumulation_steps"] = 2,
        }));
        Network<T> network = Network.Create<T>(1, new DenseSpec(1) { Bias = false });
        network.WriteParameter("dense.weight", Tensor.Create([T.One], [1, 1]));
        Gradient<T> gradient = network.CreateGradient();
        T sum = T.Zero;
        foreach (double value in (double[])[16, 32])
        {
            sum += T.CreateChecked(value * accumulating.GradientFactor);
            gradient.Write("dense.weight", Tensor.Create([sum], [1, 1]));
            accumulating.Apply(network, gradient);
        }

        // 1 − ½ · (2 + 4)/2.
        Assert.Equal(T.CreateChecked(-0.5), network.ReadParameter("dense.weight")[0, 0]);
    }

    [Fact]
    public void What_has_no_mapping_is_an_error()
    {
        Assert.Throws<InvalidDataException>(() => new KerasOptimizer<T>("Sgdd", Config(new())));
        Assert.Throws<InvalidDataException>(() => new KerasOptimizer<T>("SGD", Config(new()
        {
            ["learning_rate"] = 0.5,
            ["lookahead"] = 2,
        })));
        Assert.Throws<NotSupportedException>(() => new KerasOptimizer<T>("SGD", Config(new()
        {
            ["momentum"] = 0.9,
            ["weight_decay"] = 0.1,
        })));
        Assert.Throws<NotSupportedException>(() => new KerasOptimizer<T>("SGD", Config(new()
        {
            ["use_ema"] = true,
            ["ema_overwrite_frequency"] = 3,
        })));
        Assert.Throws<NotSupportedException>(() => new KerasOptimizer<T>("SGD", Config(new()
        {
            ["momentum"] = 0.9,
            ["learning_rate"] = new JsonObject(),
        })));
    }

    private static JsonElement Config(JsonObject json) => JsonSerializer.SerializeToElement(json);

    private static void Compare(string name, KerasOptimizer<T> optimizer, TensorFile file, Tolerance tolerance)
    {
        Network<T> network = Network.Create<T>(4, new DenseSpec(3), new DenseSpec(5));
        for (int k = 0; k < Trained.Length; k++)
        {
            network.WriteParameter(Trained[k].Name, Read(file, $"in.p{k}", 1, Trained[k].Shape));
        }

        Gradient<T> gradient = network.CreateGradient();
        for (int step = 1; step <= 10; step++)
        {
            for (int k = 0; k < Trained.Length; k++)
            {
                Tensor<T> sum = gradient.Read(Trained[k].Name);
                gradient.Write(
                    Trained[k].Name,
                    Tensor.Add(
                    sum.AsReadOnlyTensorSpan(),
                    Read(file, $"in.grad{k}.step{step}", optimizer.GradientFactor, Trained[k].Shape)));
            }

            optimizer.Apply(network, gradient);
            for (int k = 0; k < Trained.Length; k++)
            {
                T[] actual = new T[Trained[k].Shape.Aggregate((a, b) => a * b)];
                network.ReadParameter(Trained[k].Name).FlattenTo(actual);
                Close.Within<T>(file.Doubles($"{name}/p{k}.step{step}"), actual, tolerance, $"p{k} after step {step}");
            }
        }
    }

    private static Tensor<T> Read(TensorFile file, string name, double factor, nint[] shape)
        => Tensor.Create([.. file.Doubles(name).Select(value => T.CreateChecked(value * factor))], shape);
}

public sealed class KerasOptimizerDoubleTests : KerasOptimizerTests<double>;

public sealed class KerasOptimizerFloatTests : KerasOptimizerTests<float>;
