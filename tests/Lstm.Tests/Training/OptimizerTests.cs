using System.Numerics;
using System.Numerics.Tensors;
using System.Text.Json;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Tests.Support;

namespace Lstm.Tests.Training;

public class OptimizerTests
{
    private static readonly string Fixtures = Path.Combine(Shared.Repository, "tests", "Lstm.Tests", "Fixtures");

    public static TheoryData<string> Kinds => ["sgd", "sgd momentum", "sgd nesterov", "adam", "adamw", "rmsprop", "rmsprop all"];

    [Theory]
    [InlineData("optimizer_sgd")]
    [InlineData("optimizer_sgd_momentum")]
    [InlineData("optimizer_sgd_nesterov")]
    [InlineData("optimizer_sgd_weight_decay")]
    [InlineData("optimizer_adam")]
    [InlineData("optimizer_adam_weight_decay")]
    [InlineData("optimizer_adamw")]
    [InlineData("optimizer_rmsprop")]
    [InlineData("optimizer_rmsprop_momentum")]
    [InlineData("optimizer_rmsprop_centered")]
    public void Step_of_a_fixture_is_PyTorchs(string name)
    {
        string path = Path.Combine(Fixtures, name);
        Check<double>(TensorFile.Read(path + ".f64.safetensors"), 1e-10, name);
        Check<float>(TensorFile.Read(path + ".f32.safetensors"), 1e-5, name);
    }

    // Not applicable: maximising, Adagrad, Adadelta, Adamax, RAdam.
    [Theory]
    [InlineData("opt_sgd_mom_wd")]
    [InlineData("opt_adam")]
    [InlineData("opt_adam_eps_betas")]
    [InlineData("opt_rmsprop_mom")]
    [InlineData("opt_rmsprop_wd_alpha")]
    public void Step_of_a_reference_case_is_PyTorchs(string name)
    {
        string folder = Shared.RequireConformance();
        string path = Path.Combine(folder, "torch", "optim", name);
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "manifest.json")));
        JsonElement config = manifest.RootElement.GetProperty("cases").EnumerateArray()
            .First(entry => entry.GetProperty("name").GetString() == name).GetProperty("config").Clone();
        Check<double>(TensorFile.Read(path + ".f64.safetensors"), 1e-10, name, config);
        Check<float>(TensorFile.Read(path + ".f32.safetensors"), 1e-5, name, config);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Step_is_the_same_on_every_width_and_any_number_of_workers(string kind)
    {
        float[] expected = Run(SimdWidth.Scalar, null);
        using WorkerTeam team = SharingAll.Team(3);
        foreach (SimdWidth width in Enum.GetValues<SimdWidth>().Where(SimdDispatch.IsAccelerated))
        {
            Close.SameBits(expected, Run(width, null), $"{kind} {width}");
            Close.SameBits(expected, Run(width, team), $"{kind} {width}, three workers");
        }

        float[] Run(SimdWidth width, WorkerTeam? workers)
        {
            Network<float> network = new(3, [new LstmSpec(5), new DenseSpec(7)], width);
            network.Initialize(1);
            Gradient<float> gradient = RandomGradient(network);
            Optimizer<float> optimizer = Make<float>(kind);
            optimizer.SetLearningRateFactor("lstm.weight_hh_l0", 0.5);
            for (int step = 0; step < 3; step++)
            {
                optimizer.Step(network, gradient, workers);
            }

            return network.Flat.ToArray();
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Step_leaves_padding_zero_and_frozen_parameters_alone(string kind)
    {
        Network<float> network = Network.Create<float>(3, new LstmSpec(5), new DenseSpec(7));
        network.SetTrainable("lstm.weight_hh_l0", false);
        Gradient<float> gradient = RandomGradient(network);
        float[] frozen = Read(network, "lstm.weight_hh_l0");
        float[] trained = Read(network, "dense.weight");
        Optimizer<float> optimizer = Make<float>(kind);
        long version = network.Version;
        optimizer.Step(network, gradient);
        optimizer.Step(network, gradient);
        Assert.Equal(version + 2, network.Version);
        Assert.Equal(2, optimizer.Steps);
        Assert.Equal(frozen, Read(network, "lstm.weight_hh_l0"));
        Assert.NotEqual(trained, Read(network, "dense.weight"));
        AssertPaddingZero(network, network.Flat);
        Assert.All(optimizer.Parts[0].Buffers, buffer => AssertPaddingZero(network, buffer.Span));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Step_of_a_parameter_thawed_later_is_its_first(string kind)
    {
        Network<double> early = Network.Create<double>(2, new DenseSpec(3));
        Network<double> late = early.Clone();
        Gradient<double> a = RandomGradient(early);
        Gradient<double> b = RandomGradient(late);
        Optimizer<double> first = Make<double>(kind);
        Optimizer<double> second = Make<double>(kind);
        late.SetTrainable("dense.bias", false);
        second.Step(late, b);
        second.Step(late, b);
        late.SetTrainable("dense.bias", true);
        second.Step(late, b);
        first.Step(early, a);
        Assert.Equal(Read(early, "dense.bias"), Read(late, "dense.bias"));
    }

    [Fact]
    public void Step_uses_settings_by_name()
    {
        Network<double> network = Network.Create<double>(2, new DenseSpec(1));
        network.WriteParameter("dense.weight", Tensor.Create([1.0, 2.0], [1, 2]));
        network.WriteParameter("dense.bias", Tensor.Create([4.0], [1]));
        Gradient<double> gradient = network.CreateGradient();
        gradient.Flat.Clear();
        Sgd<double> optimizer = new(0.5, weightDecay: 1);
        optimizer.SetWeightDecay("dense.bias", 0);
        optimizer.Step(network, gradient);
        Assert.Equal([0.5, 1.0], Read(network, "dense.weight"));
        Assert.Equal([4.0], Read(network, "dense.bias"));
        optimizer.SetLearningRateFactor("dense.weight", 0);
        optimizer.SetWeightDecay("dense.bias", 1);
        optimizer.Step(network, gradient);
        Assert.Equal([0.5, 1.0], Read(network, "dense.weight"));
        Assert.Equal([2.0], Read(network, "dense.bias"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Step_without_decay_keeps_infinite_parameters_whose_gradient_is_zero(string kind)
    {
        Infinite<float>(kind);
        Infinite<double>(kind);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Fit_with_classes_masked_by_infinite_biases_learns_the_others(string kind)
    {
        Network<float> network = Network.Create<float>(2, 7, new LstmSpec(4), new DenseSpec(40));
        float[] bias = new float[40];
        bias.AsSpan(3).Fill(float.NegativeInfinity);
        network.WriteParameter("dense.bias", Tensor.Create(bias));
        SequenceBatch<float> input = SequenceBatch.FromSequences<float>([[1, 0, 0, 1, 1, 1], [0, 0]], 2);
        TrainingBatch<float> batch = new(input, SequenceBatch.FromSequences<int>([[0, 1, 2], [1]]));
        Optimizer<float> optimizer = Make<float>(kind);
        optimizer.SetWeightDecay("dense.bias", 0);
        TrainingResult result = new Trainer<float>(network, new SoftmaxCrossEntropy<float>(), optimizer)
            .Fit([batch], new TrainingOptions
            {
                Epochs = 5,
            });
        Assert.Equal(5, result.Steps);
        Assert.True(result.Loss < result.Epochs[0].Loss, $"{result.Epochs[0].Loss} became {result.Loss}.");
        Assert.All(Read(network, "dense.bias")[3..], b => Assert.Equal(float.NegativeInfinity, b));
        Assert.All(Read(network, "dense.bias")[..3], b => Assert.True(float.IsFinite(b)));
    }

    private static void Infinite<T>(string kind)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network = Network.Create<T>(3, new DenseSpec(21));
        T[] bias = new T[21], slopes = new T[21];
        (bias[0], bias[7], bias[20]) = (T.NegativeInfinity, T.PositiveInfinity, T.NegativeInfinity);
        slopes[1] = T.One;
        network.WriteParameter("dense.bias", Tensor.Create(bias));
        Gradient<T> gradient = network.CreateGradient();
        gradient.Write("dense.bias", Tensor.Create(slopes));
        Optimizer<T> optimizer = Make<T>(kind);
        optimizer.SetWeightDecay("dense.bias", 0);
        optimizer.SetWeightDecay("dense.weight", 0);
        for (int step = 0; step < 3; step++)
        {
            optimizer.Step(network, gradient);
        }

        T[] after = Read(network, "dense.bias");
        Assert.True(after[1] < T.Zero);
        after[1] = T.Zero;
        Assert.Equal(bias, after);
    }

    [Fact]
    public void Step_with_dampening_starts_undamped()
    {
        Network<double> network = Network.Create<double>(1, new DenseSpec(1) { Bias = false });
        network.WriteParameter("dense.weight", Tensor.Create([0.0], [1, 1]));
        Gradient<double> gradient = network.CreateGradient();
        gradient.Write("dense.weight", Tensor.Create([1.0], [1, 1]));
        Sgd<double> optimizer = new(1, momentum: 0.5, dampening: 0.25);
        optimizer.Step(network, gradient);
        Assert.Equal([-1.0], Read(network, "dense.weight"));
        optimizer.Step(network, gradient);
        Assert.Equal([-2.25], Read(network, "dense.weight"));
    }

    [Fact]
    public void Step_of_another_network_throws()
    {
        Network<float> network = Network.Create<float>(2, new DenseSpec(1));
        Network<float> other = network.Clone();
        Adam<float> optimizer = new();
        Assert.Throws<ArgumentException>("gradient", () => optimizer.Step(network, other.CreateGradient()));
        optimizer.Step(network, network.CreateGradient());
        Assert.Throws<InvalidOperationException>(() => optimizer.Step(other, other.CreateGradient()));
    }

    [Fact]
    public void Settings_out_of_range_throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>("learningRate", () => new Adam<float>(learningRate: -1));
        Assert.Throws<ArgumentOutOfRangeException>("beta1", () => new Adam<float>(beta1: 1));
        Assert.Throws<ArgumentOutOfRangeException>("epsilon", () => new Adam<float>(epsilon: 1e-60));
        Assert.Throws<ArgumentOutOfRangeException>("weightDecay", () => new AdamW<float>(weightDecay: double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("alpha", () => new RMSprop<float>(alpha: -0.1));
        Assert.Throws<ArgumentException>("nesterov", () => new Sgd<float>(0.1, nesterov: true));
        Adam<float> optimizer = new();
        Assert.Throws<ArgumentOutOfRangeException>(() => optimizer.LearningRate = double.PositiveInfinity);
        Assert.Throws<ArgumentOutOfRangeException>("factor", () => optimizer.SetLearningRateFactor("x", -1));
        optimizer.SetLearningRateFactor("nothing.weight", 1);
        Network<float> network = Network.Create<float>(2, new DenseSpec(1));
        Assert.Throws<ArgumentException>(() => optimizer.Step(network, network.CreateGradient()));
    }

    internal static Optimizer<T> Make<T>(string kind)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => kind switch
        {
            "sgd" => new Sgd<T>(0.1, weightDecay: 0.01),
            "sgd momentum" => new Sgd<T>(0.1, 0.9),
            "sgd nesterov" => new Sgd<T>(0.1, 0.9, nesterov: true),
            "adam" => new Adam<T>(0.01, weightDecay: 0.1),
            "adamw" => new AdamW<T>(0.01),
            "rmsprop" => new RMSprop<T>(),
            _ => new RMSprop<T>(momentum: 0.9, centered: true, weightDecay: 0.01),
        };

    private static Gradient<T> RandomGradient<T>(Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Random random = new(3);
        Gradient<T> gradient = network.CreateGradient();
        foreach (Parameter parameter in network.Parameters)
        {
            T[] values = [.. Enumerable.Range(0, parameter.Count).Select(_ => T.CreateChecked(random.NextDouble() - 0.5))];
            gradient.Write(parameter.Name, Tensor.Create(values, [.. parameter.Shape.Select(n => (nint)n)]));
        }

        return gradient;
    }

    private static void AssertPaddingZero(Network<float> network, ReadOnlySpan<float> flat)
    {
        HashSet<int> real =
            [.. network.Parameters.SelectMany(p => Enumerable.Range(0, p.Count).Select(i => p.Offset + p.IndexOf(i)))];
        for (int i = 0; i < network.Layout.Length; i++)
        {
            Assert.True(real.Contains(i) || BitConverter.SingleToInt32Bits(flat[i]) == 0, $"Padding element {i} is {flat[i]}.");
        }
    }

    private static T[] Read<T>(Network<T> network, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] values = new T[network.Layout.Find(name).Count];
        network.ReadParameter(name).FlattenTo(values);
        return values;
    }

    // A network whose first weight is [3, 4] and whose last bias is [5], like the two parameters of the files.
    // Float is held to a share of the tensor's largest value, double to each value's own.
    private static double Floor<T>() => typeof(T) == typeof(float) ? 1 : 1e-3;

    private static void Check<T>(TensorFile file, double tolerance, string name, JsonElement? other = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        JsonElement config = other ?? JsonDocument.Parse(file.Metadata["config"]).RootElement;
        Network<T> network = Network.Create<T>(4, new DenseSpec(3), new DenseSpec(5));
        string[] parameters = ["dense.weight", "dense_1.bias"];
        nint[][] shapes = [[3, 4], [5]];
        for (int k = 0; k < 2; k++)
        {
            network.WriteParameter(
                parameters[k], Tensor.Create(Array.ConvertAll(file.Doubles($"in.p{k}"), T.CreateChecked), shapes[k]));
        }

        Optimizer<T> optimizer = FromConfig<T>(config);
        Gradient<T> gradient = network.CreateGradient();
        for (int step = 1; step <= 10; step++)
        {
            for (int k = 0; k < 2; k++)
            {
                gradient.Write(
                    parameters[k],
                    Tensor.Create(Array.ConvertAll(file.Doubles($"in.grad{k}.step{step}"), T.CreateChecked), shapes[k]));
            }

            optimizer.Step(network, gradient);
            for (int k = 0; k < 2; k++)
            {
                Close.Relative<double>(
                    file.Doubles($"out.p{k}.step{step}"), Rows.Doubles<T>(Read(network, parameters[k])), tolerance,
                    $"{name} p{k} step {step}", Floor<T>());
            }
        }
    }

    internal static Optimizer<T> FromConfig<T>(JsonElement config)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double rate = Number("lr", 0), decay = Number("weight_decay", 0);
        (double b1, double b2) = config.TryGetProperty("betas", out JsonElement betas)
            ? (betas[0].GetDouble(), betas[1].GetDouble()) : (0.9, 0.999);
        return config.GetProperty("optimizer").GetString() switch
        {
            "SGD" => new Sgd<T>(rate, Number("momentum", 0), config.TryGetProperty("nesterov", out _), decay),
            "Adam" => new Adam<T>(rate, b1, b2, Number("eps", 1e-8), decay),
            "AdamW" => new AdamW<T>(rate, b1, b2, Number("eps", 1e-8), decay),
            _ => new RMSprop<T>(
                rate, Number("alpha", 0.99), Number("eps", 1e-8), Number("momentum", 0),
                config.TryGetProperty("centered", out _), decay),
        };

        double Number(string property, double otherwise)
            => config.TryGetProperty(property, out JsonElement value) ? value.GetDouble() : otherwise;
    }
}
