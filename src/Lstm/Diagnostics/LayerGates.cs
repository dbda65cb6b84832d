using System.Numerics;
using Lstm.Cells;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Texts;

namespace Lstm.Diagnostics;

/// <summary>The gates and states of one direction of an LSTM layer at each step, in the caller's order of sequences.</summary>
/// <remarks>
/// Each gate and state is a batch: <c>layer.ForgetGate[sequence, step][unit]</c>, <c>GetSequence</c>, <c>ToTensor</c>.
/// </remarks>
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

    /// <summary>
    /// The direction's name: the layer's name with its place in the stack, such as <c>lstm.l0</c> or <c>lstm.l0_reverse</c>.
    /// </summary>
    public string Name { get; }

    /// <summary>The number of units H.</summary>
    public int Units { get; }

    /// <summary>
    /// The gates that the layer has. A gate that the built-in equations leave out has the value 1; one that a custom cell does
    /// not use is NaN.
    /// </summary>
    public LstmGates Gates { get; }

    /// <summary>The input gate i, 0 … 1: the share of the candidate that enters the cell.</summary>
    public SequenceBatch<T> InputGate { get; }

    /// <summary>The forget gate f, 0 … 1: the share of the cell that is kept.</summary>
    public SequenceBatch<T> ForgetGate { get; }

    /// <summary>The candidate g, −1 … 1: the new content for the cell.</summary>
    public SequenceBatch<T> Candidate { get; }

    /// <summary>The output gate o, 0 … 1: the share of the cell that is output.</summary>
    public SequenceBatch<T> OutputGate { get; }

    /// <summary>
    /// The cell state c after each step: H values. A custom cell with several state vectors has H values of each, one vector
    /// after the other.
    /// </summary>
    public SequenceBatch<T> Cell { get; }

    /// <summary>The hidden state h after each step, which is the layer's output: H values, or P with a projection.</summary>
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
