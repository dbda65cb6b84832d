using MathNet.Numerics.LinearAlgebra;

namespace Lstm.Benchmarks.EndToEnd;

/// <summary>An LSTM's forward pass as one would write it with MathNet's matrices: units down, sequences across.</summary>
internal sealed class MathNetLstm
{
    private readonly int _units;
    private readonly Matrix<float> _weightIh;
    private readonly Matrix<float> _weightHh;
    private readonly Matrix<float> _bias;

    // Weights in PyTorch's layout, [4H, I], [4H, H], [4H].
    public MathNetLstm(int inputs, int units, int sequences, float[] weightIh, float[] weightHh, float[] bias)
    {
        _units = units;
        _weightIh = Matrix<float>.Build.DenseOfRowMajor(4 * units, inputs, weightIh);
        _weightHh = Matrix<float>.Build.DenseOfRowMajor(4 * units, units, weightHh);
        _bias = Matrix<float>.Build.Dense(4 * units, sequences, (row, _) => bias[row]);
    }

    // x: for each step [I, B] → for each step h [H, B].
    public Matrix<float>[] Forward(Matrix<float>[] x)
    {
        Matrix<float> h = Matrix<float>.Build.Dense(_units, _bias.ColumnCount);
        Matrix<float> c = h;
        Matrix<float>[] output = new Matrix<float>[x.Length];
        for (int t = 0; t < x.Length; t++)
        {
            Matrix<float> z = (_weightIh * x[t]) + (_weightHh * h) + _bias;
            Matrix<float> i = Gate(z, 0).Map(Sigmoid);
            Matrix<float> f = Gate(z, 1).Map(Sigmoid);
            Matrix<float> g = Gate(z, 2).PointwiseTanh();
            Matrix<float> o = Gate(z, 3).Map(Sigmoid);
            c = f.PointwiseMultiply(c) + i.PointwiseMultiply(g);
            h = o.PointwiseMultiply(c.PointwiseTanh());
            output[t] = h;
        }

        return output;
    }

    private Matrix<float> Gate(Matrix<float> z, int gate) => z.SubMatrix(gate * _units, _units, 0, z.ColumnCount);

    private static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));
}
