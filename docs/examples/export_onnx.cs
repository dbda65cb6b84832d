#:project ../../src/Lstm.Onnx
#:package Microsoft.ML
#:package Microsoft.ML.OnnxRuntime
#:package Microsoft.ML.OnnxTransformer
#:property PublishAot=false

// Trains a small forecaster, exports it as ONNX, and runs the file beside the network: in ONNX Runtime, whole and step by step,
// and in ML.NET. Then reads the file back.
// dotnet run docs/examples/export_onnx.cs

using System.Globalization;
using Lstm;
using Lstm.Onnx;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

const int Units = 24, Window = 40, Windows = 18;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

// A wave of two frequencies; at each step the network forecasts the next value.
float[] wave = [.. Enumerable.Range(0, 400).Select(t => MathF.Sin(0.3f * t) + (0.5f * MathF.Sin(0.11f * t)))];
float[][] inputs = [.. Enumerable.Range(0, Windows).Select(i => wave[(20 * i)..((20 * i) + Window)])];
float[][] targets = [.. Enumerable.Range(0, Windows).Select(i => wave[((20 * i) + 1)..((20 * i) + Window + 1)])];
SequenceBatch<float> batch = SequenceBatch.FromSequences<float>(inputs);
Network<float> network = Network.Create(1, seed: 3, new LstmSpec(Units), new DenseSpec(1));
Trainer<float> trainer = Trainer.Create(network, Loss.MeanSquaredError(), Optimizer.Adam(0.01));
trainer.Fit([new(batch, SequenceBatch.FromSequences<float>(targets))], 60);
SequenceBatch<float> ours = network.Predict(batch);
Console.WriteLine($"trained on {Windows} windows of {Window} steps: mean squared error {Error(ours):f4}");

// The file runs with any number of sequences and steps. With Lengths and States it would have more inputs.
string folder = Directory.CreateTempSubdirectory("lstm-onnx").FullName, path = Path.Combine(folder, "forecaster.onnx");
OnnxModel.Export(network, path);
using (InferenceSession session = new(path))
{
    DenseTensor<float> x = new(inputs.SelectMany(window => window).ToArray(), [Windows, Window, 1]);
    using var outputs = session.Run([NamedOnnxValue.CreateFromTensor("input", x)]);
    Report("ONNX Runtime, all windows", outputs[0].AsTensor<float>().Chunk(Window));
}

// ML.NET scores a column of windows. It takes one size of tensors.
MLContext context = new(seed: 1);
IDataView rows = context.Data.LoadFromEnumerable(inputs.Select(window => new WindowRow { Input = window }));
Dictionary<string, int[]> shapes = new() { ["input"] = [1, Window, 1], ["output"] = [1, Window, 1] };
using (var model = context.Transforms
    .ApplyOnnxModel(["output"], ["input"], path, shapes, gpuDeviceId: null, fallbackToCpu: false).Fit(rows))
{
    Report(
        "ML.NET, a column of windows",
        context.Data.CreateEnumerable<ForecastRow>(model.Transform(rows), reuseRowObject: false).Select(row => row.Output));
}

// Step by step: the state goes through the file's inputs and outputs.
string steps = Path.Combine(folder, "steps.onnx");
OnnxModel.Export(network, steps, new OnnxExportOptions { States = true });
using (InferenceSession session = new(steps))
{
    DenseTensor<float> h = new([1, Windows, Units]), c = new([1, Windows, Units]);
    float[][] theirs = [.. inputs.Select(_ => new float[Window])];
    for (int t = 0; t < Window; t++)
    {
        DenseTensor<float> x = new(inputs.Select(window => window[t]).ToArray(), [Windows, 1, 1]);
        using var outputs = session.Run(
        [
            NamedOnnxValue.CreateFromTensor("input", x), NamedOnnxValue.CreateFromTensor("lstm_l0_h", h),
            NamedOnnxValue.CreateFromTensor("lstm_l0_c", c),
        ]);
        Dictionary<string, Tensor<float>> byName = outputs.ToDictionary(one => one.Name, one => one.AsTensor<float>());
        for (int i = 0; i < Windows; i++)
        {
            theirs[i][t] = byName["output"][i, 0, 0];
        }

        (h, c) = (byName["lstm_l0_h_out"].ToDenseTensor(), byName["lstm_l0_c_out"].ToDenseTensor());
    }

    Report("ONNX Runtime, step by step", theirs);
}

// And back: the same bits.
OnnxImport<float> import = OnnxModel.Import<float>(path);
Console.WriteLine(import.Report.ToString().TrimEnd());
bool isSame = import.Network.Predict(batch).Rows.SequenceEqual(ours.Rows);
Console.WriteLine(isSame ? "imported again: the same bits" : "imported again: other bits");
Directory.Delete(folder, recursive: true);
return isSame ? 0 : 1;

double Error(SequenceBatch<float> forecasts) => targets
    .Select((target, i) => target.Zip(forecasts.GetSequence(i), (a, b) => (double)(a - b) * (a - b)).Average()).Average();

void Report(string what, IEnumerable<float[]> theirs)
{
    float[] all = [.. theirs.SelectMany(window => window)], own = [.. ours.ToList().SelectMany(window => window)];
    if (all.Length != own.Length)
    {
        throw new InvalidOperationException($"{what} gave {all.Length} values; the network gives {own.Length}.");
    }

    float largest = own.Zip(all, (a, b) => Math.Abs(a - b)).Max();
    Console.WriteLine($"{what}: largest difference {largest:e1}");
    if (largest > 1e-5f)
    {
        throw new InvalidOperationException($"{what} differs from the network.");
    }
}

internal sealed class WindowRow
{
    [ColumnName("input")]
    [VectorType(1, 40, 1)]
    public required float[] Input { get; set; }
}

internal sealed class ForecastRow
{
    [ColumnName("output")]
    public float[] Output { get; set; } = [];
}
