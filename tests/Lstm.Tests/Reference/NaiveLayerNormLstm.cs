namespace Lstm.Tests.Reference;

/// <summary>
/// The oracle of the layer-normalised LSTM (Ba et al. 2016) and of zoneout of h: plain loops, in double, over one sequence.
/// </summary>
/// <remarks>
/// z = γ_x⊙LN(W_ih·x) + γ_h⊙LN(W_hh·h) + b; c ← f·c + i·g; m = o·tanh(γ_c⊙LN(c) + β_c); h ← u·m + (1 − u)·h, where u says of each
/// step and unit how much of it is renewed. Without normalisation, LN and γ and β are left out. A bias that is not among the
/// parameters is zero.
/// </remarks>
internal sealed class NaiveLayerNormLstm(int hiddenSize, bool normalizes, double epsilon = 1e-5)
{
    /// <summary>By the library's names, without layer and direction: weight_ih, weight_hh, bias_ih, norm_ih_weight, …</summary>
    public Dictionary<string, double[]> Parameters { get; init; } = [];

    /// <summary>A normalised row, and 1/√(variance + ε).</summary>
    private sealed record Normal(double[] Values, double Scale);

    private sealed record Moment(
        double[] X, double[] H, double[] C, double[] Update, Normal Input, Normal Recurrent, double[] Gates, Normal Cell,
        double[] Shown);

    public sealed record Result(
        double[][] H, double[][] C, Dictionary<string, double[]> Gradients, double[][] InputGradient, double[] InitialHGradient,
        double[] InitialCGradient);

    /// <summary>Runs a sequence forward, and backward from the gradients of h and c of each step.</summary>
    public Result Run(double[][] x, double[] h, double[] c, double[][] update, double[][] dH, double[][] dC)
    {
        int steps = x.Length;
        var moments = new Moment[steps];
        double[][] hs = new double[steps][], cs = new double[steps][];
        for (int t = 0; t < steps; t++)
        {
            (moments[t], hs[t], cs[t]) = Step(x[t], h, c, update[t]);
            (h, c) = (hs[t], cs[t]);
        }

        Dictionary<string, double[]> gradients = Parameters.ToDictionary(pair => pair.Key, pair => new double[pair.Value.Length]);
        double[][] dx = [.. x.Select(row => new double[row.Length])];
        double[] dh = new double[hiddenSize], dc = new double[hiddenSize];
        for (int t = steps - 1; t >= 0; t--)
        {
            for (int j = 0; j < hiddenSize; j++)
            {
                dh[j] += dH[t][j];
                dc[j] += dC[t][j];
            }

            (dh, dc) = StepBackward(moments[t], dh, dc, dx[t], gradients);
        }

        return new Result(hs, cs, gradients, dx, dh, dc);
    }

    private (Moment Moment, double[] H, double[] C) Step(double[] x, double[] h, double[] c, double[] update)
    {
        int n = hiddenSize;
        Normal input = Normalize(Product("weight_ih", x)), recurrent = Normalize(Product("weight_hh", h));
        double[] z = new double[4 * n], newC = new double[n], newH = new double[n], shown = new double[n];
        for (int j = 0; j < 4 * n; j++)
        {
            z[j] = (Weight("norm_ih_weight", j) * input.Values[j]) + (Weight("norm_hh_weight", j) * recurrent.Values[j])
                + (Parameters.TryGetValue("bias_ih", out double[]? bias) ? bias[j] : 0);
            z[j] = j / n == 2 ? Math.Tanh(z[j]) : 1 / (1 + Math.Exp(-z[j]));
        }

        for (int j = 0; j < n; j++)
        {
            newC[j] = (z[n + j] * c[j]) + (z[j] * z[(2 * n) + j]);
        }

        Normal cell = Normalize(newC);
        for (int j = 0; j < n; j++)
        {
            shown[j] = Math.Tanh((Weight("norm_c_weight", j) * cell.Values[j]) + (normalizes ? Parameters["norm_c_bias"][j] : 0));
            newH[j] = (update[j] * z[(3 * n) + j] * shown[j]) + ((1 - update[j]) * h[j]);
        }

        return (new Moment(x, h, c, update, input, recurrent, z, cell, shown), newH, newC);
    }

    // Adds to dx and to the gradients; returns the gradients of the step's h and c.
    private (double[] Dh, double[] Dc) StepBackward(
        Moment s, double[] dNewH, double[] dNewC, double[] dx, Dictionary<string, double[]> gradients)
    {
        int n = hiddenSize;
        double[] dz = new double[4 * n], dShown = new double[n], dh = new double[n], dc = new double[n];
        for (int j = 0; j < n; j++)
        {
            double o = s.Gates[(3 * n) + j], dm = dNewH[j] * s.Update[j];
            dh[j] = dNewH[j] * (1 - s.Update[j]);
            dz[(3 * n) + j] = dm * s.Shown[j] * o * (1 - o);
            dShown[j] = dm * o * (1 - (s.Shown[j] * s.Shown[j]));
        }

        double[] dTotal = NormalizeBackward(s.Cell, dShown, "norm_c_weight", gradients);
        for (int j = 0; j < n; j++)
        {
            double i = s.Gates[j], f = s.Gates[n + j], g = s.Gates[(2 * n) + j], total = dTotal[j] + dNewC[j];
            dz[j] = total * g * i * (1 - i);
            dz[n + j] = total * s.C[j] * f * (1 - f);
            dz[(2 * n) + j] = total * i * (1 - (g * g));
            dc[j] = total * f;
        }

        Add(dShown, gradients.GetValueOrDefault("norm_c_bias"));
        Add(dz, gradients.GetValueOrDefault("bias_ih"));
        AddProductBackward("weight_ih", s.X, NormalizeBackward(s.Input, dz, "norm_ih_weight", gradients), dx, gradients);
        AddProductBackward("weight_hh", s.H, NormalizeBackward(s.Recurrent, dz, "norm_hh_weight", gradients), dh, gradients);
        return (dh, dc);
    }

    private Normal Normalize(double[] v)
    {
        if (!normalizes)
        {
            return new Normal(v, 1);
        }

        double mean = v.Average(), scale = 1 / Math.Sqrt(v.Average(value => (value - mean) * (value - mean)) + epsilon);
        return new Normal([.. v.Select(value => (value - mean) * scale)], scale);
    }

    // ∂v̂ⱼ/∂vₖ = (δⱼₖ − 1/n − v̂ⱼ·v̂ₖ/n)·scale
    private double[] NormalizeBackward(Normal normal, double[] dy, string weight, Dictionary<string, double[]> gradients)
    {
        if (!normalizes)
        {
            return dy;
        }

        double[] v = normal.Values, slope = [.. dy.Select((d, j) => d * Weight(weight, j))];
        Add([.. dy.Select((d, j) => d * v[j])], gradients[weight]);
        double mean = slope.Average(), product = slope.Select((d, j) => d * v[j]).Average();
        return [.. slope.Select((d, j) => (d - mean - (v[j] * product)) * normal.Scale)];
    }

    private double Weight(string name, int j) => normalizes ? Parameters[name][j] : 1;

    private double[] Product(string weight, double[] x)
    {
        double[] w = Parameters[weight];
        return [.. Enumerable.Range(0, 4 * hiddenSize)
            .Select(row => x.Select((value, column) => w[(row * x.Length) + column] * value).Sum())];
    }

    private void AddProductBackward(string weight, double[] x, double[] dy, double[] dx, Dictionary<string, double[]> gradients)
    {
        for (int index = 0; index < dy.Length * x.Length; index++)
        {
            (int row, int column) = Math.DivRem(index, x.Length);
            dx[column] += Parameters[weight][index] * dy[row];
            gradients[weight][index] += dy[row] * x[column];
        }
    }

    private static void Add(double[] values, double[]? sum)
    {
        for (int j = 0; sum is not null && j < values.Length; j++)
        {
            sum[j] += values[j];
        }
    }
}
