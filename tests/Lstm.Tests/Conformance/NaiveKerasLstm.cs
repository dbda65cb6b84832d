namespace Lstm.Tests.Conformance;

/// <summary>Keras's LSTM in the fewest lines, on padded rows with a mask, as its NumPy backend walks them.</summary>
/// <param name="Kernel">[I, 4H], gates i f c o.</param>
/// <param name="Recurrent">[H, 4H].</param>
/// <param name="Bias">[4H].</param>
/// <param name="Activation">Of the candidate and of c.</param>
/// <param name="Gate">The recurrent activation.</param>
internal sealed record NaiveKerasLstm(
    double[][] Kernel, double[][] Recurrent, double[] Bias, Func<double, double> Activation, Func<double, double> Gate)
{
    /// <summary>One sequence: the answers in the order of reading, and the state after the last step.</summary>
    public (double[][] Answers, double[] H, double[] C) Run(
        double[][] x, bool[] valid, double[] h, double[] c, bool backwards, bool unroll, bool zero)
    {
        List<double[]> answers = [];
        for (int read = 0; read < x.Length; read++)
        {
            int t = backwards ? x.Length - 1 - read : read;
            (double[] nextH, double[] nextC) = Step(x[t], h, c);
            double[] previous = unroll ? (answers.Count == 0 ? new double[h.Length] : answers[^1]) : zero
                ? new double[h.Length] : h;
            answers.Add(valid[t] ? nextH : previous);
            (h, c) = valid[t] ? (nextH, nextC) : (h, c);
        }

        return ([.. answers], h, c);
    }

    private (double[] H, double[] C) Step(double[] x, double[] h, double[] c)
    {
        int size = h.Length;
        double[] z = [.. Bias.Select((b, column) => b + Dot(x, Kernel, column) + Dot(h, Recurrent, column))];
        double[] nextC =
            [.. Enumerable.Range(0, size).Select(u => (Gate(z[size + u]) * c[u]) + (Gate(z[u]) * Activation(z[(2 * size) + u])))];
        return ([.. Enumerable.Range(0, size).Select(u => Gate(z[(3 * size) + u]) * Activation(nextC[u]))], nextC);
    }

    private static double Dot(double[] row, double[][] matrix, int column)
        => row.Select((value, k) => value * matrix[k][column]).Sum();
}
