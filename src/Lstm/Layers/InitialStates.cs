using System.Diagnostics;
using System.Numerics;
using Lstm.Parameters;
using Lstm.Specs;
using Lstm.States;

namespace Lstm.Layers;

/// <summary>The states that the sequences of a network start from: zero, or what its layers have learned.</summary>
internal sealed unsafe class InitialStates<T>(
    IReadOnlyList<Layer<T>> layers, IReadOnlyList<StateSize> sizes, ParameterSet<T> parameters)
    : IStateStart<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The sizes of the state of each recurrent direction, in order.</summary>
    public IReadOnlyList<StateSize> Sizes => sizes;

    /// <summary>Makes a state of <paramref name="count"/> sequences at their start.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 1, or more than a state can hold.</exception>
    public NetworkState<T> Create(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        NetworkState<T>.RequireFits(Sizes, count, nameof(count));
        NetworkState<T> state = new(Sizes, count) { Start = this };
        SetLearned(state, 0, count);
        return state;
    }

    /// <summary>Makes a state of gradients, all zero.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 1, or more than a state can hold.</exception>
    public NetworkState<T> CreateGradient(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new NetworkState<T>(Sizes, count);
    }

    /// <summary>Sets all sequences of a state to the start.</summary>
    public void Reset(NetworkState<T> state)
    {
        state.ClearAll();
        SetLearned(state, 0, state.Count);
    }

    // SAFETY: the layers read their parameters at the offsets that they have declared in the layout of these values. States come
    // from Create or have passed NetworkState.Attach or CheckFits, so that they have the layers' sizes; first and count are
    // checked by NetworkState.Clear(int), or are all sequences.
    /// <inheritdoc/>
    public void SetLearned(NetworkState<T> state, int first, int count)
    {
        Debug.Assert(first >= 0 && first + count <= state.Count && state.Sizes.Count == Sizes.Count);
        for (int i = 0; i < layers.Count; i++)
        {
            layers[i].SetLearnedState(parameters.Pointer, state, first, count);
        }

        GC.KeepAlive(parameters);
    }

    /// <summary>Adds the gradient of states that were the learned ones to the gradient of the parameters.</summary>
    public void AddGradient(NetworkState<T> initial, Gradient<T> gradient)
    {
        Debug.Assert(ReferenceEquals(gradient.Layout, parameters.Layout) && initial.Sizes.Count == Sizes.Count);
        for (int i = 0; i < layers.Count; i++)
        {
            layers[i].AddInitialGradient(initial, gradient.Buffer.Pointer);
        }

        GC.KeepAlive(gradient);
    }
}
