using System.Numerics;
using Lstm.Kernels.Recurrence;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>What an LSTM layer leaves of a forward pass.</summary>
/// <remarks>
/// The output stands in slots: rows 0 … B − 1 are the initial hidden states in rank order, the rows of the batch follow, so
/// no step is special.
/// </remarks>
// SAFETY: Prepare reserves B + R slots of OutputSize values, of which each direction has hiddenSize; OutputStart skips the B
// initial ones. Columns is asked for after it, and only for directions that there are.
internal sealed unsafe class LstmTape<T>(DirectionLayer<T>[] directions, int hiddenSize) : LayerTape<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private DirectionSegments<T>[] _segments = [];

    public DirectionTape<T>[] Directions { get; } = Array.ConvertAll(directions, direction => direction.CreateTape());

    /// <summary>The directions in segments, each by itself, of a pass that <see cref="IsSegmented"/>.</summary>
    public ReadOnlySpan<DirectionSegments<T>> Segments => _segments;

    /// <summary>Whether the pass at hand is in segments, so that only the output is here.</summary>
    public bool IsSegmented { get; private set; }

    private int OutputSize => directions.Length * hiddenSize;

    /// <summary>A direction's part of the output, by slot.</summary>
    public Slots<T> Columns(int direction) => new(Output.Pointer + (direction * hiddenSize), OutputSize);

    /// <summary>Makes room for the output of a pass over rows of this shape.</summary>
    public void Prepare(SequenceShape shape, bool isSegmented)
    {
        OutputShape = shape;
        OutputStart = (long)shape.Count * OutputSize;
        Output.Reserve(((long)shape.Count + shape.RowCount) * OutputSize);
        IsSegmented = isSegmented;
        if (isSegmented && _segments.Length == 0)
        {
            _segments = Array.ConvertAll(directions, direction => new DirectionSegments<T>(direction, hiddenSize, OutputSize));
        }
    }
}
