



using Lstm.Texts;

namespace Lstm.Training;

/// <summary>The options for saving checkpoints in Fit of a <see cref="Trainer{T}"/>: the file and the interval.</summary>
/// <remarks>
/// <para>The newest checkpoint is always at <see cref="Path"/>. It is written at the end of each epoch unless
/// <see cref="EverySteps"/> or <see cref="Every"/> is set, and when Fit ends or is canceled.
/// <see cref="Trainer{T}.LoadCheckpoint(string)"/> reads it.</para>
/// <para>Each file is written to a temporary name in the same folder and then renamed. If the process is killed, the previous
/// checkpoint stays intact.</para>
/// </remarks>
public sealed record CheckpointOptions
{
    /// <summary>Initializes the options with the path of the checkpoint.</summary>
    /// <param name="path">The path of the newest checkpoint. An existing file is replaced.</param>
    public CheckpointOptions(string path) => Path = path;

    /// <summary>The path of the newest checkpoint.</summary>
    public string Path { get; init; }

    /// <summary>The number of optimizer steps between two checkpoints, at least 1. Null, the default, for no limit.</summary>
    public long? EverySteps { get; init; }

    /// <summary>
    /// The time between two checkpoints, above zero. A checkpoint is written after the step that exceeds it. Null, the default,
    /// for no limit. If <see cref="EverySteps"/> is also set, the first of the two limits applies.
    /// </summary>
    public TimeSpan? Every { get; init; }

    /// <summary>
    /// The number of latest checkpoints to keep, at least 1. Default 1, the checkpoint at <see cref="Path"/>. Older checkpoints
    /// are in the same folder and named by their number of optimizer steps, for example
    /// <c>training.step-0000001200.safetensors</c> for <c>training.safetensors</c>. Older files with such names are deleted.
    /// </summary>
    public int Keep { get; init; } = 1;

    /// <summary>Returns all members by name as culture-independent text.</summary>
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
            throw new ArgumentException($"Checkpoint.{name} is {value ?? "null"}; the value has to be {range}.", "options");
        }
    }
}
