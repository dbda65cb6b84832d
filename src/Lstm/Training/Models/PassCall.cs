using System.Numerics;

namespace Lstm.Training.Models;

/// <summary>All that one pass of a model is given.</summary>
internal readonly record struct PassCall<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The input; under truncation some of its steps.</summary>
    public required NetworkInput<T> Input { get; init; }

    /// <summary>The target of the input's steps, without the older ones.</summary>
    public required NetworkTarget<T> Target { get; init; }

    /// <summary>The state that the pass starts from and that it overwrites; null for the initial one.</summary>
    public NetworkState<T>? State { get; init; }

    /// <summary>Whether <see cref="State"/> is the initial one, whose gradient belongs to the learned initial state.</summary>
    public bool IsInitial { get; init; }

    /// <summary>The key of the dropout masks.</summary>
    public long Draw { get; init; }

    /// <summary>What the loss's gradient is divided by; null for the loss's own divisor.</summary>
    public double? Divisor { get; init; }

    /// <summary>The number of steps at the beginning that the loss leaves out.</summary>
    public int Older { get; init; }
}
