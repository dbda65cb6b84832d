namespace Lstm.Formats.Foreign.Modules;

/// <summary>What a module is, by the names and shapes of its tensors.</summary>
internal enum ModuleKind
{
    /// <summary>No layer computes it.</summary>
    Unknown,

    /// <summary>nn.LSTM or nn.LSTMCell.</summary>
    Lstm,

    /// <summary>nn.Linear.</summary>
    Linear,

    /// <summary>A matrix alone: nn.Embedding, or nn.Linear without a bias.</summary>
    Matrix,

    /// <summary>nn.LayerNorm.</summary>
    LayerNorm,
}
