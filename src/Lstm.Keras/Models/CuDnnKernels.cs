namespace Lstm.Keras.Models;

/// <summary>The kernels of CuDNNLSTM as those of LSTM.</summary>
/// <remarks>
/// A CuDNNLSTM has its kernels in the shapes of an LSTM, gate by gate, but each gate's values are in cuDNN's order: those of the
/// input are a matrix of units by inputs, row by row, and those of the hidden state are transposed.
/// </remarks>
internal static class CuDnnKernels
{
    private const int Gates = 4;

    // kernel [I, 4U], each gate [U, I] row by row -> [I, 4U].
    public static T[] Input<T>(T[] kernel, int units)
    {
        int width = Gates * units, inputs = kernel.Length / width;
        T[] result = new T[kernel.Length];
        for (int gate = 0; gate < Gates; gate++)
        {
            for (int unit = 0; unit < units; unit++)
            {
                for (int input = 0; input < inputs; input++)
                {
                    int place = (unit * inputs) + input;
                    result[(input * width) + (gate * units) + unit] =
                        kernel[(place / units * width) + (gate * units) + (place % units)];
                }
            }
        }

        return result;
    }

    // kernel [U, 4U], each gate transposed -> [U, 4U].
    public static T[] Recurrent<T>(T[] kernel, int units)
    {
        int width = Gates * units;
        T[] result = new T[kernel.Length];
        for (int gate = 0; gate < Gates; gate++)
        {
            for (int from = 0; from < units; from++)
            {
                for (int to = 0; to < units; to++)
                {
                    result[(from * width) + (gate * units) + to] = kernel[(to * width) + (gate * units) + from];
                }
            }
        }

        return result;
    }
}
