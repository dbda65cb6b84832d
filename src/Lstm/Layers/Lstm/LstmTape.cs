using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>What an LSTM layer leaves of a forward pass.</summary>
/// <remarks>
/// The output stands in slots: rows 0 … B − 1 are the initial hidden states in rank order, the rows of the batch follow, so
/// no step is special. A pass that keeps nothing for a backward pass holds the gates of one stretch of steps and one
/// cell state per sequence.
/// </remarks>
internal sealed unsafe class LstmTape<T> : LayerTape<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int _size;

    /// <summary>Makes the tape of a layer.</summary>
    /// <param name="reverse">For each direction, whether it reads in reverse.</param>
    /// <param name="gates">The layout of the 4H gates.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="spec">The layer's spec.</param>
    /// <param name="rowsPerStretch">How many rows' pre-activations are computed at a time.</param>
    public LstmTape(bool[] reverse, PanelLayout gates, int inputSize, LstmSpec spec, int rowsPerStretch)
    {
        _size = spec.ProjectionSize ?? spec.HiddenSize;
        Directions = [.. reverse.Select(r => new DirectionTape<T>(r, gates, inputSize, spec, rowsPerStretch))];
    }

    /// <summary>The tape of the LSTM layer whose tape this is, or that has it inside; null if there is none.</summary>
    public static LstmTape<T>? In(LayerTape<T> tape)
    {
        LstmTape<T>? found = tape as LstmTape<T>;
        foreach (LayerTape<T> inner in tape.Inner)
        {
            found ??= In(inner);
        }

        return found;
    }

    public DirectionTape<T>[] Directions { get; }

    /// <summary>Its directions in segments, each by itself; null before the first such pass.</summary>
    public SegmentedPass<T>[]? Segments { get; set; }

    /// <summary>Whether the pass at hand is in segments, so that only the output is here.</summary>
    public bool IsSegmented { get; private set; }

    private int OutputSize => Directions.Length * _size;

    /// <summary>Makes room for a pass over rows of this shape.</summary>
    public void Prepare(in Pass<T> pass, SequenceShape shape)
    {
        PrepareOutput(shape);
        IsSegmented = false;
        foreach (DirectionTape<T> direction in Directions)
        {
            direction.Prepare(pass.Keeps, shape, pass.Segment.Later);
        }
    }

    /// <summary>Makes room for the output of a pass that is in segments.</summary>
    public void PrepareSegmented(SequenceShape shape)
    {
        PrepareOutput(shape);
        IsSegmented = true;
    }

    /// <summary>The slot of a sequence's state after its last step, the sequence given by the caller's index.</summary>
    public int FinalSlot(int d, int sequence)
    {
        int rank = OutputShape.CallerToRank[sequence];
        int length = OutputShape.Lengths[sequence];
        return length == 0 ? rank : OutputShape.Count + rank + OutputShape.Offset(Directions[d].Plan.Reverse ? 0 : length - 1);
    }

    private void PrepareOutput(SequenceShape shape)
    {
        OutputShape = shape;
        OutputStart = (long)shape.Count * OutputSize;
        Output.Reserve(((long)shape.Count + shape.RowCount) * OutputSize);
    }
}
