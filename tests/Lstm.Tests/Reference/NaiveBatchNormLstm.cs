using Lstm.Specs;

namespace Lstm.Tests.Reference;

/// <summary>One direction of an LSTM layer with recurrent batch normalisation, forward, in plain loops over double.</summary>
internal sealed class NaiveBatchNormLstm
{
    private readonly Network<double> _network;
    private readonly LstmSpec _spec;
    private readonly int _units;
    private readonly bool _reverse;

    public NaiveBatchNormLstm(Network<double> network)
    {
        _network = network;
        _spec = (LstmSpec)network.Specs[0];
        _units = _spec.HiddenSize;
        _reverse = _spec.Direction == LstmDirection.Reverse;
    }

    /// <summary>Output [L, H] of each sequence.</summary>
    public double[][] Output { get; private set; } = [];

    /// <summary>
    /// Of each step of the walk that has two rows or more: its number, its rows, means and biased variances of W_ih x, W_hh h and
    /// c.
    /// </summary>
    public List<(int Step, int Rows, double[][] Means, double[][] Variances)> Measured { get; } = [];

    public void Forward(IReadOnlyList<double[]> sequences, bool training)
    {
        int inputs = _network.InputSize, steps = sequences.Max(x => x.Length / inputs);
        double[][] h = [.. sequences.Select(_ => new double[_units])], c = [.. sequences.Select(_ => new double[_units])];
        Output = [.. sequences.Select(x => new double[x.Length / inputs * _units])];
        double[] inputScale = Read("norm_ih_weight"), hiddenScale = Read("norm_hh_weight"), cellScale = Read("norm_c_weight"),
            shift = Read("norm_c_bias");
        double[] bias = Read("bias_ih");
        for (int s = 0; s < steps; s++)
        {
            int t = _reverse ? steps - 1 - s : s;
            int[] live = [.. Enumerable.Range(0, sequences.Count).Where(b => t < sequences[b].Length / inputs)];
            int[] own =
                [.. live.Select(
                    b => Math.Min(
                    ((BatchNormalization)_spec.Normalization!).Steps - 1, _reverse ? s - steps + (sequences[b].Length / inputs)
                    : s))];
            double[][] x = [.. live.Select(b => Multiply("weight_ih", sequences[b][(t * inputs)..((t + 1) * inputs)]))];
            double[][] r = [.. live.Select(b => Multiply("weight_hh", h[b]))];
            bool measures = training && live.Length > 1;
            var statistics = (Means: new double[3][], Variances: new double[3][]);
            double[][] xNormal = Normalize(x, own, 0, "ih", measures, statistics.Means, statistics.Variances);
            double[][] rNormal = Normalize(r, own, 1, "hh", measures, statistics.Means, statistics.Variances);
            double[][] gates = new double[live.Length][];
            for (int row = 0; row < live.Length; row++)
            {
                double[] z = gates[row] = new double[4 * _units];
                for (int k = 0; k < z.Length; k++)
                {
                    double value = (inputScale[k] * xNormal[row][k]) + (hiddenScale[k] * rNormal[row][k]) + bias[k];
                    z[k] = k / _units == 2 ? Math.Tanh(value) : 1 / (1 + Math.Exp(-value));
                }

                for (int u = 0; u < _units; u++)
                {
                    c[live[row]][u] = (z[_units + u] * c[live[row]][u]) + (z[u] * z[(2 * _units) + u]);
                }
            }

            double[][] cNormal =
                Normalize([.. live.Select(b => c[b])], own, 2, "c", measures, statistics.Means, statistics.Variances);
            for (int row = 0; row < live.Length; row++)
            {
                for (int u = 0; u < _units; u++)
                {
                    h[live[row]][u] = gates[row][(3 * _units) + u] * Math.Tanh((cellScale[u] * cNormal[row][u]) + shift[u]);
                }

                h[live[row]].CopyTo(Output[live[row]], t * _units);
            }

            if (measures)
            {
                Measured.Add((s, live.Length, statistics.Means, statistics.Variances));
            }
        }
    }

    public double[] Read(string name)
    {
        System.Numerics.Tensors.Tensor<double> tensor = _network.ReadParameter($"lstm.{name}_l0");
        double[] values = new double[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }

    private double[] Multiply(string name, double[] x)
    {
        double[] w = Read(name);
        return [.. Enumerable.Range(0, 4 * _units)
            .Select(k => Enumerable.Range(0, x.Length).Sum(i => w[(k * x.Length) + i] * x[i]))];
    }

    private double[][] Normalize(
        double[][] rows, int[] own, int kind, string name, bool measures, double[][] means, double[][] variances)
    {
        int columns = rows[0].Length;
        double[] mean = [.. Enumerable.Range(0, columns).Select(k => rows.Average(row => row[k]))];
        double[] variance =
            [.. Enumerable.Range(0, columns).Select(k => rows.Average(row => (row[k] - mean[k]) * (row[k] - mean[k])))];
        (means[kind], variances[kind]) = (mean, variance);
        double[] runningMean = Read($"norm_{name}_mean"), runningVariance = Read($"norm_{name}_var");
        return [.. rows.Select((row, r) => row.Select((value, k) => measures
            ? (value - mean[k]) / Math.Sqrt(variance[k] + _spec.Normalization!.Epsilon)
            : (value - runningMean[(own[r] * columns) + k]) / Math.Sqrt(
                runningVariance[(own[r] * columns) + k] + _spec.Normalization!.Epsilon)).ToArray())];
    }
}
