namespace Lstm.Benchmarks.Compare;

/// <summary>
/// A stack of LSTM layers in double, straight from the equations and independent of the library: for checking, not for timing.
/// </summary>
internal sealed class Oracle(OracleLayer[] layers)
{
    public IReadOnlyList<OracleLayer> Layers => layers;

    // x [T, B, I] → h [T, B, H] of the last layer.
    public double[] Forward(double[] x, int steps, int count)
    {
        foreach (OracleLayer layer in layers)
        {
            x = layer.Forward(x, steps, count);
        }

        return x;
    }

    // dy [T, B, H] → dx [T, B, I]; the layers keep the gradients of their weights.
    public double[] Backward(double[] dy)
    {
        for (int k = layers.Length - 1; k >= 0; k--)
        {
            dy = layers[k].Backward(dy);
        }

        return dy;
    }
}
