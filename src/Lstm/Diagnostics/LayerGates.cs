using System.Numerics;
using Lstm.Cells;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Texts;

namespace Lstm.Diagnostics;

/// <summary>The gates and states of one direction of an LSTM layer, in the caller's order of sequences.</summary>
/// <remarks>Each is a batch of its own: <c>layer.ForgetGate[sequence, step][unit]</c>, <c>GetSequence</c>, <c>ToTensor</c>.</remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class LayerGates<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal LayerGates(string name, LstmLayer<T> layer, Use owner)
    {
        (int units, int hiddenSize) = (layer.Spec.HiddenSize, layer.HiddenSize);
        Name = name;
        Units = units;
        Gates = layer.Spec.Cell.Gates;
        CellZoneout = layer.Spec.Regularization.CellZoneout;
        InputGate = new(units, owner);
        ForgetGate = new(units, owner);
        Candidate = new(units, owner);
        OutputGate = new(units, owner);
        Cell = new(layer.StateSize.Cell, owner);
        Hidden = new(hiddenSize, owner);
    }

    /// <summary>The layer's name with its place in the stack and its direction: <c>lstm.l0</c>, <c>lstm.l0_reverse</c>.</summary>
    public string Name { get; }

    /// <summary>H.</summary>
    public int Units { get; }

    /// <summary>The gates that the layer has. A missing one of the built-in equations is 1; of one that a custom cell does not use, all is NaN.</summary>
    public LstmGates Gates { get; }

    /// <summary>i: how much of the candidate enters the cell, 0 … 1.</summary>
    public SequenceBatch<T> InputGate { get; }

    /// <summary>f: how much of the cell stays, 0 … 1.</summary>
    public SequenceBatch<T> ForgetGate { get; }

    /// <summary>g: what might enter the cell, −1 … 1.</summary>
    public SequenceBatch<T> Candidate { get; }

    /// <summary>o: how much of the cell is shown, 0 … 1.</summary>
    public SequenceBatch<T> OutputGate { get; }

    /// <summary>
    /// c after each step: H values, or, of a custom cell that carries several state vectors, H of each, one vector after the other.
    /// </summary>
    public SequenceBatch<T> Cell { get; }

    /// <summary>h after each step, the layer's output: H values, or P with a projection.</summary>
    public SequenceBatch<T> Hidden { get; }

    /// <summary>The part of c that zoneout keeps, in expectation.</summary>
    internal double CellZoneout { get; }

    /// <summary>The layer's name, its units, and the sizes of the pass that was read last.</summary>
    public override string ToString() => $"{Name}: {Counted.Of(Units, "unit")}; {Cell.Shape}";

    internal void Read(TapeView<T> tape)
    {
        SequenceBatch<T>[] gates = [InputGate, ForgetGate, Candidate, OutputGate];
        foreach (SequenceBatch<T> signal in (ReadOnlySpan<SequenceBatch<T>>)[.. gates, Cell, Hidden])
        {
            signal.ReshapeLike(tape.Shape);
        }

        for (int b = 0; b < tape.Shape.Count; b++)
        {
            for (int t = 0; t < tape.Shape.Lengths[b]; t++)
            {
                for (int gate = 0; gate < gates.Length; gate++)
                {
                    tape.CopyGate(gate, b, t, gates[gate][b, t]);
                    if (tape.IsUnused(gate))
                    {
                        gates[gate][b, t].Fill(T.NaN);
                    }
                }

                tape.CopyCell(b, t, Cell[b, t]);
                tape.Hidden(b, t).CopyTo(Hidden[b, t]);
            }
        }
    }
}
