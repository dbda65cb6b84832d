using System.Numerics;
using System.Numerics.Tensors;
using System.Text.Json;
using Lstm.Parameters;
using Lstm.Tests.Support;

namespace Lstm.Tests.Training;

/// <summary>Whole trainings of a few steps against PyTorch's. Not applicable: CTC.</summary>
public class TrainerTorchTests
{
    [Theory]
    [InlineData("train_momentum_bi")]
    [InlineData("train_adam")]
    [InlineData("train_rmsprop")]
    [InlineData("train_classifier_bi_packed_adam")]
    public void Fit_makes_PyTorchs_steps(string name)
    {
        Check<double>(name, "f64", 1e-9);
        Check<float>(name, "f32", 1e-5);
    }

    private static void Check<T>(string name, string type, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string folder = Shared.RequireConformance();
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "manifest.json")));
        JsonElement config = manifest.RootElement.GetProperty("cases").EnumerateArray()
            .First(entry => entry.GetProperty("name").GetString() == name).GetProperty("config").Clone();
        TensorFile file = TensorFile.Read(Path.Combine(folder, "torch", "train", $"{name}.{type}.safetensors"));
        bool classifies = file.Has("in.ids");
        LstmSpec lstm = new(5)
        {
            Layers = file.Has("w.lstm.weight_ih_l1") ? 2 : 1,
            Direction = file.Has("w.lstm.weight_ih_l0_reverse") ? LstmDirection.Bidirectional : LstmDirection.Forward,
            Bias = LstmBias.Two,
        };
        Network<T> network = classifies
            ? Network.Create<T>(11, new EmbeddingSpec(4) { Name = "emb" }, lstm, new PoolingSpec(Pooling.Last), new DenseSpec(3)
            {
                Name = "head",
            })
            : Network.Create<T>(3, lstm, new DenseSpec(2) { Name = "head" });
        foreach (Parameter parameter in network.Parameters)
        {
            network.WriteParameter(parameter.Name, Tensor<T>(file, "w." + parameter.Name));
        }

        Loss<T> loss = classifies ? new SoftmaxCrossEntropy<T> { LabelSmoothing = 0.1 } : new MeanSquaredError<T>();
        Trainer<T> trainer = new(network, loss, OptimizerTests.FromConfig<T>(config))
        {
            Clip = config.TryGetProperty("clip_grad_norm", out JsonElement clip) ? GradientClip.ByGlobalNorm(clip.GetDouble())
                : GradientClip.None,
        };
        TrainingBatch<T> batch = classifies ? Labelled<T>(file) : new(
            SequenceBatch.FromTensor<T>(Tensor<T>(file, "in.x")), SequenceBatch.FromTensor<T>(Tensor<T>(file, "in.y")));
        double[] losses = file.Doubles("out.losses");
        for (int step = 1; step <= losses.Length; step++)
        {
            TrainingResult result = trainer.Fit([batch], new TrainingOptions { Workers = 1 });
            Close.Relative<double>([losses[step - 1]], [result.Loss!.Value], tolerance, $"{name} loss {step}");
            foreach (Parameter parameter in network.Parameters.Where(p => file.Has($"out.step{step}.{p.Name}")))
            {
                T[] actual = new T[parameter.Count];
                network.ReadParameter(parameter.Name).FlattenTo(actual);
                double[] expected = file.Doubles($"out.step{step}.{parameter.Name}");
                Close.Relative<double>(
                    expected, Rows.Doubles<T>(actual), tolerance, $"{name} {parameter.Name} {step}",
                    floor: typeof(T) == typeof(float) ? 1 : 0.1);
            }
        }
    }

    private static TrainingBatch<T> Labelled<T>(TensorFile file)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int[] ids = Array.ConvertAll(file.Longs("in.ids"), id => (int)id);
        int[] lengths = Array.ConvertAll(file.Longs("in.lengths"), length => (int)length);
        int[][] labels = [.. file.Longs("in.targets").Select(label => new[] { (int)label })];
        return new TrainingBatch<T>(
            SequenceBatch.FromTensor<int>(new ReadOnlyTensorSpan<int>(ids, [4, 7]), batchFirst: true, lengths),
            SequenceBatch.FromSequences<int>(labels));
    }

    private static Tensor<T> Tensor<T>(TensorFile file, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        System.Numerics.Tensors.Tensor.Create(
        Array.ConvertAll(file.Doubles(name), T.CreateChecked), [.. file.Shape(name).Select(n => (nint)n)]);
}
