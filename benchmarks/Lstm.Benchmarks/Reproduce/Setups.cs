


using Lstm.Cells;
using Lstm.Specs;
using Lstm.Training;

namespace Lstm.Benchmarks.Reproduce;

/// <summary>
/// The ways in which the tasks are learned: as one would today, and as near to the papers as the library's parts come.
/// </summary>
internal static class Setups
{
    public const string Modern = "modern";
    public const string Old = "1997 cell";

    /// <summary>The next symbol from softmax.</summary>
    public static Setup Prediction(int symbols, LstmSpec lstm, double rate, int batch)
        => Modernly(
            seed => Network.Create<float>(symbols, seed, lstm, new DenseSpec(symbols)),
            new SoftmaxCrossEntropy<float>(), rate, batch);

    /// <summary>One of some classes after the last step, from softmax.</summary>
    public static Setup Classification(int inputs, LstmSpec lstm, int classes, double rate, int batch) => Modernly(
        seed => Network.Create<float>(inputs, seed, lstm, new PoolingSpec(Pooling.Last), new DenseSpec(classes)),
        new SoftmaxCrossEntropy<float>(), rate, batch);

    /// <summary>A value after the last step.</summary>
    public static Setup Regression(int inputs, LstmSpec lstm, double rate, int batch) => Modernly(
        seed => Network.Create<float>(inputs, seed, lstm, new PoolingSpec(Pooling.Last), new DenseSpec(1)),
        new MeanSquaredError<float>(), rate, batch);

    /// <summary>The paper's network for embedded Reber strings, with eight cells that have their gates to themselves.</summary>
    public static Setup OldReber(int symbols) => Plainly(
        Old,
        seed => PaperNetwork.Create(symbols, seed, 0.2, PaperNetwork.Cell(8), Sigmoids(symbols))
            .WithBias(PaperNetwork.OutputGate, -1, -2, -3, -4, -1, -2, -3, -4),
        rate: 0.1);

    /// <summary>
    /// The paper's network for the noise-free long time lag: a single cell with an input gate, g from 0 to 1 and h = c.
    /// </summary>
    public static Setup OldLongLag(int symbols)
    {
        LstmSpec cell = new(1)
        {
            Cell = new LstmEquations
            {
                CellActivation = new(LstmActivationFunction.Sigmoid),
                HiddenActivation = new(LstmActivationFunction.Affine, 1),
                ForgetGate = false,
                OutputGate = false,
            },
            TruncatedGradient = true,
            Shortcut = LstmShortcut.Concatenate,
        };
        return Plainly(Old, seed => PaperNetwork.Create(symbols, seed, 0.2, cell, Sigmoids(symbols)).WithoutBias(), rate: 0.1);
    }

    /// <summary>Outputs without an LSTM, from 0 to 1.</summary>
    public static DenseSpec Sigmoids(int outputs) => new(outputs) { Activation = Activation.Sigmoid };

    /// <summary>The paper's network for adding and multiplication, with eight cells for its four in two blocks.</summary>
    public static Setup OldRegression(int inputs) => OldLastStep(inputs, 1, rate: 0.25, -3, -3, -3, -3, -6, -6, -6, -6);

    /// <summary>The paper's network for temporal order.</summary>
    public static Setup OldOrder(int inputs, int classes) => OldLastStep(inputs, classes, rate: 0.5, -2, -2, -4, -4);

    /// <summary>
    /// One stream, each update after a few of its symbols, the error flowing back along the cell alone: as in Gers et al. 2000,
    /// with eight cells for four blocks of two.
    /// </summary>
    public static Setup OnLine(int symbols, bool hasForgetGate)
    {
        float[] biases = [-0.5f, -0.5f, -1, -1, -1.5f, -1.5f, -2, -2];
        return Plainly(
            hasForgetGate ? "cell of 2000" : Old,
            seed => PaperNetwork.Create(symbols, seed, 0.2, PaperNetwork.Cell(8, hasForgetGate), Sigmoids(symbols))
                .WithBias(PaperNetwork.InputGate, biases)
                .WithBias(PaperNetwork.OutputGate, biases),
            rate: 0.25);
    }

    private static Setup OldLastStep(int inputs, int outputs, double rate, params float[] inputBiases) => Plainly(
        Old,
        seed => PaperNetwork.Create(
            inputs, seed, 0.1, PaperNetwork.Cell(inputBiases.Length), new PoolingSpec(Pooling.Last), Sigmoids(outputs))
            .WithBias(PaperNetwork.InputGate, inputBiases),
        rate);

    private static Setup Modernly(Func<int, Network<float>> network, Loss<float> loss, double rate, int batch)
        => new(Modern, network, loss, () => new Adam<float>(rate)) { Batch = batch, Clip = GradientClip.ByGlobalNorm(1) };

    private static Setup Plainly(string name, Func<int, Network<float>> network, double rate)
        => new(name, network, new MeanSquaredError<float> { Reduction = Reduction.Sum }, () => new Sgd<float>(rate));
}
