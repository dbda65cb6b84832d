namespace Lstm.Onnx.Graphs;

/// <summary>A layer of the network to be, with its place in the chain.</summary>
internal abstract class LayerNode(LayerNode? parent, string source)
{
    /// <summary>The layer before; null for the graph's input.</summary>
    public LayerNode? Parent => parent;

    /// <summary>The number of layers before.</summary>
    public int Depth { get; } = parent is null ? 0 : parent.Depth + 1;

    /// <summary>The node of the graph, as messages name it.</summary>
    public string Source => source;

    /// <summary>The feature axes of what it gives, in order.</summary>
    public required Atom[] Features { get; init; }

    public long FeatureCount => Features.Aggregate(1L, (product, atom) => product * (atom.Size ?? 0));
}

/// <summary>An input of the graph.</summary>
internal sealed class InputNode(string name, bool isInteger, Atom[] axes) : LayerNode(null, name)
{
    public string Name => Source;

    /// <summary>Whether its values are integers, or are cast to integers by a layer that selects rows by them.</summary>
    public bool IsInteger { get; set; } = isInteger;

    public Atom[] Axes => axes;
}

/// <summary>The weights of one direction, ONNX's gates i o f c.</summary>
internal sealed class DirectionWeights(OnnxTensor input, OnnxTensor recurrent, OnnxTensor? bias, OnnxTensor? peephole, int index)
{
    public OnnxTensor Input => input;

    public OnnxTensor Recurrent => recurrent;

    public OnnxTensor? Bias => bias;

    public OnnxTensor? Peephole => peephole;

    /// <summary>Which part of the tensors is this direction's.</summary>
    public int Index => index;

    /// <summary>The initial state that all sequences start with, [D, 1, H]; null for zeros or an input.</summary>
    public OnnxTensor? InitialHidden { get; init; }

    public OnnxTensor? InitialCell { get; init; }

    /// <summary>The graph's input that the initial state comes from.</summary>
    public InputPart? HiddenInput { get; init; }

    public InputPart? CellInput { get; init; }
}

/// <summary>An LSTM layer.</summary>
internal sealed class LstmNode(LayerNode parent, string source, LstmSpec spec, DirectionWeights[] directions)
    : LayerNode(parent, source)
{
    public LstmSpec Spec => spec;

    public DirectionWeights[] Directions => directions;

    /// <summary>Whether the lengths of the sequences were given to it.</summary>
    public string? Lengths { get; init; }

    public LstmNode With(LayerNode newParent, LstmSpec newSpec, DirectionWeights[] newDirections, Atom[] features)
        => new(newParent, Source, newSpec, newDirections) { Features = features, Lengths = Lengths };
}

/// <summary>y = φ(W x + b).</summary>
/// <param name="parent">The layer before.</param>
/// <param name="source">The node of the graph.</param>
/// <param name="weight">W, or Wᵀ.</param>
/// <param name="isTransposed">Whether it is Wᵀ, [inputs, outputs].</param>
internal sealed class DenseNode(LayerNode parent, string source, OnnxTensor weight, bool isTransposed) : LayerNode(parent, source)
{
    public OnnxTensor Weight => weight;

    public bool IsTransposed => isTransposed;

    public OnnxTensor? Bias { get; init; }

    /// <summary>Factors of W and of b.</summary>
    public double WeightFactor { get; init; } = 1;

    public double BiasFactor { get; init; } = 1;

    public Activation Activation { get; init; } = Activation.None;

    public DenseNode With(OnnxTensor? bias, Activation activation) => new(Parent!, Source, Weight, IsTransposed)
    {
        Features = Features,
        Bias = bias,
        WeightFactor = WeightFactor,
        BiasFactor = BiasFactor,
        Activation = activation,
    };
}

/// <summary>A table of one row per id.</summary>
internal sealed class EmbeddingNode(LayerNode parent, string source, OnnxTensor table) : LayerNode(parent, source)
{
    public OnnxTensor Table => table;
}

/// <summary>Layer normalisation.</summary>
internal sealed class NormNode(LayerNode parent, string source, OnnxTensor? weight, OnnxTensor? bias, double epsilon)
    : LayerNode(parent, source)
{
    public OnnxTensor? Weight => weight;

    public OnnxTensor? Bias => bias;

    public double Epsilon => epsilon;
}

/// <summary>A layer without parameters: pooling, activation, repetition.</summary>
internal sealed class PlainNode(LayerNode parent, string source, LayerSpec spec) : LayerNode(parent, source)
{
    public LayerSpec Spec => spec;
}

/// <summary>A new order of the features.</summary>
internal sealed class PermuteNode(LayerNode parent, string source, int[] order) : LayerNode(parent, source)
{
    /// <summary>Which feature of the input each output is.</summary>
    public int[] Order => order;
}
