using System.Numerics;

namespace Lstm.States;

/// <summary>The states that sequences start from.</summary>
internal interface IStateStart<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Sets the sequences <paramref name="first"/> … <paramref name="first"/> + <paramref name="count"/> − 1 of a state to the
    /// learned initial state. States of layers that have none stay as they are.
    /// </summary>
    void SetLearned(NetworkState<T> state, int first, int count);
}
