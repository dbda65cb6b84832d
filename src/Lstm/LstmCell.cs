using System.Numerics;
using Lstm.Runtime;
using Lstm.Specs;
using Lstm.Texts;

namespace Lstm;

/// <summary>
/// One step of one LSTM layer, forward and backward, with explicit parameters and states: for custom loops.
/// </summary>
/// <remarks>
/// The equations are those of <see cref="LstmSpec"/>. A loop keeps one <see cref="LstmStep{T}"/> for each time step that it
/// runs backward later:
/// <code>
/// for (int t = 0; t &lt; T; t++) { cell.Forward(x[t], h, c, steps[t]); h = steps[t].Hidden; c = steps[t].Cell; }
/// for (int t = T - 1; t &gt;= 0; t--) { cell.Backward(steps[t], dh, dc, gradient); … }
/// </code>
/// Dropout and zoneout are off, as in inference, unless <see cref="LstmStep{T}.Training"/> of a step is true; the step then names
/// the masks. The parameters are <c>cell.weight_ih_l0</c> [4H, I], <c>cell.weight_hh_l0</c> [4H, H] and
/// the biases [4H] of <see cref="Network"/>, which can be read, written, saved, and stepped by an optimizer like any network's.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class LstmCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Makes a cell with starting values drawn from a seed.</summary>
    /// <param name="inputSize">The number of inputs I, at least 1.</param>
    /// <param name="hiddenSize">The number of units H, at least 1.</param>
    /// <param name="seed">The seed of the starting values.</param>
    /// <exception cref="ArgumentException">A size is under 1.</exception>
    public LstmCell(int inputSize, int hiddenSize, long seed = 0)
        : this(Lstm.Network.Create<T>(inputSize, seed, new LstmSpec(hiddenSize) { Name = "cell" }))
    {
    }

    /// <summary>Makes a cell of a network that consists of one LSTM layer; the parameters stay the network's.</summary>
    /// <param name="network">A network of one forward <see cref="LstmSpec"/> of one layer.</param>
    /// <exception cref="ArgumentException">The network is anything else, or has batch norm.</exception>
    public LstmCell(Network<T> network)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (network.Specs is not [LstmSpec { Layers: 1, Direction: LstmDirection.Forward, Shortcut: LstmShortcut.None }])
        {
            throw new ArgumentException(
                "A cell needs a network of one LSTM layer that reads forward, without a shortcut: new LstmSpec(H).",
                nameof(network));
        }

        if (network.HasStatistics)
        {
            throw new ArgumentException(
                "A cell cannot have batch norm, whose statistics are measured over whole passes. Use a spec without " +
                "Normalization.",
                nameof(network));
        }

        Network = network;
        (HiddenSize, CellSize) = network.StateSizes[0];
    }

    /// <summary>The network that owns the parameters.</summary>
    public Network<T> Network { get; }

    /// <summary>The number of inputs I.</summary>
    public int InputSize => Network.InputSize;

    /// <summary>The number of values of the hidden state: H, or <see cref="StateSize.Hidden"/> of a variant.</summary>
    public int HiddenSize { get; }

    /// <summary>
    /// The number of values of the cell state: H, or H for each state vector of a custom cell that carries several.
    /// </summary>
    public int CellSize { get; }

    /// <summary>Makes the record of one step.</summary>
    /// <param name="count">The number of rows B that a step processes, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 1, or more than a record can hold.</exception>
    public LstmStep<T> CreateStep(int count = 1) => new(Network, count);

    /// <summary>Makes a gradient, all zero.</summary>
    public Gradient<T> CreateGradient() => Network.CreateGradient();

    /// <summary>Runs one step forward; the new states are in <paramref name="step"/>.</summary>
    /// <param name="x">[B, I].</param>
    /// <param name="hidden">h of the previous step, [B, <see cref="HiddenSize"/>].</param>
    /// <param name="cell">c of the previous step, [B, <see cref="CellSize"/>].</param>
    /// <param name="step">The record of this step; nothing given is kept by reference.</param>
    /// <exception cref="ArgumentException">A length does not fit, or the record is another network's.</exception>
    /// <exception cref="InvalidOperationException">The record is in use.</exception>
    public void Forward(ReadOnlySpan<T> x, ReadOnlySpan<T> hidden, ReadOnlySpan<T> cell, LstmStep<T> step)
    {
        CheckStep(step);
        CheckLength(x.Length, step.Count, InputSize, nameof(x));
        CheckLength(hidden.Length, step.Count, HiddenSize, nameof(hidden));
        CheckLength(cell.Length, step.Count, CellSize, nameof(cell));
        using Use.Taking taken = step.Take();
        step.PrepareDropout();
        x.CopyTo(step.Batch.Rows);
        hidden.CopyTo(step.State.Hidden(0));
        cell.CopyTo(step.State.Cell(0));
        Network.TapePasses.ForwardTaken(step.Batch, step.State, step.Tape);
    }

    /// <summary>
    /// Runs one step backward: adds into <paramref name="gradient"/> and sets the step's gradients of x and of the previous
    /// states.
    /// </summary>
    /// <param name="step">The record of a forward step that has not been run backward yet.</param>
    /// <param name="hiddenGradient">
    /// ∂/∂h of this step's new h, summed over everything that depends on it, [B, <see cref="HiddenSize"/>].
    /// </param>
    /// <param name="cellGradient">∂/∂c of this step's new c, from the later steps, [B, <see cref="CellSize"/>].</param>
    /// <param name="gradient">A gradient of this cell.</param>
    /// <exception cref="ArgumentException">A length does not fit, or the record or gradient is another network's.</exception>
    /// <exception cref="InvalidOperationException">
    /// There was no such forward step, the parameters have changed since, or the record or the gradient is in use.
    /// </exception>
    public void Backward(LstmStep<T> step, ReadOnlySpan<T> hiddenGradient, ReadOnlySpan<T> cellGradient, Gradient<T> gradient)
    {
        CheckStep(step);
        CheckLength(hiddenGradient.Length, step.Count, HiddenSize, nameof(hiddenGradient));
        CheckLength(cellGradient.Length, step.Count, CellSize, nameof(cellGradient));
        ArgumentNullException.ThrowIfNull(gradient);
        Network.Checks.CheckGradient(gradient);
        using Use.Taking taken = step.Take();
        using Use.Taking adding = Gradient<T>.Take(gradient);
        cellGradient.CopyTo(step.FinalGradient.Cell(0));
        hiddenGradient.CopyTo(step.FinalGradient.Hidden(0));

        // Nobody writes the output's gradient: it is zero.
        Network.TapePasses.BackwardTaken(step.Tape, gradient);
    }

    private void CheckStep(LstmStep<T> step)
    {
        ArgumentNullException.ThrowIfNull(step);
        if (!ReferenceEquals(step.Tape.Network, Network))
        {
            throw new ArgumentException(
                "The record was made by the cell of another network. Use one that CreateStep of this cell has made.",
                nameof(step));
        }
    }

    /// <summary>The sizes of the input, of the hidden state and of the cell state.</summary>
    public override string ToString() => $"{TypeName.Of(this)}: input {InputSize}, hidden {HiddenSize}, cell {CellSize}";

    private static void CheckLength(int length, int count, int size, string argument)
    {
        if (length != (long)count * size)
        {
            throw new ArgumentException(
                $"There are {length} values in '{argument}'; {count} rows of {size} values need {(long)count * size}.", argument);
        }
    }
}
