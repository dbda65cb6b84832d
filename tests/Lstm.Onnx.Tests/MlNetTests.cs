using Lstm.Tests.Support;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Onnx;

namespace Lstm.Onnx.Tests;

/// <summary>An exported file in ML.NET.</summary>
public class MlNetTests
{
    private const int Steps = 6;

    [Fact]
    public void ML_NET_scores_an_exported_network()
    {
        Network<float> network = Sample.Network<float>(1, 2, new LstmSpec(8) { Layers = 2 }, new DenseSpec(3));
        string path = Path.Combine(Path.GetTempPath(), $"lstm-{Guid.NewGuid():N}.onnx");
        OnnxModel.Export(network, path);
        try
        {
            MLContext context = new(seed: 1);
            IDataView data = context.Data.LoadFromEnumerable(
                Enumerable.Range(0, 4).Select(key => new Row { Input = Sample.Sequence<float>(1, key, Steps, 2) }));
            OnnxScoringEstimator estimator = context.Transforms.ApplyOnnxModel(
                ["output"], ["input"], path,
                new Dictionary<string, int[]> { ["input"] = [1, Steps, 2], ["output"] = [1, Steps, 3] }, gpuDeviceId: null,
                fallbackToCpu: false);
            using OnnxTransformer transformer = estimator.Fit(data);
            Score[] scores =
                [.. context.Data.CreateEnumerable<Score>(transformer.Transform(data), reuseRowObject: false)];
            Assert.Equal(4, scores.Length);
            SequenceBatch<float> expected = network.Predict(Sample.Batch<float>(1, 2, Steps, Steps, Steps, Steps));
            for (int b = 0; b < scores.Length; b++)
            {
                double[] ours = Array.ConvertAll(expected.GetSequence(b), value => (double)value);
                Close.Within<float>(ours, scores[b].Output, new(ExportedModel.Limit, 0, ExportedModel.Limit), $"row {b}");
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private sealed class Row
    {
        [ColumnName("input")]
        [VectorType(1, Steps, 2)]
        public required float[] Input { get; set; }
    }

    private sealed class Score
    {
        [ColumnName("output")]
        public float[] Output { get; set; } = [];
    }
}
