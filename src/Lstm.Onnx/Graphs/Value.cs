namespace Lstm.Onnx.Graphs;

/// <summary>What is known of a tensor of a graph.</summary>
internal abstract record Value;

/// <summary>A tensor that some operator left without a meaning; the reason is noted already.</summary>
internal sealed record Unknown : Value
{
    public static Unknown Instance { get; } = new();
}

/// <summary>A tensor of the file.</summary>
internal sealed record Constant(OnnxTensor Tensor) : Value;

/// <summary>A tensor of one number, of any shape: initial states of zeros.</summary>
internal sealed record Fill(double Number) : Value;

/// <summary>A constant repeated along axes of size 1: an initial state that all sequences share.</summary>
internal sealed record Repeated(OnnxTensor Tensor) : Value;

/// <summary>Integers that shapes are computed with.</summary>
internal sealed record ShapeVector(Dim[] Dims, bool IsScalar) : Value;

/// <summary>A size once for each sequence: lengths that are all the number of steps.</summary>
internal sealed record RepeatedSize(Dim Size) : Value;

/// <summary>The steps of sequences: what flows from layer to layer.</summary>
/// <param name="Node">The layer that gives it.</param>
/// <param name="Groups">The axes, each a list of atoms.</param>
/// <param name="Direction">Which direction of a bidirectional layer was selected; null for all.</param>
internal sealed record Flow(LayerNode Node, Atom[][] Groups, int? Direction = null) : Value
{
    public int Rank => Groups.Length;
}

/// <summary>Final states of LSTM layers.</summary>
/// <param name="Entries">The directions, in order.</param>
/// <param name="IsCell">Whether it is c, not h.</param>
/// <param name="Groups">The axes.</param>
/// <param name="Axis">The atom of the entries; null if there is one.</param>
internal sealed record FinalState(StateEntry[] Entries, bool IsCell, Atom[][] Groups, Atom? Axis) : Value;

/// <summary>One direction of one LSTM layer.</summary>
internal sealed record StateEntry(LayerNode Node, DirectionWeights Direction);

/// <summary>Some entries of a graph's input: initial states.</summary>
internal sealed record InputPart(InputNode Input, int Axis, int First, int Count) : Value;

/// <summary>|x| + a number, the denominator of softsign.</summary>
internal sealed record Absolute(Flow Source, double Shift) : Value;

/// <summary>A stage of a layer normalisation that is written as single operators.</summary>
internal sealed record NormStage(Flow Source, NormStep Step, double Epsilon = 0, OnnxTensor? Weight = null) : Value;

/// <summary>How far a layer normalisation written as single operators has come.</summary>
internal enum NormStep
{
    Mean,
    Centered,
    Squared,
    Variance,
    Shifted,
    Deviation,
    Reciprocal,
    Normal,
    Scaled,
}
