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

    /// <summary>The number of directions of all LSTM layers of a network.</summary>
    public static int Count(Network<T> network) => network.StateSizes.Count;

    /// <summary>The directions of a tape in the order of the states, so that a bidirectional layer has two.</summary>
    public static TapeView<T> Of(Tape<T> tape, int entry)
    {
        for (int i = 0; ; i++)
        {
            if (tape.Network.Layers[i].Find<LstmLayer<T>>() is { } layer && entry < layer.FirstState + layer.StateCount)
            {
                return new TapeView<T>(layer, tape.LayerTapes[i].Find<LstmTape<T>>()!, entry - layer.FirstState);
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

    /// <summary>
    /// Throws unless a tape, which the caller reads, holds what a diagnosis reads: gates before Backward, or their gradients
    /// after it; or, without <paramref name="steps"/>, a pass at all.
    /// </summary>
    public static void Check(Network<T> network, Tape<T> tape, bool backPropagated, bool steps = true)
    {
        ArgumentNullException.ThrowIfNull(tape);
        if (!ReferenceEquals(tape.Network, network))
        {
            throw new ArgumentException(
                "The tape belongs to another network; use a tape that CreateTape of this network returned.", nameof(tape));
        }

        if (tape.State == TapeState.Empty)
        {
            throw new InvalidOperationException("The tape holds no forward pass; call network.Forward(batch, tape) first.");
        }

        if (steps && tape.IsRecomputed)
        {
            throw new InvalidOperationException(
                "The tape recomputes its steps in Backward and does not hold them; set RecomputeEvery to null before the " +
                "forward pass.");
        }

        if (tape.IsBackPropagated != backPropagated)
        {
            throw new InvalidOperationException(backPropagated
                ? "The tape has no gradients yet; call network.Backward(tape, gradient) first."
                : "Backward has overwritten the gates with their gradients; read them between Forward and Backward.");
        }
    }
}
