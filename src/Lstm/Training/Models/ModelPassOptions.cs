using Lstm.Texts;

namespace Lstm.Training;

/// <summary>The options of a <see cref="ModelPass{T}"/>, set by the trainer.</summary>
public sealed record ModelPassOptions
{
    internal ModelPassOptions()
    {
    }

    /// <summary>Whether the passes train, with dropout and Backward. If false, only the loss is computed.</summary>
    public bool Trains { get; internal init; }

    /// <summary>The largest number of threads that share a pass, including the caller's; at least 1.</summary>
    public int Workers { get; internal init; } = 1;

    /// <summary>The seed of the dropout masks: <see cref="TrainingOptions.Seed"/>.</summary>
    public long Seed { get; internal init; }

    /// <summary>
    /// The number of time steps between stored states, as in <see cref="TrainingOptions.RecomputeEvery"/>. Null to store all
    /// steps.
    /// </summary>
    public int? RecomputeEvery { get; internal init; }

    /// <summary>Returns the options that differ from their defaults as text.</summary>
    public override string ToString() => new CodeText(nameof(ModelPassOptions))
        .Add(nameof(Trains), Trains, false)
        .Add(nameof(Workers), Workers, 1)
        .Add(nameof(Seed), Seed, 0)
        .Add(nameof(RecomputeEvery), RecomputeEvery, null)
        .ToString();
}
