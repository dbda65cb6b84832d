namespace Lstm.Specs;

/// <summary>How an LSTM layer's weights start.</summary>
public enum LstmInitialization
{
    /// <summary>Gate by gate: input weights Glorot uniform, recurrent weights orthogonal [H, H], biases 0, forget bias 1.</summary>
    GlorotOrthogonal,

    /// <summary>Keras's: the same, but drawn for the four gates as one matrix ([I, 4H] and [H, 4H]).</summary>
    Keras,

    /// <summary>PyTorch's: every weight and bias uniform in ±1/√H.</summary>
    PyTorchUniform,
}
