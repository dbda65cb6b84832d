using Lstm.Keras.Files;

namespace Lstm.Keras.Models;

/// <summary>A layer of our network, and the layer of Keras that it stands for.</summary>
/// <param name="Spec">Our layer.</param>
/// <param name="Source">Keras's.</param>
internal sealed record PlannedLayer(LayerSpec Spec, KerasLayer Source)
{
    /// <summary>The weights; none for layers without.</summary>
    public IReadOnlyList<WeightTensor> Tensors { get; init; } = [];

    /// <summary>Where the values are that the weights are for.</summary>
    public View? Input { get; init; }

    /// <summary>How many values come in altogether.</summary>
    public int Width { get; init; }

    /// <summary>Whether an LSTM's kernels are those of cuDNN.</summary>
    public bool IsCuDnn { get; init; }

    /// <summary>The layer's number in a stack of LSTM layers.</summary>
    public int StackLayer { get; init; }

    /// <summary>Whether there are a scale and an offset of a layer normalisation.</summary>
    public (bool Scale, bool Center) Norm { get; init; }
}
