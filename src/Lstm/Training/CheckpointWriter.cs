using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using Lstm.Formats;

namespace Lstm.Training;

/// <summary>Saves the checkpoints of a training by its options' rules, and keeps the latest ones.</summary>
internal sealed class CheckpointWriter<T>(Trainer<T> trainer, CheckpointOptions options)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string Mark = ".step-";

    private long _written = Stopwatch.GetTimestamp();
    private long _writtenSteps = trainer.Optimizer.Steps;
    private TrainingPosition _writtenPosition = trainer.Position;

    /// <summary>Writes a checkpoint after a step, if one is due.</summary>
    public void AfterStep()
    {
        bool due = options.EverySteps is { } steps && trainer.Optimizer.Steps - _writtenSteps >= steps;
        if (due || (options.Every is { } every && Stopwatch.GetElapsedTime(_written) >= every))
        {
            Write();
        }
    }

    /// <summary>Writes a checkpoint at the end of an epoch, if there is no other rule.</summary>
    public void AfterEpoch()
    {
        if (options.EverySteps is null && options.Every is null)
        {
            AtEnd();
        }
    }

    /// <summary>Writes a checkpoint if the training has moved since the last one.</summary>
    public void AtEnd()
    {
        if (trainer.Position != _writtenPosition)
        {
            Write();
        }
    }

    private void Write()
    {
        if (options.Keep > 1 && File.Exists(options.Path))
        {
            KeepPrevious();
        }

        trainer.SaveCheckpoint(options.Path);
        (_written, _writtenSteps, _writtenPosition) = (Stopwatch.GetTimestamp(), trainer.Optimizer.Steps, trainer.Position);
    }

    // A copy, so that at each moment there is a file at the path.
    private void KeepPrevious()
    {
        using (FileStream previous = File.OpenRead(options.Path))
        {
            if (CheckpointFile.StepsOf(previous) is { } steps)
            {
                previous.Position = 0;
                AtomicFile.Write(NameOf(steps), previous.CopyTo);
            }
        }

        foreach (string file in Kept().OrderDescending(StringComparer.Ordinal).Skip(options.Keep - 1))
        {
            File.Delete(file);
        }
    }

    private string NameOf(long steps)
        => Stem + Mark + steps.ToString("D10", CultureInfo.InvariantCulture) + Path.GetExtension(options.Path);

    private string Stem => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(options.Path))!, Path.GetFileNameWithoutExtension(options.Path));

    private IEnumerable<string> Kept()
    {
        (string stem, string extension) = (Stem + Mark, Path.GetExtension(options.Path));
        return Directory.EnumerateFiles(Path.GetDirectoryName(stem)!)
            .Where(file => file.StartsWith(stem, StringComparison.Ordinal) && file.EndsWith(extension, StringComparison.Ordinal)
                && file.Length >= stem.Length + extension.Length + 10 && file[stem.Length..^extension.Length].All(char.IsAsciiDigit));
    }
}
