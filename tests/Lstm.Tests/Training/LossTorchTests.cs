using System.Numerics;
using System.Text.Json;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Training;

/// <summary>Losses against PyTorch's.</summary>
/// <remarks>
/// Not applicable: CTC, KL divergence, Poisson NLL, cross-entropy with target probabilities, BCE with element weights.
/// Smooth L1 is Huber divided by β; "none" is a sum weighted by the cotangents where one weight per row can say that.
/// </remarks>
public class LossTorchTests
{
    private static readonly string Fixtures = Path.Combine(Shared.Repository, "tests", "Lstm.Tests", "Fixtures");

    [Theory]
    [InlineData("loss_mse")]
    [InlineData("loss_l1")]
    [InlineData("loss_huber")]
    [InlineData("loss_cross_entropy")]
    [InlineData("loss_cross_entropy_ignore")]
    [InlineData("loss_cross_entropy_smoothing")]
    [InlineData("loss_cross_entropy_weighted")]
    [InlineData("loss_cross_entropy_all")]
    [InlineData("loss_bce_with_logits")]
    [InlineData("loss_bce_with_logits_pos_weight")]
    public void Evaluate_of_a_fixture_is_PyTorchs(string name)
    {
        string path = Path.Combine(Fixtures, name);
        Check<double>(TensorFile.Read(path + ".f64.safetensors"), 1e-10, name);
        Check<float>(TensorFile.Read(path + ".f32.safetensors"), 1e-5, name);
    }

    [Theory]
    [InlineData("ce_ignore")]
    [InlineData("ce_ignore0")]
    [InlineData("ce_ls")]
    [InlineData("ce_ls_none")]
    [InlineData("ce_big_logits")]
    [InlineData("bce_logits_mean")]
    [InlineData("huber_1_sum")]
    [InlineData("huber_0.3_mean")]
    [InlineData("huber_0.3_sum")]
    [InlineData("smoothl1_1_mean")]
    [InlineData("smoothl1_0.3_sum")]
    [InlineData("mse_mean")]
    [InlineData("l1_mean")]
    [InlineData("l1_sum")]
    public void Evaluate_of_a_reference_case_is_PyTorchs(string name)
    {
        string folder = Shared.RequireConformance();
        string path = Path.Combine(folder, "torch", "loss", name);
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "manifest.json")));
        JsonElement config = manifest.RootElement.GetProperty("cases").EnumerateArray()
            .First(entry => entry.GetProperty("name").GetString() == name).GetProperty("config").Clone();
        Check<double>(TensorFile.Read(path + ".f64.safetensors"), 1e-10, name, config);
        Check<float>(TensorFile.Read(path + ".f32.safetensors"), 1e-5, name, config);
    }

    private static void Check<T>(TensorFile file, double tolerance, string name, JsonElement? other = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        JsonElement config = other ?? JsonDocument.Parse(file.Metadata["config"]).RootElement;
        string kind = config.GetProperty("loss").GetString()!;
        bool labels = kind == "cross_entropy";
        string x = labels ? "logits" : "x";
        int features = file.Shape("in." + x)[^1];
        SequenceBatch<T> output = Rows.Of<T>(file.Doubles("in." + x), features);
        SequenceBatch<T> gradient = Rows.Of<T>(new double[output.Rows.Length], features);
        gradient.Rows.Fill(T.NaN);
        bool none = config.TryGetProperty("reduction", out JsonElement reduction) && reduction.GetString() == "none";
        Reduction how = none || reduction.ValueKind == JsonValueKind.String && reduction.GetString() == "sum" ? Reduction.Sum
            : Reduction.Mean;
        SequenceBatch<T>? weights = none ? Rows.Of<T>(file.Doubles("ct.loss")) : null;
        double value;
        double factor = 1;
        if (labels)
        {
            double[] classWeights = file.Has("in.weight") ? file.Doubles("in.weight") : [];
            SoftmaxCrossEntropy<T> loss = new(classWeights)
            {
                Reduction = how,
                LabelSmoothing = Number(config, "label_smoothing", 0),
                IgnoredLabel = (int)Number(config, "ignore_index", -100),
            };
            SequenceBatch<int> targets =
                SequenceBatch.FromSequences<int>([Array.ConvertAll(file.Longs("in.targets"), label => (int)label)]);
            value = loss.Evaluate(output, targets, gradient, weights);
        }
        else
        {
            Loss<T> loss = kind switch
            {
                "mse" => new MeanSquaredError<T> { Reduction = how },
                "l1" => new MeanAbsoluteError<T> { Reduction = how },
                "huber" => new HuberLoss<T>(Number(config, "delta", 1)) { Reduction = how },
                "smooth_l1" => new HuberLoss<T>(Number(config, "beta", 1)) { Reduction = how },
                _ => new BinaryCrossEntropyWithLogits<T>(file.Has("in.pos_weight") ? file.Doubles("in.pos_weight") : [])
                {
                    Reduction = how,
                },
            };
            factor = kind == "smooth_l1" ? 1 / Number(config, "beta", 1) : 1;
            value = loss.Evaluate(output, Rows.Of<T>(file.Doubles("in.target"), features), gradient, weights);
        }

        double[] expected = file.Doubles("loss");
        double sum = none ? expected.Zip(file.Doubles("ct.loss"), (l, ct) => l * ct).Sum() : expected[0];
        Close.Relative<double>([sum], [value * factor], tolerance, name);
        Close.Relative<double>(
            file.Doubles("grad." + x), Array.ConvertAll(Rows.Doubles<T>(gradient.Rows), g => g * factor), tolerance, name
            + " gradient");
    }

    private static double Number(JsonElement config, string name, double otherwise) =>
        config.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : otherwise;
}
