using System.Numerics;
using Lstm.Cells;
using Lstm.Layers;
using Lstm.Sequences;

namespace Lstm.Diagnostics;

/// <summary>One recurrent direction on a tape: where the values of a sequence's step lie.</summary>
internal readonly struct TapeView<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly LstmLayer<T> _layer;
    private readonly LstmTape<T> _tape;
    private readonly int _direction;

    private TapeView(LstmLayer<T> layer, LstmTape<T> tape, int direction)
        => (_layer, _tape, _direction) = (layer, tape, direction);

    /// <summary>A direction by the index of its state; a bidirectional layer has two.</summary>
    /// <param name="layers">The network's layers.</param>
    /// <param name="tapes">Each layer's part of the tape.</param>
    /// <param name="entry">The index in a <see cref="NetworkState{T}"/>.</param>
    public static TapeView<T> Of(IReadOnlyList<Layer<T>> layers, LayerTape<T>[] tapes, int entry)
    {
        for (int i = 0; ; i++)
        {
            if (layers[i].Find<LstmLayer<T>>() is { } layer && entry < layer.FirstState + layer.StateCount)
            {
                return new TapeView<T>(layer, tapes[i].Find<LstmTape<T>>()!, entry - layer.FirstState);
            }
        }
    }

    public string Name => _layer.Directions[_direction].Name;

    public bool IsReverse => Direction.Plan.Reverse;

    public int Units => _layer.Spec.HiddenSize;

    /// <summary>Values of the cell state: H of each of its vectors.</summary>
    public int CellSize => _layer.StateSize.Cell;

    /// <summary>Values of h: H, or P with a projection.</summary>
    public int HiddenSize => _layer.HiddenSize;

    public SequenceShape Shape => _tape.OutputShape;

    private DirectionTape<T> Direction => _tape.Directions[_direction];

    /// <summary>Gate 0 … 3 (i f g o) of a step; its gradient dz once it has been back-propagated.</summary>
    public void CopyGate(int gate, int sequence, int step, Span<T> destination)
        => Direction.CopyGate(gate, Shape.Row(sequence, step), destination);

    /// <summary>Whether a custom cell does not use a gate: what it leaves in its place may be anything.</summary>
    public bool IsUnused(int gate) => _layer.Spec.CustomCell is { } cell && !cell.Code.Gates.HasFlag((LstmGates)(1 << gate));

    /// <summary>c after a step, followed by the other state vectors of a custom cell.</summary>
    public void CopyCell(int sequence, int step, Span<T> destination)
        => Direction.CopyCell(Shape.Count + Shape.Row(sequence, step), destination);

    /// <summary>h after a step.</summary>
    public ReadOnlySpan<T> Hidden(int sequence, int step)
        => Direction.HiddenAfter(Shape.Row(sequence, step));
}
