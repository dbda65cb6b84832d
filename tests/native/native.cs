#:project ../../src/Lstm.Onnx
#:property PublishAot=true
#:property IlcInstructionSet=native

// What Lstm and Lstm.Onnx compute, as hashes of bits: published by NativeAOT it prints the same as run by the JIT.
// dotnet publish tests/native/native.cs

using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Lstm;
using Lstm.Cells;
using Lstm.Formats;
using Lstm.Onnx;
using Lstm.Specs;

LstmSpec varied = new(7)
{
    Direction = LstmDirection.Bidirectional, Bias = LstmBias.Two, LearnInitialState = true,
    Cell = new LstmEquations
    {
        Peephole = true, PreActivationClip = 4, GateActivation = new(LstmActivationFunction.HardSigmoid, 0.25, 0.5),
    },
};
LstmSpec lacking = new(6)
{
    Projection = new(4), Normalization = new LayerNormalization(), Regularization = new() { CellZoneout = 0.25 },
};
Run<float>("forecaster", new LstmSpec(24), new DenseSpec(1));
Run<double>("double", new LstmSpec(9) { Layers = 2 }, new DenseSpec(1));
Run<float>("varied", varied, new LayerNormSpec(), new PoolingSpec(Pooling.Mean), new DenseSpec(1));
Run<float>("scan", lacking, new ActivationSpec(ActivationFunction.Softplus), new DenseSpec(1));

static void Run<T>(string name, params LayerSpec[] layers)
    where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
{
    Network<T> network = Network.Create<T>(2, 3, layers);
    bool isPooled = layers.Any(layer => layer is PoolingSpec);
    SequenceBatch<T> batch = Wave<T>(2, 9, 14, 5), target = isPooled ? Wave<T>(1, 1, 1, 1) : Wave<T>(1, 9, 14, 5);
    Trainer<T> trainer = Trainer.Create(network, new MeanSquaredError<T>(), new Adam<T>(0.01));
    trainer.Fit([new(batch, target)], 20);
    Print(name, "trained", network.Predict(batch).Rows);

    MemoryStream saved = new();
    network.Save(saved);
    saved.Position = 0;
    Print(name, "loaded", Network.Load<T>(saved).Predict(batch).Rows);

    // The file of a custom cell or with batch normalisation aside, all of ONNX's way out and in.
    OnnxExportOptions options = new() { Lengths = true, States = true, Double = typeof(T) == typeof(double) };
    MemoryStream file = new();
    OnnxModel.Export(network, file, options);
    Print(name, "exported", (ReadOnlySpan<byte>)file.ToArray());
    file.Position = 0;
    OnnxImport<T> import = OnnxModel.Import<T>(file);
    Print(name, "imported", import.Network.Predict(batch).Rows);
    Print(name, "report", MemoryMarshal.AsBytes(import.Report.ToString().AsSpan()));
    if (name != "scan")
    {
        file.Position = 0;
        OnnxImport<T> node = OnnxModel.Import<T>(file, new OnnxImportOptions { Node = "lstm_l0/LSTM" });
        Print(name, "read by node", node.Network.Predict(batch).Rows);
    }
}

static SequenceBatch<T> Wave<T>(int features, params int[] lengths)
    where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    => SequenceBatch.FromSequences<T>(
        [.. lengths.Select((length, b) => Enumerable.Range(0, length * features)
            .Select(i => T.CreateChecked((((i * 37) + (b * 11)) % 101 / 50.5) - 1)).ToArray())], features);

static void Print<TValue>(string name, string what, ReadOnlySpan<TValue> values)
    where TValue : unmanaged
    => Console.WriteLine($"{name}, {what}: {Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes(values)))[..16]}");
