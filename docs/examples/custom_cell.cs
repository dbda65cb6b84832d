#:project ../../src/Lstm
#:property PublishAot=false
#:property Optimize=true

using System.Globalization;
using System.Runtime.CompilerServices;
using Lstm;
using Lstm.Cells;
using Lstm.Diagnostics;
using Lstm.Formats;

// A custom cell: JANET, an LSTM with a forget gate only (van der Westhuizen & Lasenby 2018), whose β is learned by each
// unit. Checks its gradients, trains it beside the plain cell to remember the first value of a sequence among 60 distractors,
// saves and loads it. docs/custom-cells.md explains it line by line.


CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string folder = (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
CustomCell janet = CustomCell.Of("janet", new Janet(Beta: 1));

// Proof: every parameter and the input against central differences, in a network with as much around the cell as there is.
Network<double> small = Network.Create<double>(inputSize: 2, seed: 3,
    new LstmSpec(5)
    {
        Cell = janet, Layers = 2, Direction = LstmDirection.Bidirectional, Projection = new(3),
        Regularization = new() { CellZoneout = 0.1 }, LearnInitialState = true,
    },
    new DenseSpec(1));
SequenceBatch<double> x = SequenceBatch.FromSequences<double>([[0.5, -1, 0.25, 0.75, -0.5, 1], [1, 0.5], []], featureSize: 2);
SequenceBatch<double> y = SequenceBatch.FromSequences<double>([[1, -1, 0.5], [0.25], []], featureSize: 1);
GradientCheckResult check =
    GradientCheck.Network(small, new MeanSquaredError<double>(), new TrainingBatch<double>(x, y), training: true);
check.ThrowIfAbove(1e-6);
Console.WriteLine($"Gradients of {small.Parameters.Count} parameters and the input are within 1e-6 of central differences.");

// The task: repeat the first value after 60 steps.
const int Steps = 60;
List<TrainingBatch<float>> training = Batches(seed: 1, count: 20), validation = Batches(seed: 2, count: 4);
Network<float> custom = Train("JANET", new LstmSpec(32) { Cell = janet });
Train("plain", new LstmSpec(32));
float[] beta = [.. custom.ReadParameter("lstm.weight_beta_l0")];
Console.WriteLine($"beta of the 32 units: {beta.Min():f2} to {beta.Max():f2}; all began at 1.00.");

// The file has the cell's name and settings; LoadOptions.Cells supplies the equations.
string file = Path.Combine(folder, "custom_cell.safetensors");
custom.Save(file);
Network<float> loaded = Network.Load<float>(file, new LoadOptions { Cells = [janet] });
bool same = loaded.Predict(validation[0].Input!).Rows.SequenceEqual(custom.Predict(validation[0].Input!).Rows);
Console.WriteLine($"Saved and loaded {Path.GetFileName(file)}: {(same ? "the same" : "other")} predictions, bit for bit.");
try
{
    Network.Load<float>(file, new LoadOptions { Cells = [CustomCell.Of("janet", new Janet(Beta: 2))] });
}
catch (InvalidDataException e)
{
    Console.WriteLine($"With another beta: {e.Message}");
}

return same ? 0 : 1;

Network<float> Train(string name, LstmSpec cell)
{
    Network<float> network = Network.Create<float>(inputSize: 1, seed: 7, cell, new PoolingSpec(Pooling.Last), new DenseSpec(1));
    Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Adam<float>(learningRate: 0.005))
    {
        Clip = GradientClip.ByGlobalNorm(1),
    };
    TrainingResult result = trainer.Fit(training, new TrainingOptions { Epochs = 30, Workers = 1 }, validation);
    Console.WriteLine($"{name,-6} validation loss after 1, 10, 20, 30 epochs: "
        + string.Join(", ", new[] { 0, 9, 19, 29 }.Select(epoch => $"{result.Epochs[epoch].ValidationLoss:f4}")));
    return network;
}

static List<TrainingBatch<float>> Batches(int seed, int count)
{
    Random random = new(seed);
    return [.. Enumerable.Range(0, count).Select(_ =>
    {
        float[][] sequences =
            [.. Enumerable.Range(0, 32)
                .Select(_ => Enumerable.Range(0, Steps).Select(_ => (2 * random.NextSingle()) - 1).ToArray())];
        return new TrainingBatch<float>(
            SequenceBatch.FromSequences<float>(sequences),
            SequenceBatch.FromSequences<float>([.. sequences.Select(sequence => sequence[..1])]));
    })];
}

/// <summary>f = σ(z_f), i = σ(β − z_f), c ← f⊙c + i⊙tanh(z_g), h = c.</summary>
readonly record struct Janet(double Beta) : ICustomCell<Janet>
{
    public static LstmGates Gates => LstmGates.Forget | LstmGates.Candidate;

    public static IReadOnlyList<string> WeightNames => ["beta"];

    public static double StartOf(in Janet cell, int weight, int unit, int units) => cell.Beta;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane Forward<TLane>(ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>
    {
        i = TLane.Sigmoid(units.Weight(0) - f);
        f = TLane.Sigmoid(f);
        g = TLane.Tanh(g);
        return (f * previous) + (i * g);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Backward<TLane>(
        ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, TLane next, TLane outputGateGradient,
        ref TLane gradient, CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>
    {
        TLane throughI = TLane.SigmoidBackward(i, gradient * g);
        TLane carried = gradient * f;
        f = TLane.SigmoidBackward(f, gradient * previous) - throughI;
        g = TLane.TanhBackward(g, gradient * i);
        gradient = carried;
        units.SetWeightGradient(0, throughI);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Output<TLane>(in Janet cell, TLane o, TLane c)
        where TLane : struct, ILane<TLane> => c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane OutputBackward<TLane>(in Janet cell, TLane o, TLane c, TLane gradient, out TLane outputGateGradient)
        where TLane : struct, ILane<TLane>
    {
        outputGateGradient = 0;
        return gradient;
    }
}
