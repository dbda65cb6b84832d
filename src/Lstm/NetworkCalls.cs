using System.Numerics;
using Lstm.Runtime;
using Lstm.Training.Losses;

namespace Lstm;

/// <summary>What training and diagnosis ask of the parts of a network beyond its public methods.</summary>
internal static class NetworkCalls
{
    /// <summary>Runs a batch forward and evaluates a loss.</summary>
    /// <inheritdoc cref="TapePasses{T}.ForwardLoss"/>
    public static LossTotals ForwardLoss<T>(
        this Network<T> network, NetworkInput<T> batch, NetworkTarget<T> target, Loss<T> loss, Tape<T> tape,
        Gradient<T>? gradient,
        NetworkState<T>? state, double? divisor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => network.TapePasses.ForwardLoss(batch, target, loss, tape, gradient, state, divisor);

    /// <summary>Adds the loss of a batch, or of a part of one, to sums.</summary>
    /// <inheritdoc cref="WorkspacePasses{T}.EvaluateLoss"/>
    public static void EvaluateLoss<T>(
        this Network<T> network, NetworkInput<T> batch, NetworkTarget<T> target, Loss<T> loss, Workspace<T> workspace,
        NetworkState<T>? state, ref LossTotals totals)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => network.WorkspacePasses.EvaluateLoss(batch, target, loss, workspace, state, ref totals);

    /// <summary>Adds the gradient of the state that a pass has started from, which was the learned initial one.</summary>
    public static void AddInitialStateGradient<T>(this Network<T> network, Tape<T> tape, Gradient<T> gradient)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => network.InitialStates.AddGradient(tape.InitialStateGradient, gradient);

    /// <summary>Sets all sequences of a state to the start.</summary>
    public static void ResetState<T>(this Network<T> network, NetworkState<T> state)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => network.InitialStates.Reset(state);

    /// <summary>Why the network cannot read an input; null if it can.</summary>
    public static string? WhyNotInput<T>(this Network<T> network, NetworkInput<T> input)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => network.Checks.WhyNotInput(input.Features?.Content, input.Ids?.Content);

    /// <summary>Overwrites the flat parameters.</summary>
    public static void SetParameters<T>(this Network<T> network, ReadOnlySpan<T> flat)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => network.ParameterSet.Set(flat);

    /// <summary>Takes the parameters for a call that writes to them.</summary>
    public static Use.Taking TakeForWriting<T>(this Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => network.ParameterSet.TakeForWriting();

    /// <summary>Notes that the parameters have changed.</summary>
    public static void Touch<T>(this Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => network.ParameterSet.Touch();
}
