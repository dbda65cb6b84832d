using System.Numerics;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>What one layer leaves of a forward pass: its output, and in a derived class what its backward pass needs.</summary>
internal class LayerTape<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The buffer that holds the output.</summary>
    public AlignedBuffer<T> Output { get; protected set; } = new();

    /// <summary>First element of the output in its buffer.</summary>
    public long OutputStart { get; protected set; }

    /// <summary>The output's shape: the input's, or one row per sequence after a pooling.</summary>
    public SequenceShape OutputShape { get; protected set; } = new();

    /// <summary>The tapes of the layers inside, as in <see cref="Layer{T}.Inner"/>.</summary>
    public virtual ReadOnlySpan<LayerTape<T>> Inner => [];

    /// <summary>The tape of a type that this tape is or has inside; null if there is none.</summary>
    public TTape? Find<TTape>()
        where TTape : LayerTape<T>
    {
        TTape? found = this as TTape;
        foreach (LayerTape<T> inner in Inner)
        {
            found ??= inner.Find<TTape>();
        }

        return found;
    }

    /// <summary>Makes room for an output of the input's shape.</summary>
    public void Prepare(SequenceShape shape, int features)
    {
        OutputShape = shape;
        Output.Reserve((long)shape.RowCount * features);
    }

    // SAFETY: Prepare, or that of a derived tape, has set the shape and reserved OutputSize values for each of its rows, from
    // OutputStart on; callers pass that size. A LossTape has no output, and nobody reads its rows.
    public unsafe Rows<T> OutputRows(int features) => new(Output.Pointer + OutputStart, features, OutputShape);
}
