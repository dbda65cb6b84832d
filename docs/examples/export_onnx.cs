// Trains a small forecaster, exports it, and runs the file in ONNX Runtime beside the network: whole, and step by step.
// dotnet run docs/examples/export_onnx.cs
#:project ../../src/Lstm.Onnx
#:package Microsoft.ML.OnnxRuntime
#:property PublishAot=false

using Lstm;
using Lstm.Onnx;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

const int Steps = 40;

// A wave whose next value is to be told at each step.
float[] wave = [.. Enumerable.Range(0, 400).Select(t => MathF.Sin(0.3f * t) + (0.5f * MathF.Sin(0.11f * t)))];
List<float[]> inputs = [], targets = [];
for (int start = 0; start + Steps < wave.Length; start += 20)
{
    inputs.Add(wave[start..(start + Steps)]);
    targets.Add(wave[(start + 1)..(start + Steps + 1)]);
}

Network<float> network = Network.Create(1, seed: 3, new LstmSpec(24), new DenseSpec(1));
Trainer<float> trainer = Trainer.Create(network, Loss.MeanSquaredError(), Optimizer.Adam(0.01));
trainer.Fit([new(SequenceBatch.FromSequences<float>(inputs), SequenceBatch.FromSequences<float>(targets))], 60);

// Whole sequences.
string path = Path.Combine(Path.GetTempPath(), "forecast.onnx");
OnnxModel.Export(network, path);
float[] x = wave[100..140], ours = network.Predict(SequenceBatch.FromSequences<float>([x])).GetSequence(0);
using (InferenceSession session = new(path))
{
    using var outputs = session.Run([NamedOnnxValue.CreateFromTensor("input", new DenseTensor<float>(x, [1, Steps, 1]))]);
    Report("whole", ours, [.. outputs[0].AsTensor<float>()]);
}

// Step by step: the state goes through the file's inputs and outputs.
OnnxModel.Export(network, path, new OnnxExportOptions { States = true });
using (InferenceSession session = new(path))
{
    DenseTensor<float> h = new([1, 1, 24]), c = new([1, 1, 24]);
    float[] theirs = new float[Steps];
    for (int t = 0; t < Steps; t++)
    {
        using var outputs = session.Run(
        [
            NamedOnnxValue.CreateFromTensor("input", new DenseTensor<float>(new[] { x[t] }, [1, 1, 1])),
            NamedOnnxValue.CreateFromTensor("lstm_l0_h", h),
            NamedOnnxValue.CreateFromTensor("lstm_l0_c", c),
        ]);
        theirs[t] = outputs.Single(output => output.Name == "output").AsTensor<float>()[0, 0, 0];
        h = outputs.Single(output => output.Name == "lstm_l0_h_out").AsTensor<float>().ToDenseTensor();
        c = outputs.Single(output => output.Name == "lstm_l0_c_out").AsTensor<float>().ToDenseTensor();
    }

    Report("steps", ours, theirs);
}

// And back: the same bits.
OnnxImport<float> import = OnnxModel.Import<float>(path);
Console.Write(import.Report);
float[] again = import.Network.Predict(SequenceBatch.FromSequences<float>([x])).GetSequence(0);
Console.WriteLine($"imported again: {(again.AsSpan().SequenceEqual(ours) ? "the same bits" : "other bits")}");
return again.AsSpan().SequenceEqual(ours) ? 0 : 1;

static void Report(string what, float[] ours, float[] theirs)
    => Console.WriteLine($"{what}: largest difference {ours.Zip(theirs, (a, b) => Math.Abs(a - b)).Max():e1}");
