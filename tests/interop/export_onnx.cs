#:project ../../src/Lstm.Onnx
#:property PublishAot=false

// Writes ONNX files for check_onnx.py, one for each thing that an exported file can have.
// dotnet run tests/interop/export_onnx.cs FOLDER

using Lstm;
using Lstm.Cells;
using Lstm.Onnx;
using Lstm.Specs;

string folder = args.Length == 1 ? args[0] : throw new ArgumentException("Give the folder of the files as the only argument.");
Directory.CreateDirectory(folder);
LstmSpec both = new(5) { Direction = LstmDirection.Bidirectional };
int files = 0;

// The options of an export.
LayerSpec[] forecaster = [new LstmSpec(5) { Layers = 2 }, new DenseSpec(2)];
Write("defaults", new(), 3, forecaster);
Write("time-first", new() { BatchFirst = false }, 3, forecaster);
Write("lengths", new() { Lengths = true }, 3, forecaster);
Write("states", new() { States = true }, 3, forecaster);
Write("lengths-and-states", new() { Lengths = true, States = true }, 3, forecaster);
Write("names", new() { InputName = "x", OutputName = "y" }, 3, forecaster);
Write("double", new() { Double = true, Lengths = true, States = true }, 3, forecaster);

// The options of an LSTM layer that ONNX's operator has.
Write("bias-two", new(), 3, new LstmSpec(5) { Bias = LstmBias.Two });
Write("bias-none", new(), 3, new LstmSpec(5) { Bias = LstmBias.None });
Write("reverse", new() { Lengths = true }, 3, new LstmSpec(5) { Direction = LstmDirection.Reverse });
foreach (LstmMerge merge in Enum.GetValues<LstmMerge>())
{
    Write($"merge-{merge}", new() { Lengths = true }, 3, both with { Merge = merge, Layers = 2 });
    Write($"merge-{merge}-last", new() { Lengths = true }, 3, both with { Merge = merge }, new PoolingSpec(Pooling.Last));
}

Write("residual", new(), 5, new LstmSpec(5) { Layers = 3, Shortcut = LstmShortcut.Add });
Write("skip", new(), 3, new LstmSpec(5) { Layers = 3, Shortcut = LstmShortcut.Concatenate });
Write("learned-state", new(), 3, both with { LearnInitialState = true });
Write("peephole", new(), 3, Cell(new() { Peephole = true }));
Write("coupled", new(), 3, Cell(new() { CoupledGates = true }));
Write("pre-activation-clip", new(), 3, Cell(new() { PreActivationClip = 0.5 }));
foreach (LstmActivationFunction function in Enum.GetValues<LstmActivationFunction>())
{
    (double alpha, double beta) = Parameters(function.ToString());
    LstmActivation activation = new(function, alpha, beta);
    Write($"within-{function}", new(), 3, Cell(new()
    {
        GateActivation = activation, CellActivation = activation, HiddenActivation = activation,
    }));
}

// Those that become a Scan.
foreach (bool lengths in (bool[])[false, true])
{
    string suffix = lengths ? "-lengths" : string.Empty;
    OnnxExportOptions options = new() { Lengths = lengths, States = lengths };
    Write($"projection{suffix}", options, 3, both with { Projection = new(3) { Clip = 0.5 } });
    Write($"zoneout{suffix}", options, 3, both with { Regularization = new() { HiddenZoneout = 0.25, CellZoneout = 0.5 } });
    Write($"layer-norm{suffix}", options, 3, both with { Normalization = new LayerNormalization() });
    Write(
        $"batch-norm{suffix}", options with { States = false }, 3,
        both with { Normalization = new BatchNormalization { Steps = 3 }, Bias = LstmBias.Two });
    Write($"cell-clip{suffix}", options, 3, Cell(new() { CellClip = 0.5, Peephole = true }));
    Write($"gate-recurrence{suffix}", options, 3, Cell(new() { GateRecurrence = true }));
    Write($"no-input-gate{suffix}", options, 3, Cell(new() { InputGate = false }));
    Write($"no-forget-gate{suffix}", options, 3, Cell(new() { ForgetGate = false }));
    Write($"no-output-gate{suffix}", options, 3, Cell(new() { OutputGate = false }));
}

// The other layers.
Write("embedding", new(), 11, new EmbeddingSpec(4), new LstmSpec(5));
foreach (Activation activation in Enum.GetValues<Activation>())
{
    Write($"dense-{activation}", new(), 3, new DenseSpec(4) { Activation = activation });
}

foreach (Pooling pooling in Enum.GetValues<Pooling>())
{
    Write($"pooling-{pooling}", new(), 3, both, new PoolingSpec(pooling), new DenseSpec(2));
    Write($"pooling-{pooling}-lengths", new() { Lengths = true }, 3, both, new PoolingSpec(pooling), new DenseSpec(2));
}

foreach (ActivationFunction function in Enum.GetValues<ActivationFunction>())
{
    (double alpha, double beta) = Parameters(function.ToString());
    Write($"layer-{function}", new(), 3, new LstmSpec(5), new ActivationSpec(function) { Alpha = alpha, Beta = beta });
}

Write("layer-norm-layer", new(), 3, new LayerNormSpec(), new LstmSpec(5));
Write("repeat-last", new() { Lengths = true }, 3, new LstmSpec(5), new RepeatLastSpec(4), new LstmSpec(5));
Console.WriteLine($"{files} files");

LstmSpec Cell(LstmEquations equations) => both with { Cell = equations };

void Write(string name, OnnxExportOptions options, int inputs, params LayerSpec[] layers)
{
    OnnxModel.Export(Network.Create<float>(inputs, 7, layers), Path.Combine(folder, name + ".onnx"), options);
    files++;
}

static (double Alpha, double Beta) Parameters(string function) => function switch
{
    "HardSigmoid" => (0.25, 0.5), "ScaledTanh" => (1.5, 0.5), "Affine" => (0.5, 0.25), "LeakyRelu" => (0.125, 0),
    "Elu" => (0.75, 0), "ThresholdedRelu" => (0.5, 0), _ => (0, 0),
};
