using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using Lstm.Formats.Files;

namespace Lstm.Training.Checkpoints;

/// <summary>Saves the checkpoints of a training by its options' rules, and keeps the latest ones.</summary>
internal sealed class CheckpointWriter<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string Mark = ".step-";

    private readonly TrainingState<T> _training;
    private readonly CheckpointOptions _options;
    private long _written = Stopwatch.GetTimestamp();
    private long _writtenSteps;
    private TrainingPosition _writtenPosition;

    /// <summary>Looks at the place of the file, so that one that cannot be written is not found after the first hours.</summary>
    /// <exception cref="IOException">A folder, a device, a FIFO or a socket is there, or there is no such folder.</exception>
    public CheckpointWriter(TrainingState<T> training, CheckpointOptions options)
    {
        (_training, _options) = (training, options);
        (_writtenSteps, _writtenPosition) = (training.Optimizer.Steps, training.Position);
        if (Path.GetDirectoryName(SaveTarget.Resolve(options.Path)) is { } folder && !Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException(
                $"Checkpoint.Path is '{options.Path}', but the folder '{folder}' does not exist. Create it before training.");
        }
    }

    /// <summary>Writes a checkpoint after a step, if one is due.</summary>
    public void AfterStep()
    {
        bool due = _options.EverySteps is { } steps && _training.Optimizer.Steps - _writtenSteps >= steps;
        if (due || (_options.Every is { } every && Stopwatch.GetElapsedTime(_written) >= every))
        {
            Write();
        }
    }

    /// <summary>Writes a checkpoint at the end of an epoch, if there is no other rule.</summary>
    public void AfterEpoch()
    {
        if (_options.EverySteps is null && _options.Every is null)
        {
            AtEnd();
        }
    }

    /// <summary>Writes a checkpoint if the training has moved since the last one.</summary>
    public void AtEnd()
    {
        if (_training.Position != _writtenPosition)
        {
            Write();
        }
    }

    private void Write()
    {
        if (_options.Keep > 1 && File.Exists(_options.Path))
        {
            KeepPrevious();
        }

        CheckpointFile.Save(_training, _options.Path);
        (_written, _writtenSteps, _writtenPosition) = (Stopwatch.GetTimestamp(), _training.Optimizer.Steps, _training.Position);
    }

    // A copy, so that at each moment there is a file at the path.
    private void KeepPrevious()
    {
        using (FileStream previous = File.OpenRead(_options.Path))
        {
            if (CheckpointFile.StepsOf(previous) is { } steps)
            {
                previous.Position = 0;
                AtomicFile.Write(NameOf(steps), previous.CopyTo);
            }
        }

        foreach (string file in Kept().OrderDescending(StringComparer.Ordinal).Skip(_options.Keep - 1))
        {
            File.Delete(file);
        }
    }

    private string NameOf(long steps)
        => Stem + Mark + steps.ToString("D10", CultureInfo.InvariantCulture) + Path.GetExtension(_options.Path);

    private string Stem
        => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_options.Path))!, Path.GetFileNameWithoutExtension(_options.Path));

    private IEnumerable<string> Kept()
    {
        (string stem, string extension) = (Stem + Mark, Path.GetExtension(_options.Path));
        return Directory.EnumerateFiles(Path.GetDirectoryName(stem)!)
            .Where(file => file.StartsWith(stem, StringComparison.Ordinal) && file.EndsWith(extension, StringComparison.Ordinal)
                && file.Length >= stem.Length + extension.Length + 10
                    && file[stem.Length..^extension.Length].All(char.IsAsciiDigit));
    }
}
