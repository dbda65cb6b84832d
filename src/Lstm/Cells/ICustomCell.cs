using System.Runtime.CompilerServices;
using Lstm.Diagnostics;

namespace Lstm.Cells;

/// <summary>The equations of a user's own LSTM cell: what happens between the matrix products and the new states.</summary>
/// <remarks>
/// <para>A layer computes z = W_ih x + W_hh h + b, four values for each unit. Forward makes gates and the new c of them; Output
/// makes h of c; OutputBackward and Backward take the gradient the same way back. Everything else (matrix products, time,
/// batches, threads, files) is the library's.</para>
/// <para>A cell is a value without references, best a <c>readonly record struct</c>, whose properties are its settings. It is
/// written once, on vectors (<see cref="ILane{TSelf}"/>) of any precision and width, and compiled into the library's kernels: put
/// <c>[MethodImpl(MethodImplOptions.AggressiveInlining)]</c> on its methods and build it with optimisation. A method may depend
/// on nothing but its arguments and the settings, and is called by several threads at once. Give the cell to a layer with
/// <see cref="CustomCell.Of{TCell}"/> and <c>LstmSpec.Cell</c>, and check it with <see cref="GradientCheck"/>.</para>
/// <para>Gates that are not in <see cref="Gates"/> get the gradient 0 whatever Backward leaves in them; what Forward leaves in
/// them comes back in Backward as it does for the others, so they hold values that Backward would have to compute again.</para>
/// </remarks>
/// <typeparam name="TSelf">The cell.</typeparam>
public interface ICustomCell<TSelf>
    where TSelf : unmanaged, ICustomCell<TSelf>
{
    /// <summary>
    /// The gates whose pre-activations it uses. Default all; the rows of the others stay in the parameters, with gradient 0.
    /// </summary>
    static virtual LstmGates Gates => LstmGates.All;

    /// <summary>
    /// Names of weights that each unit has one of: <c>tau</c> is the parameter <c>weight_tau_l{k}</c> [H] of layer k. Default
    /// none. Letters, digits and underscores, the same each time.
    /// </summary>
    static virtual IReadOnlyList<string> WeightNames => [];

    /// <summary>How many values per unit and step Forward keeps for Backward, beside the gates and c. Default 0.</summary>
    static virtual int KeptCount => 0;

    /// <summary>
    /// How many state vectors of H values the cell carries from step to step: 1, the default, for c alone, at most 16. The others
    /// are <see cref="CellUnits{TLane}.States"/>, and start at 0 or at learned values as c does.
    /// </summary>
    static virtual int StateCount => 1;

    /// <summary>What a weight of a unit starts at. Default 0.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="weight">The weight's place among <see cref="WeightNames"/>.</param>
    /// <param name="unit">The unit, 0 … H − 1.</param>
    /// <param name="units">H.</param>
    static virtual double StartOf(in TSelf cell, int weight, int unit, int units) => 0;

    /// <summary>i, f, g and o come as pre-activations and become the gates; returns the new cell state.</summary>
    /// <typeparam name="TLane">The vector.</typeparam>
    /// <param name="i">The input gate.</param>
    /// <param name="f">The forget gate.</param>
    /// <param name="g">The candidate.</param>
    /// <param name="o">The output gate.</param>
    /// <param name="previous">c of the step before.</param>
    /// <param name="units">The units' own weights, kept values and other state vectors.</param>
    TLane Forward<TLane>(ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>;

    /// <summary>
    /// i, f, g and o come as Forward left them and become the gradients of their pre-activations; <paramref name="gradient"/>
    /// comes as ∂/∂c of the new cell state and becomes ∂/∂c of the one before, and so do the gradients of the other state
    /// vectors.
    /// </summary>
    /// <typeparam name="TLane">The vector.</typeparam>
    /// <param name="i">The input gate.</param>
    /// <param name="f">The forget gate.</param>
    /// <param name="g">The candidate.</param>
    /// <param name="o">The output gate.</param>
    /// <param name="previous">c of the step before.</param>
    /// <param name="next">The new cell state, as Forward returned it.</param>
    /// <param name="outputGateGradient">∂/∂o, from OutputBackward.</param>
    /// <param name="gradient">
    /// In: all of ∂/∂c but what a cell adds itself if its Forward uses the new c in a gate. Out: ∂/∂c of the step before.
    /// </param>
    /// <param name="units">The units' own weights, kept values and other state vectors.</param>
    void Backward<TLane>(
        ref TLane i,
        ref TLane f,
        ref TLane g,
        ref TLane o,
        TLane previous,
        TLane next,
        TLane outputGateGradient,
        ref TLane gradient,
        CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>;

    /// <summary>The new hidden state. Default o⊙tanh(c).</summary>
    /// <typeparam name="TLane">The vector.</typeparam>
    /// <param name="cell">The cell.</param>
    /// <param name="o">The output gate.</param>
    /// <param name="c">The new cell state.</param>
    static virtual TLane Output<TLane>(in TSelf cell, TLane o, TLane c)
        where TLane : struct, ILane<TLane> => o * TLane.Tanh(c);

    /// <summary>The new hidden state of a cell that carries several state vectors. Default: that of c alone.</summary>
    /// <typeparam name="TLane">The vector.</typeparam>
    /// <param name="cell">The cell.</param>
    /// <param name="o">The output gate.</param>
    /// <param name="c">The new cell state.</param>
    /// <param name="states">The other new state vectors, to be read.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static virtual TLane Output<TLane>(in TSelf cell, TLane o, TLane c, CellStates<TLane> states)
        where TLane : struct, ILane<TLane> => TSelf.Output(in cell, o, c);

    /// <summary>
    /// The way back of <see cref="Output{TLane}(in TSelf, TLane, TLane)"/>: returns the gradient of c. Replace both or neither.
    /// </summary>
    /// <typeparam name="TLane">The vector.</typeparam>
    /// <param name="cell">The cell.</param>
    /// <param name="o">The output gate.</param>
    /// <param name="c">The new cell state.</param>
    /// <param name="gradient">∂/∂h.</param>
    /// <param name="outputGateGradient">Becomes ∂/∂o.</param>
    static virtual TLane OutputBackward<TLane>(in TSelf cell, TLane o, TLane c, TLane gradient, out TLane outputGateGradient)
        where TLane : struct, ILane<TLane>
    {
        TLane shown = TLane.Tanh(c);
        outputGateGradient = gradient * shown;
        TLane shownGradient = gradient * o;
        return TLane.NegatedMultiplyAdd(shownGradient * shown, shown, shownGradient);
    }

    /// <summary>
    /// The way back of <see cref="Output{TLane}(in TSelf, TLane, TLane, CellStates{TLane})"/>: returns the gradient of c, and
    /// adds h's part to those of the other state vectors. Replace both or neither. Default: that of c alone.
    /// </summary>
    /// <typeparam name="TLane">The vector.</typeparam>
    /// <param name="cell">The cell.</param>
    /// <param name="o">The output gate.</param>
    /// <param name="c">The new cell state.</param>
    /// <param name="gradient">∂/∂h.</param>
    /// <param name="states">The other new state vectors and their gradients.</param>
    /// <param name="outputGateGradient">Becomes ∂/∂o.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static virtual TLane OutputBackward<TLane>(
        in TSelf cell, TLane o, TLane c, TLane gradient, CellStates<TLane> states, out TLane outputGateGradient)
        where TLane : struct, ILane<TLane> => TSelf.OutputBackward(in cell, o, c, gradient, out outputGateGradient);
}
