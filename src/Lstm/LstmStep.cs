using System.Numerics;
using Lstm.Runtime;
using Lstm.Texts;

namespace Lstm;

/// <summary>
/// The record of one step of an <see cref="LstmCell{T}"/>: the new states, the values that the backward step needs, and the
/// gradients that the backward step computes.
/// </summary>
/// <remarks>
/// One step at a time, forward or backward, uses a record; a second step at the same time throws
/// <see cref="InvalidOperationException"/>.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class LstmStep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal LstmStep(Network<T> network, int count)
    {
        if ((long)count * network.InputSize > AlignedBuffer<T>.MaxLength)
        {
            throw new ArgumentOutOfRangeException(
                nameof(count), count,
                $"{count} rows of {network.InputSize} inputs are {(long)count * network.InputSize} values; one record holds " +
                $"at most {AlignedBuffer<T>.MaxLength}. Divide the rows among several records.");
        }

        State = network.CreateState(count);
        FinalGradient = new NetworkState<T>(network.StateSizes, count);
        Tape = network.CreateTape();
        Tape.FinalStateGradient = FinalGradient;
        Batch = new SequenceBatch<T>(network.InputSize);
        Batch.Reshape(Enumerable.Repeat(1, count).ToArray());
    }

    /// <summary>The number of rows B.</summary>
    public int Count => Batch.Count;

    /// <summary>
    /// Whether Forward draws masks of dropout and zoneout. Default false: dropout and zoneout act as in inference.
    /// </summary>
    public bool Training { get; set; }

    /// <summary>
    /// The seed of the masks, as <see cref="Tape{T}.DropoutSeed"/>; <see cref="DropoutDraw"/> and <see cref="Index"/> are the
    /// rest of their key. Default 0.
    /// </summary>
    public long DropoutSeed { get; set; }

    /// <summary>
    /// The number of the masks: one number for all steps of a sequence, another for the next sequence. Default 0.
    /// </summary>
    public long DropoutDraw { get; set; }

    /// <summary>
    /// The index t of the step in its sequence, for masks that change from step to step. With it and one draw, the steps of a
    /// loop have the masks, and the bits, of a pass over the whole sequence. Default 0.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative.</exception>
    public int Index
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value, nameof(Index));
            field = value;
        }
    }

    /// <summary>The new h, [B, <see cref="LstmCell{T}.HiddenSize"/>].</summary>
    public ReadOnlySpan<T> Hidden => State.Hidden(0);

    /// <summary>The new c, [B, <see cref="LstmCell{T}.CellSize"/>].</summary>
    public ReadOnlySpan<T> Cell => State.Cell(0);

    /// <summary>After Backward: ∂/∂x, [B, I].</summary>
    public ReadOnlySpan<T> InputGradient => Tape.InputGradient.Rows;

    /// <summary>After Backward: ∂/∂h of the previous step, [B, <see cref="LstmCell{T}.HiddenSize"/>].</summary>
    public ReadOnlySpan<T> HiddenGradient => Tape.InitialStateGradient.Hidden(0);

    /// <summary>After Backward: ∂/∂c of the previous step, [B, <see cref="LstmCell{T}.CellSize"/>].</summary>
    public ReadOnlySpan<T> CellGradient => Tape.InitialStateGradient.Cell(0);

    internal SequenceBatch<T> Batch { get; }

    internal NetworkState<T> State { get; }

    internal NetworkState<T> FinalGradient { get; }

    internal Tape<T> Tape { get; }

    /// <summary>The number of rows and the sizes of the states.</summary>
    public override string ToString()
        => $"{TypeName.Of(this)}: {Counted.Of(Count, "row")}, hidden {State.Sizes[0].Hidden}, cell {State.Sizes[0].Cell}";

    /// <summary>Takes the record for a step.</summary>
    /// <exception cref="InvalidOperationException">It is in use.</exception>
    internal Use.Taking Take()
        => Use.Take(
            Tape.Use, "The step record",
            "Each step needs a record of its own while it runs: create one for each thread with cell.CreateStep().");

    /// <summary>Settles the masks of a forward step and its backward step.</summary>
    internal void PrepareDropout()
    {
        (Tape.Training, Tape.DropoutSeed, Tape.DropoutDraw) = (Training, DropoutSeed, DropoutDraw);
        Batch.Shape.StartAt(Index);
    }
}
