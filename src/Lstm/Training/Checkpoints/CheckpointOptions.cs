



using Lstm.Texts;

namespace Lstm.Training;

/// <summary>When Fit of a <see cref="Trainer{T}"/> saves checkpoints, and where.</summary>
/// <remarks>
/// <para>The newest checkpoint is always at <see cref="Path"/>. It is written at the end of each epoch unless
/// <see cref="EverySteps"/> or <see cref="Every"/> says otherwise, and when Fit ends or is cancelled.
/// <see cref="Trainer{T}.LoadCheckpoint(string)"/> reads it.</para>
/// <para>Each file is written beside its place and renamed into it: a process that is killed at any time leaves the checkpoint
/// before, whole.</para>
/// </remarks>
public sealed record CheckpointOptions
{
    /// <summary>Describes checkpoints.</summary>
    /// <param name="path">The file of the newest checkpoint; a file that is there is replaced.</param>
    public CheckpointOptions(string path) => Path = path;

    /// <summary>The file of the newest checkpoint.</summary>
    public string Path { get; init; }

    /// <summary>Optimizer steps between two checkpoints, at least 1. Null, the default, for no such rule.</summary>
    public long? EverySteps { get; init; }

    /// <summary>
    /// The time between two checkpoints, above zero; one is written after the step that passes it. Null, the default, for no such
    /// rule. With <see cref="EverySteps"/> too, whichever comes first.
    /// </summary>
    public TimeSpan? Every { get; init; }

    /// <summary>
    /// How many of the latest checkpoints are kept, at least 1. Default 1: the one at <see cref="Path"/>. Older ones are named by
    /// the optimizer steps that they were saved after: <c>training.safetensors</c> has
    /// <c>training.step-0000001200.safetensors</c> beside it. Files of such names that are older still are deleted.
    /// </summary>
    public int Keep { get; init; } = 1;

    /// <summary>All members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(CheckpointOptions), PrintMembers);

    internal void Check()
    {
        Require(!string.IsNullOrEmpty(Path), nameof(Path), Path, "a file's path");
        Require(EverySteps is null or >= 1, nameof(EverySteps), EverySteps, "at least 1, or null");
        Require(Every is null || Every > TimeSpan.Zero, nameof(Every), Every, "above zero, or null");
        Require(Keep >= 1, nameof(Keep), Keep, "at least 1");
    }

    private static void Require(bool holds, string name, object? value, string range)
    {
        if (!holds)
        {
            throw new ArgumentException($"Checkpoint.{name} is {value ?? "null"}; it has to be {range}.", "options");
        }
    }
}
