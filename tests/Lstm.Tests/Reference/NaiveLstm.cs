namespace Lstm.Tests.Reference;

/// <summary>The oracle: an LSTM of any depth, in double, of plain loops over one sequence at a time.</summary>
/// <remarks>
/// PyTorch's semantics, names and layouts. For each layer k, each direction and each step t in its order:
/// z = W_ih·x + W_hh·h + b_ih + b_hh;  i = σ(zᵢ), f = σ(z_f), g = tanh(z_g), o = σ(z_o);  c ← f·c + i·g;
/// h = o·tanh(c), with a projection h = W_hr·(o·tanh(c)). The next layer sees the directions' h side by side.
/// Variants are switched on by properties: peepholes (z_i += p_i·c, z_f += p_f·c with the old c, z_o += p_o·c with the new),
/// coupled gates (f = 1 − i), clipped z and clipped c (no gradient beyond the limit).
/// A bias that is not among the parameters is zero. Sequences are [sequence][step][feature] and may have any length,
/// zero included: then the final state is the initial one. States are [layer · directions + direction][sequence][unit].
/// </remarks>
internal sealed class NaiveLstm(int inputSize, int hiddenSize, int layers = 1, bool bidirectional = false, int projectionSize = 0)
{
    private readonly int directions = bidirectional ? 2 : 1;
    private readonly int stateSize = projectionSize > 0 ? projectionSize : hiddenSize;

    public bool Peephole { get; init; }

    public bool CoupledGates { get; init; }

    public double CellClip { get; init; } = double.PositiveInfinity;

    public double PreActivationClip { get; init; } = double.PositiveInfinity;

    /// <summary>By PyTorch's names: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, weight_hr_l0, …_reverse.</summary>
    public Dictionary<string, double[]> Parameters { get; } = [];

    /// <summary>One step as it was computed: what Backward needs of it.</summary>
    public sealed record Moment(
        double[] X, double[] H, double[] C, double[] Z, double[] Gates, double[] RawC, double[] NewC, double[] M, double[] NewH);

    /// <summary>What a forward pass returns: outputs, final states, and (for Backward) every step of every chain.</summary>
    public sealed class Run
    {
        public required double[][][] Output { get; set; }
        public required double[][][] FinalH { get; init; }
        public required double[][][] FinalC { get; init; }
        /// <summary>[layer · directions + direction][sequence][step]</summary>
        public required Moment[][][] Chains { get; init; }
    }

    public sealed record Gradients(
        Dictionary<string, double[]> Parameters, double[][][] Input, double[][][] InitialH, double[][][] InitialC);

    /// <summary>Sets all parameters to random values in [−0.6, 0.6], with none, one or two biases.</summary>
    public NaiveLstm Randomize(int seed, int biases = 2)
    {
        var random = new Random(seed);
        for (int layer = 0; layer < layers; layer++)
        {
            int inputs = layer == 0 ? inputSize : directions * stateSize;
            for (int direction = 0; direction < directions; direction++)
            {
                string suffix = Suffix(layer, direction);
                Parameters["weight_ih" + suffix] = Uniform(random, 4 * hiddenSize * inputs, 0.6);
                Parameters["weight_hh" + suffix] = Uniform(random, 4 * hiddenSize * stateSize, 0.6);
                if (biases > 0)
                {
                    Parameters["bias_ih" + suffix] = Uniform(random, 4 * hiddenSize, 0.6);
                }

                if (biases > 1)
                {
                    Parameters["bias_hh" + suffix] = Uniform(random, 4 * hiddenSize, 0.6);
                }

                if (Peephole)
                {
                    Parameters["weight_ch" + suffix] = Uniform(random, 3 * hiddenSize, 0.6);
                }

                if (projectionSize > 0)
                {
                    Parameters["weight_hr" + suffix] = Uniform(random, projectionSize * hiddenSize, 0.6);
                }
            }
        }

        return this;
    }

    /// <summary>Runs all sequences; no initial state means zero.</summary>
    public Run Forward(double[][][] sequences, double[][][]? h0 = null, double[][][]? c0 = null)
    {
        int chains = layers * directions;
        var run = new Run
        {
            Output = sequences,
            FinalH = NewStates(chains, sequences.Length, stateSize),
            FinalC = NewStates(chains, sequences.Length, hiddenSize),
            Chains = new Moment[chains][][],
        };
        for (int layer = 0; layer < layers; layer++)
        {
            double[][][] input = run.Output;
            run.Output = NewLike(input, directions * stateSize);
            for (int direction = 0; direction < directions; direction++)
            {
                int k = layer * directions + direction;
                run.Chains[k] = new Moment[input.Length][];
                for (int b = 0; b < input.Length; b++)
                {
                    double[] h = h0?[k][b] ?? new double[stateSize], c = c0?[k][b] ?? new double[hiddenSize];
                    var moments = new Moment[input[b].Length];
                    foreach (int t in Order(input[b].Length, direction))
                    {
                        moments[t] = Step(Suffix(layer, direction), input[b][t], h, c);
                        (h, c) = (moments[t].NewH, moments[t].NewC);
                        h.CopyTo(run.Output[b][t], direction * stateSize);
                    }

                    run.Chains[k][b] = moments;
                    (run.FinalH[k][b], run.FinalC[k][b]) = ((double[])h.Clone(), (double[])c.Clone());
                }
            }
        }

        return run;
    }

    /// <summary>The gradients of Σ dOutput·Output + Σ dFinalH·FinalH + Σ dFinalC·FinalC.</summary>
    public Gradients Backward(Run run, double[][][] dOutput, double[][][]? dFinalH = null, double[][][]? dFinalC = null)
    {
        int chains = layers * directions, batch = dOutput.Length;
        var gradients = new Gradients(
            Parameters.ToDictionary(pair => pair.Key, pair => new double[pair.Value.Length]),
            NewLike(dOutput, inputSize), NewStates(chains, batch, stateSize), NewStates(chains, batch, hiddenSize));
        for (int layer = layers - 1; layer >= 0; layer--)
        {
            double[][][] dInput = layer == 0 ? gradients.Input : NewLike(dOutput, directions * stateSize);
            for (int direction = 0; direction < directions; direction++)
            {
                int k = layer * directions + direction;
                for (int b = 0; b < batch; b++)
                {
                    Moment[] moments = run.Chains[k][b];
                    double[] dh = (double[]?)dFinalH?[k][b].Clone() ?? new double[stateSize];
                    double[] dc = (double[]?)dFinalC?[k][b].Clone() ?? new double[hiddenSize];
                    foreach (int t in Order(moments.Length, direction).Reverse())
                    {
                        for (int j = 0; j < stateSize; j++)
                        {
                            dh[j] += dOutput[b][t][direction * stateSize + j];
                        }

                        (dh, dc) = StepBackward(Suffix(layer, direction), moments[t], dh, dc, dInput[b][t], gradients.Parameters);
                    }

                    (gradients.InitialH[k][b], gradients.InitialC[k][b]) = (dh, dc);
                }
            }

            dOutput = dInput;
        }

        return gradients;
    }

    private Moment Step(string suffix, double[] x, double[] h, double[] c)
    {
        int n = hiddenSize;
        var z = new double[4 * n];
        AddProduct(Parameters["weight_ih" + suffix], x, z);
        AddProduct(Parameters["weight_hh" + suffix], h, z);
        foreach (string bias in (string[])["bias_ih", "bias_hh"])
        {
            double[]? values = Parameters.GetValueOrDefault(bias + suffix);
            for (int j = 0; values is not null && j < 4 * n; j++)
            {
                z[j] += values[j];
            }
        }

        var gates = new double[4 * n];
        var rawC = new double[n];
        var newC = new double[n];
        var m = new double[n];
        double[] peephole = Parameters.GetValueOrDefault("weight_ch" + suffix, new double[3 * n]);
        for (int j = 0; j < n; j++)
        {
            z[j] += peephole[j] * c[j];
            z[n + j] += peephole[n + j] * c[j];
            double i = gates[j] = Sigmoid(Clip(z[j]));
            double f = gates[n + j] = CoupledGates ? 1 - i : Sigmoid(Clip(z[n + j]));
            double g = gates[2 * n + j] = Math.Tanh(Clip(z[2 * n + j]));
            rawC[j] = f * c[j] + i * g;
            newC[j] = Math.Clamp(rawC[j], -CellClip, CellClip);
            z[3 * n + j] += peephole[2 * n + j] * newC[j];
            double o = gates[3 * n + j] = Sigmoid(Clip(z[3 * n + j]));
            m[j] = o * Math.Tanh(newC[j]);
        }

        double[] newH = m;
        if (projectionSize > 0)
        {
            newH = new double[projectionSize];
            AddProduct(Parameters["weight_hr" + suffix], m, newH);
        }

        return new Moment(x, h, c, z, gates, rawC, newC, m, newH);
    }

    // Adds to dx and to the parameters' gradients; returns the gradients of the step's h and c.
    private (double[] Dh, double[] Dc) StepBackward(
        string suffix, Moment s, double[] dNewH, double[] dNewC, double[] dx, Dictionary<string, double[]> gradients)
    {
        int n = hiddenSize;
        double[] dm = dNewH;
        if (projectionSize > 0)
        {
            dm = new double[n];
            AddProductBackward(Parameters["weight_hr" + suffix], s.M, dNewH, dm, gradients["weight_hr" + suffix]);
        }

        var dz = new double[4 * n];
        var dc = new double[n];
        double[] peephole = Parameters.GetValueOrDefault("weight_ch" + suffix, new double[3 * n]);
        for (int j = 0; j < n; j++)
        {
            double i = s.Gates[j], f = s.Gates[n + j], g = s.Gates[2 * n + j], o = s.Gates[3 * n + j];
            double tanhC = Math.Tanh(s.NewC[j]);
            double dO = dm[j] * tanhC;
            dz[3 * n + j] = Clipped(s.Z[3 * n + j]) ? 0 : dO * o * (1 - o);
            double total = dNewC[j] + dm[j] * o * (1 - tanhC * tanhC) + peephole[2 * n + j] * dz[3 * n + j];
            total = Math.Abs(s.RawC[j]) >= CellClip ? 0 : total;
            double dI = total * g - (CoupledGates ? total * s.C[j] : 0), dF = CoupledGates ? 0 : total * s.C[j];
            dz[j] = Clipped(s.Z[j]) ? 0 : dI * i * (1 - i);
            dz[n + j] = Clipped(s.Z[n + j]) ? 0 : dF * f * (1 - f);
            dz[2 * n + j] = Clipped(s.Z[2 * n + j]) ? 0 : total * i * (1 - g * g);
            dc[j] = total * f + peephole[j] * dz[j] + peephole[n + j] * dz[n + j];
            if (gradients.GetValueOrDefault("weight_ch" + suffix) is { } dPeephole)
            {
                dPeephole[j] += dz[j] * s.C[j];
                dPeephole[n + j] += dz[n + j] * s.C[j];
                dPeephole[2 * n + j] += dz[3 * n + j] * s.NewC[j];
            }
        }

        var dh = new double[stateSize];
        AddProductBackward(Parameters["weight_ih" + suffix], s.X, dz, dx, gradients["weight_ih" + suffix]);
        AddProductBackward(Parameters["weight_hh" + suffix], s.H, dz, dh, gradients["weight_hh" + suffix]);
        foreach (string bias in (string[])["bias_ih", "bias_hh"])
        {
            double[]? gradient = gradients.GetValueOrDefault(bias + suffix);
            for (int j = 0; gradient is not null && j < 4 * n; j++)
            {
                gradient[j] += dz[j];
            }
        }

        return (dh, dc);
    }

    // y += W·x, W [y.Length, x.Length]
    private static void AddProduct(double[] w, double[] x, double[] y)
    {
        for (int row = 0; row < y.Length; row++)
        {
            for (int column = 0; column < x.Length; column++)
            {
                y[row] += w[row * x.Length + column] * x[column];
            }
        }
    }

    // dx += Wᵀ·dy, dW += dy·xᵀ
    private static void AddProductBackward(double[] w, double[] x, double[] dy, double[] dx, double[] dw)
    {
        for (int row = 0; row < dy.Length; row++)
        {
            for (int column = 0; column < x.Length; column++)
            {
                dx[column] += w[row * x.Length + column] * dy[row];
                dw[row * x.Length + column] += dy[row] * x[column];
            }
        }
    }

    private double Clip(double z) => Math.Clamp(z, -PreActivationClip, PreActivationClip);

    private bool Clipped(double z) => Math.Abs(z) >= PreActivationClip;

    private static double Sigmoid(double z) => 1 / (1 + Math.Exp(-z));

    private static string Suffix(int layer, int direction) => $"_l{layer}" + (direction == 1 ? "_reverse" : "");

    private static IEnumerable<int> Order(int steps, int direction)
    {
        IEnumerable<int> forward = Enumerable.Range(0, steps);
        return direction == 0 ? forward : forward.Reverse();
    }

    private static double[] Uniform(Random random, int count, double bound) =>
        [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextDouble() - 1) * bound)];

    private static double[][][] NewStates(int chains, int batch, int size) =>
        [.. Enumerable.Range(0, chains).Select(_ => Enumerable.Range(0, batch).Select(_ => new double[size]).ToArray())];

    // Zeros of the same lengths with another number of features.
    private static double[][][] NewLike(double[][][] sequences, int features) =>
        [.. sequences.Select(sequence => sequence.Select(_ => new double[features]).ToArray())];
}
