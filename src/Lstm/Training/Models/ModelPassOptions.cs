using Lstm.Texts;

namespace Lstm.Training;

/// <summary>The options of a <see cref="ModelPass{T}"/>, which a trainer gives.</summary>
public sealed record ModelPassOptions
{
    internal ModelPassOptions()
    {
    }

    /// <summary>Whether passes train: dropout is on and Backward follows. Otherwise only the loss is measured.</summary>
    public bool Trains { get; internal init; }

    /// <summary>The largest number of threads that share a pass, the caller's included; at least 1.</summary>
    public int Workers { get; internal init; } = 1;

    /// <summary>The seed of the dropout masks: <see cref="TrainingOptions.Seed"/>.</summary>
    public long Seed { get; internal init; }

    /// <summary>As in <see cref="TrainingOptions.RecomputeEvery"/>; null to keep all steps.</summary>
    public int? RecomputeEvery { get; internal init; }

    /// <summary>The options that differ from their defaults.</summary>
    public override string ToString() => new CodeText(nameof(ModelPassOptions))
        .Add(nameof(Trains), Trains, false)
        .Add(nameof(Workers), Workers, 1)
        .Add(nameof(Seed), Seed, 0)
        .Add(nameof(RecomputeEvery), RecomputeEvery, null)
        .ToString();
}
