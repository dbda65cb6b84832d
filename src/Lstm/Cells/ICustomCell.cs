using System.Runtime.CompilerServices;
using Lstm.Diagnostics;

namespace Lstm.Cells;

/// <summary>The equations of a custom LSTM cell, which compute the new states from the results of the matrix products.</summary>
/// <remarks>
/// <para>A layer computes z = W_ih x + W_hh h + b, four values for each unit. Forward computes the gates and the new c from z;
/// Output computes h from c; OutputBackward and Backward propagate the gradient in reverse. The library does everything else
/// (matrix products, time steps, batches, threads and files).</para>
/// <para>A cell is a value type without references, preferably a <c>readonly record struct</c>, whose properties are its
/// settings. The equations are written once, on vectors (<see cref="ILane{TSelf}"/>) of any precision and width, and are compiled
/// into the library's kernels. Put <c>[MethodImpl(MethodImplOptions.AggressiveInlining)]</c> on the methods, and build with
/// optimisation. A method may depend only on its arguments and the settings, and several threads call it at once. Use the cell in
/// a layer with <see cref="CustomCell.Of{TCell}"/> and <c>LstmSpec.Cell</c>, and check it with
/// <see cref="GradientCheck"/>.</para>
/// <para>Gates that are not in <see cref="Gates"/> get the gradient 0, whatever Backward leaves in them. Backward receives the
/// values that Forward leaves in them, as for the other gates, so they can hold values that Backward would otherwise
/// recompute.</para>
/// </remarks>
/// <typeparam name="TSelf">The type of the cell.</typeparam>
public interface ICustomCell<TSelf>
    where TSelf : unmanaged, ICustomCell<TSelf>
{
    /// <summary>
    /// The gates whose pre-activations the cell uses. Default all. The rows of unused gates stay in the parameters, with gradient
    /// 0.
    /// </summary>
    static virtual LstmGates Gates => LstmGates.All;

    /// <summary>
    /// The names of the weights of which each unit has one. The name <c>tau</c> gives layer k the parameter
    /// <c>weight_tau_l{k}</c> [H]. A name consists of letters, digits and underscores. The property returns the same names in
    /// each call. Default none.
    /// </summary>
    static virtual IReadOnlyList<string> WeightNames => [];

    /// <summary>
    /// The number of values per unit and step that Forward keeps for Backward besides the gates and c, 0 … 64. Default 0.
    /// </summary>
    static virtual int KeptCount => 0;

    /// <summary>
    /// The number of state vectors of H values that the cell carries from step to step, 1 … 16. Default 1, for c alone. The other
    /// vectors are in <see cref="CellUnits{TLane}.States"/>. They start at 0 or at learned values, as c does.
    /// </summary>
    static virtual int StateCount => 1;

    /// <summary>Gets the initial value of a weight of a unit. Default 0.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="weight">The index of the weight in <see cref="WeightNames"/>.</param>
    /// <param name="unit">The index of the unit, 0 … H − 1.</param>
    /// <param name="units">The number of units H.</param>
    static virtual double StartOf(in TSelf cell, int weight, int unit, int units) => 0;

    /// <summary>
    /// Computes the gates and the new cell state. i, f, g and o are the pre-activations on entry and the gates on return.
    /// </summary>
    /// <typeparam name="TLane">The vector type.</typeparam>
    /// <param name="i">The input gate i.</param>
    /// <param name="f">The forget gate f.</param>
    /// <param name="g">The candidate g.</param>
    /// <param name="o">The output gate o.</param>
    /// <param name="previous">The cell state c of the previous step.</param>
    /// <param name="units">The weights of the units, kept values and other state vectors.</param>
    TLane Forward<TLane>(ref TLane i, ref TLane f, ref TLane g, ref TLane o, TLane previous, CellUnits<TLane> units)
        where TLane : struct, ILane<TLane>;

    /// <summary>
    /// Propagates the gradient through <see cref="Forward"/>. i, f, g and o are the values that Forward left on entry and the
    /// gradients of their pre-activations on return. <paramref name="gradient"/> is ∂/∂c of the new cell state on entry and ∂/∂c
    /// of the previous cell state on return. The same applies to the gradients of the other state vectors.
    /// </summary>
    /// <typeparam name="TLane">The vector type.</typeparam>
    /// <param name="i">The input gate i.</param>
    /// <param name="f">The forget gate f.</param>
    /// <param name="g">The candidate g.</param>
    /// <param name="o">The output gate o.</param>
    /// <param name="previous">The cell state c of the previous step.</param>
    /// <param name="next">The new cell state that Forward returned.</param>
    /// <param name="outputGateGradient">The gradient ∂/∂o from OutputBackward.</param>
    /// <param name="gradient">
    /// On entry, ∂/∂c of the new cell state. If Forward uses the new c in a gate, the cell adds that gate's contribution itself.
    /// On return, ∂/∂c of the previous step.
    /// </param>
    /// <param name="units">The weights of the units, kept values and other state vectors.</param>
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

    /// <summary>Computes the new hidden state h. Default o⊙tanh(c).</summary>
    /// <typeparam name="TLane">The vector type.</typeparam>
    /// <param name="cell">The cell.</param>
    /// <param name="o">The output gate o.</param>
    /// <param name="c">The new cell state.</param>
    static virtual TLane Output<TLane>(in TSelf cell, TLane o, TLane c)
        where TLane : struct, ILane<TLane> => o * TLane.Tanh(c);

    /// <summary>
    /// Computes the new hidden state h of a cell that carries several state vectors. By default, h depends on o and c only.
    /// </summary>
    /// <typeparam name="TLane">The vector type.</typeparam>
    /// <param name="cell">The cell.</param>
    /// <param name="o">The output gate o.</param>
    /// <param name="c">The new cell state.</param>
    /// <param name="states">The other new state vectors, which this method only reads.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static virtual TLane Output<TLane>(in TSelf cell, TLane o, TLane c, CellStates<TLane> states)
        where TLane : struct, ILane<TLane> => TSelf.Output(in cell, o, c);

    /// <summary>
    /// Propagates the gradient through <see cref="Output{TLane}(in TSelf, TLane, TLane)"/> and returns the gradient of c.
    /// Implement both methods or neither.
    /// </summary>
    /// <typeparam name="TLane">The vector type.</typeparam>
    /// <param name="cell">The cell.</param>
    /// <param name="o">The output gate o.</param>
    /// <param name="c">The new cell state.</param>
    /// <param name="gradient">The gradient ∂/∂h of the hidden state.</param>
    /// <param name="outputGateGradient">Receives the gradient ∂/∂o of the output gate.</param>
    static virtual TLane OutputBackward<TLane>(in TSelf cell, TLane o, TLane c, TLane gradient, out TLane outputGateGradient)
        where TLane : struct, ILane<TLane>
    {
        TLane shown = TLane.Tanh(c);
        outputGateGradient = gradient * shown;
        TLane shownGradient = gradient * o;
        return TLane.NegatedMultiplyAdd(shownGradient * shown, shown, shownGradient);
    }

    /// <summary>
    /// Propagates the gradient through <see cref="Output{TLane}(in TSelf, TLane, TLane, CellStates{TLane})"/>: returns the
    /// gradient of c, and adds the contribution of h to the gradients of the other state vectors. Implement both methods or
    /// neither. By default, h depends on o and c only.
    /// </summary>
    /// <typeparam name="TLane">The vector type.</typeparam>
    /// <param name="cell">The cell.</param>
    /// <param name="o">The output gate o.</param>
    /// <param name="c">The new cell state.</param>
    /// <param name="gradient">The gradient ∂/∂h of the hidden state.</param>
    /// <param name="states">The other new state vectors and their gradients.</param>
    /// <param name="outputGateGradient">Receives the gradient ∂/∂o of the output gate.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static virtual TLane OutputBackward<TLane>(
        in TSelf cell, TLane o, TLane c, TLane gradient, CellStates<TLane> states, out TLane outputGateGradient)
        where TLane : struct, ILane<TLane> => TSelf.OutputBackward(in cell, o, c, gradient, out outputGateGradient);
}
