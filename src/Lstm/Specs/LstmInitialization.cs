namespace Lstm.Specs;

/// <summary>The initial values of the weights and biases of an LSTM layer.</summary>
public enum LstmInitialization
{
    /// <summary>
    /// Input weights Glorot uniform and recurrent weights orthogonal [H, H], for each gate; biases 0, forget bias 1. The default.
    /// </summary>
    GlorotOrthogonal,

    /// <summary>
    /// As in Keras: input weights Glorot uniform [I, 4H] and recurrent weights orthogonal [H, 4H], for all gates at once; forget
    /// bias 1.
    /// </summary>
    Keras,

    /// <summary>As in PyTorch: all weights and biases uniform in ±1/√H.</summary>
    PyTorchUniform,
}
