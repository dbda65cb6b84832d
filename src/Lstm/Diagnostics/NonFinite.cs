using System.Numerics;
using Lstm.Runtime;

namespace Lstm.Diagnostics;

/// <summary>Finds the first infinite or NaN value of a pass: its layer, gate, sequence, step and unit.</summary>
public static class NonFinite
{
    /// <summary>
    /// Finds the first infinite or NaN value on a tape, in the order in which a pass computes: parameters, input, then the layers
    /// one by one, each with its steps in reading order and i f g o c h at each step. After Backward, the output's gradient and
    /// the gates' gradients follow, last layer and last step first.
    /// </summary>
    /// <remarks>
    /// Call it when a loss or a norm is not finite; passes do no extra work for it. Between Forward and Backward it searches the
    /// forward pass; after Backward it searches both passes except the gates, which Backward has overwritten. On a tape that
    /// recomputes its steps (<see cref="Tape{T}.RecomputeEvery"/>) it searches the outputs that are kept, and the output's
    /// gradient.
    /// </remarks>
    /// <param name="tape">A tape that holds a forward pass.</param>
    /// <returns>The first value that is not finite, or null when all values are finite.</returns>
    /// <exception cref="InvalidOperationException">
    /// The tape holds no forward pass, the input batch was refilled since, or the tape is in use.
    /// </exception>
    public static NonFiniteValue? Find<T>(Tape<T> tape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => Find(tape, default);

    /// <summary>
    /// Finds the first infinite or NaN value on a tape, in the target or in its weights. Weights and target follow the forward
    /// pass in the order of <see cref="Find{T}(Tape{T})"/>.
    /// </summary>
    /// <inheritdoc cref="Find{T}(Tape{T})"/>
    /// <param name="tape">A tape that holds a forward pass.</param>
    /// <param name="target">The target. Rows of weight 0 are not searched; labels are always finite.</param>
    public static NonFiniteValue? Find<T>(Tape<T> tape, NetworkTarget<T> target)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(tape);
        using Use.Reading reading = tape.Read();
        TapeCheck.Check(tape.Network, tape, tape.IsBackPropagated, steps: false);
        return NonFinitePass.OnTape(tape, target);
    }

    /// <summary>
    /// Runs a batch in inference mode and finds the first infinite or NaN value: parameters, input, initial state, then the
    /// layers in the order of <see cref="Find{T}(Tape{T})"/>. Network, batch and state do not change.
    /// </summary>
    /// <param name="network">The network to run.</param>
    /// <param name="batch">Sequences of features or of ids.</param>
    /// <param name="state">The state to start from. Null, the default, for the initial state.</param>
    /// <returns>The first value in the caller's order of sequences, or null when all values are finite.</returns>
    /// <exception cref="ArgumentException">The batch or the state does not fit the network.</exception>
    public static NonFiniteValue? Find<T>(Network<T> network, NetworkInput<T> batch, NetworkState<T>? state = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(network);
        batch.Require(nameof(batch));
        return NonFinitePass.Of(network, batch, state?.Clone());
    }
}
