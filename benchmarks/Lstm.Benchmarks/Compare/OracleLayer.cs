namespace Lstm.Benchmarks.Compare;

/// <summary>One LSTM layer in double.</summary>
/// <remarks>
/// z = x·W_ihᵀ + h₋₁·W_hhᵀ + b; i, f, o = σ(z), g = tanh(z); c = f⊙c₋₁ + i⊙g; h = o⊙tanh(c). The weights are PyTorch's:
/// [4H, I], [4H, H], [4H], gates i f g o.
/// </remarks>
internal sealed class OracleLayer(int inputs, int units, double[] weightIh, double[] weightHh, double[] bias)
{
    private double[] _x = [];
    private double[] _gates = [];
    private double[] _cells = [];
    private double[] _hidden = [];
    private int _steps;
    private int _count;

    public double[] WeightIhGradient { get; private set; } = [];

    public double[] WeightHhGradient { get; private set; } = [];

    public double[] BiasGradient { get; private set; } = [];

    private int Gates => 4 * units;

    // x [T, B, I] → h [T, B, H].
    public double[] Forward(double[] x, int steps, int count)
    {
        (_x, _steps, _count) = (x, steps, count);
        int rows = steps * count;
        _gates = new double[rows * Gates];
        _cells = new double[rows * units];
        _hidden = new double[rows * units];
        for (int row = 0; row < rows; row++)
        {
            bias.CopyTo(_gates, row * Gates);
        }

        OracleProduct.Add(_gates, 0, x, 0, OracleProduct.Transpose(weightIh, Gates, inputs), rows, inputs, Gates);
        double[] recurrent = OracleProduct.Transpose(weightHh, Gates, units);
        for (int t = 0; t < steps; t++)
        {
            if (t > 0)
            {
                OracleProduct.Add(_gates, t * count * Gates, _hidden, (t - 1) * count * units, recurrent, count, units, Gates);
            }

            for (int row = t * count; row < (t + 1) * count; row++)
            {
                ForwardCells(row);
            }
        }

        return _hidden;
    }

    // dy [T, B, H] → dx [T, B, I]; sets the gradients of the weights.
    public double[] Backward(double[] dy)
    {
        int rows = _steps * _count;
        double[] dh = new double[_count * units];
        double[] dc = new double[_count * units];
        for (int t = _steps - 1; t >= 0; t--)
        {
            for (int b = 0; b < _count; b++)
            {
                BackwardCells((t * _count) + b, dy, dh.AsSpan(b * units, units), dc.AsSpan(b * units, units));
            }

            Array.Clear(dh);
            OracleProduct.Add(dh, 0, _gates, t * _count * Gates, weightHh, _count, Gates, units);
        }

        double[] dx = new double[rows * inputs];
        OracleProduct.Add(dx, 0, _gates, 0, weightIh, rows, Gates, inputs);
        double[] dzTransposed = OracleProduct.Transpose(_gates, rows, Gates);
        WeightIhGradient = new double[Gates * inputs];
        OracleProduct.Add(WeightIhGradient, 0, dzTransposed, 0, _x, Gates, rows, inputs);

        // h₋₁ of the first step is zero.
        double[] previous = new double[rows * units];
        Array.Copy(_hidden, 0, previous, _count * units, (rows - _count) * units);
        WeightHhGradient = new double[Gates * units];
        OracleProduct.Add(WeightHhGradient, 0, dzTransposed, 0, previous, Gates, rows, units);
        BiasGradient = new double[Gates];
        for (int k = 0; k < _gates.Length; k++)
        {
            BiasGradient[k % Gates] += _gates[k];
        }

        return dx;
    }

    private void ForwardCells(int row)
    {
        Span<double> z = _gates.AsSpan(row * Gates, Gates);
        for (int u = 0; u < units; u++)
        {
            double i = z[u] = Sigmoid(z[u]);
            double f = z[units + u] = Sigmoid(z[units + u]);
            double g = z[(2 * units) + u] = Math.Tanh(z[(2 * units) + u]);
            double o = z[(3 * units) + u] = Sigmoid(z[(3 * units) + u]);
            double c = (f * PreviousCell(row, u)) + (i * g);
            _cells[(row * units) + u] = c;
            _hidden[(row * units) + u] = o * Math.Tanh(c);
        }
    }

    // The gates become dz; dh is what the next step sent back, dc in: from the next step, out: for the previous one.
    private void BackwardCells(int row, double[] dy, Span<double> dh, Span<double> dc)
    {
        Span<double> z = _gates.AsSpan(row * Gates, Gates);
        for (int u = 0; u < units; u++)
        {
            (double i, double f, double g, double o) = (z[u], z[units + u], z[(2 * units) + u], z[(3 * units) + u]);
            double tanhC = Math.Tanh(_cells[(row * units) + u]);
            double dhAll = dh[u] + dy[(row * units) + u];
            double dcAll = dc[u] + (dhAll * o * (1 - (tanhC * tanhC)));
            z[u] = dcAll * g * i * (1 - i);
            z[units + u] = dcAll * PreviousCell(row, u) * f * (1 - f);
            z[(2 * units) + u] = dcAll * i * (1 - (g * g));
            z[(3 * units) + u] = dhAll * tanhC * o * (1 - o);
            dc[u] = dcAll * f;
        }
    }

    private double PreviousCell(int row, int unit) => row < _count ? 0 : _cells[((row - _count) * units) + unit];

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
