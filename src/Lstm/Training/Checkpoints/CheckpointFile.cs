using System.Numerics;
using Lstm.Formats;
using Lstm.Formats.Files;
using Lstm.Formats.Safetensors;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Training.Losses;

namespace Lstm.Training.Checkpoints;

/// <summary>
/// A training in progress as a safetensors file: the values that steps change, by name and in PyTorch's layout.
/// </summary>
/// <remarks>
/// Tensors: <see cref="CheckpointTensors{T}"/>. Metadata: <c>format</c> is <c>lstm-checkpoint</c>; <c>version</c>; <c>spec</c>
/// and <c>frozen</c> as in <see cref="ModelFile"/>, of a model of several networks <c>spec.</c>name and <c>frozen.</c>name for
/// each; <c>optimizer.*</c>, see <see cref="Optimizer{T}.Description"/>; <c>steps</c>; <c>epoch</c>, <c>batch</c>, <c>draw</c>,
/// and within a truncated batch <c>step</c>; within an epoch <c>epoch_loss</c>, its sums so far; with a schedule
/// <c>schedule.*</c>, its kind and settings, and <c>schedule_epochs</c>, the number of epochs whose ends a schedule with numbers
/// has heard of; <c>sha256</c>.
/// </remarks>
internal static class CheckpointFile
{
    private const string OptimizerPrefix = CheckpointTensors.OptimizerPrefix;
    private const string SchedulePrefix = CheckpointTensors.SchedulePrefix;
    private const string EpochsHeard = "schedule_epochs";
    private const string EpochLoss = "epoch_loss";

    /// <summary>Writes a training between two steps.</summary>
    /// <exception cref="InvalidOperationException">This thread is within a step.</exception>
    public static void Save<T>(TrainingState<T> training, string path)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => Between(training, () => AtomicFile.Write(path, stream => Write(training, stream)));

    /// <inheritdoc cref="Save{T}(TrainingState{T}, string)"/>
    public static void Save<T>(TrainingState<T> training, Stream stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => Between(training, () => Write(training, stream));

    /// <summary>Puts a training back, or throws and changes nothing.</summary>
    /// <exception cref="InvalidDataException">
    /// The file is broken, no checkpoint, or one of another network or optimizer.
    /// </exception>
    public static void Read<T>(TrainingState<T> training, Stream stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        SafetensorsReader file = new(stream);
        CheckpointMetadata.CheckFormat(file);
        file.CheckHash();
        TrainableModel<T> model = training.Model;
        HashSet<string>[] frozen = CheckpointMetadata.ReadNetworks(file, model);
        CheckpointMetadata.CheckSettings(file, "optimizer", OptimizerPrefix, training.Optimizer.Description);
        CheckpointMetadata.CheckSettings(file, "schedule", SchedulePrefix, training.Schedule?.AllSettings() ?? []);
        TrainingPosition position = ReadPosition(file);
        LossMeter epochLoss = default;
        if (file.Metadata.TryGetValue(EpochLoss, out string? sums) && !LossMeter.TryParse(sums, out epochLoss))
        {
            throw new InvalidDataException(
                $"The checkpoint's '{EpochLoss}' is '{sums}', which does not contain the sums of a loss.");
        }

        long steps = CheckpointMetadata.Number(file, "steps", long.MaxValue);
        long heard = training.Schedule is { HasState: true }
            ? CheckpointMetadata.Number(file, EpochsHeard, int.MaxValue)
            : position.Epoch;
        NetworkState<T>? state = CheckpointTensors<T>.CreateState(file, model.Output.StateSizes);
        Action[] puts = ReadTensors(file, [.. new CheckpointTensors<T>(training, state).All()]);
        training.Optimizer.Bind(model.All, model.AllNames);
        Put(model, puts, frozen);

        training.Optimizer.Steps = steps;
        training.MoveTo(position, state, epochLoss);
        training.Schedule?.MoveTo(heard);
    }

    /// <summary>The number of optimizer steps that a checkpoint was saved after; null for a file that is no checkpoint.</summary>
    public static long? StepsOf(Stream stream)
    {
        try
        {
            return CheckpointMetadata.Number(new SafetensorsReader(stream), "steps", long.MaxValue);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    // The tensors are read twice, for the hash and for the file: the lock keeps steps of a hand-written loop out, the gate those
    // of Fit.
    private static void Between<T>(TrainingState<T> training, Action write)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => training.Gate.Between("SaveCheckpoint", () =>
        {
            using LockGroup.Scope locked = training.Model.Locks.Enter();
            write();
            return true;
        });

    private static void Write<T>(TrainingState<T> training, Stream stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // The state of an optimizer that has made no step yet is created, so that there is one kind of file only.
        training.Optimizer.Bind(training.Model.All, training.Model.AllNames);
        SafetensorsWriter writer = new();
        CheckpointMetadata.WriteFormat(writer);
        CheckpointMetadata.WriteNetworks(writer, training.Model);
        bool isWithin = training.Position is not { Batch: 0, Step: 0 };
        WritePosition(writer, training.Position, isWithin);

        // The loss of a complete epoch is there for a schedule that has not heard of it yet.
        bool owesLoss = training.Schedule is { HasState: true } schedule && schedule.EpochsHeard < training.Position.Epoch;
        if (isWithin || owesLoss)
        {
            writer.Metadata[EpochLoss] = training.EpochLoss.ToString();
        }

        WriteSchedule(writer, training.Schedule);
        writer.Metadata["steps"] = CheckpointMetadata.Text(training.Optimizer.Steps);
        foreach ((string name, string value) in training.Optimizer.Description)
        {
            writer.Metadata[OptimizerPrefix + name] = value;
        }

        // Each epoch starts from the initial state.
        foreach (CheckpointTensor tensor in new CheckpointTensors<T>(training, isWithin ? training.CarriedState : null).All())
        {
            tensor.Add(writer);
        }

        writer.Seal();
        writer.WriteTo(stream);
    }

    private static void Put<T>(TrainableModel<T> model, Action[] puts, HashSet<string>[] frozen)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using (LockGroup.Scope locked = model.Locks.Enter())
        {
            Array.ForEach(puts, put => put());
            foreach (Network<T> network in model.All)
            {
                network.Touch();
            }
        }

        for (int i = 0; i < frozen.Length; i++)
        {
            foreach (Parameter parameter in model.Networks[i].Parameters)
            {
                parameter.Trainable = !parameter.IsStatistic && !frozen[i].Contains(parameter.Name);
            }
        }
    }

    private static Action[] ReadTensors(SafetensorsReader file, CheckpointTensor[] tensors)
    {
        HashSet<string> names = [.. tensors.Select(tensor => tensor.Name)];
        if (file.Tensors.FirstOrDefault(tensor => !names.Contains(tensor.Name)) is { } unexpected)
        {
            throw new InvalidDataException($"The checkpoint has a tensor {unexpected}; this training run has no such tensor.");
        }

        // All shapes before the first value: a file cannot make memory be taken for less than it has.
        Array.ForEach(tensors, tensor => tensor.Find(file));
        return [.. tensors.Select(tensor => tensor.Read(file))];
    }

    private static void WritePosition(SafetensorsWriter writer, TrainingPosition position, bool isWithin)
    {
        writer.Metadata["epoch"] = CheckpointMetadata.Text(position.Epoch);
        writer.Metadata["batch"] = CheckpointMetadata.Text(position.Batch);
        writer.Metadata["draw"] = CheckpointMetadata.Text(position.Draw);
        if (isWithin)
        {
            writer.Metadata["step"] = CheckpointMetadata.Text(position.Step);
        }
    }

    private static TrainingPosition ReadPosition(SafetensorsReader file)
        => new(
            (int)CheckpointMetadata.Number(file, "epoch", int.MaxValue),
            (int)CheckpointMetadata.Number(file, "batch", int.MaxValue),
            CheckpointMetadata.Number(file, "draw", long.MaxValue),

            // Files of the first version do not have it.
            file.Metadata.ContainsKey("step") ? (int)CheckpointMetadata.Number(file, "step", int.MaxValue) : 0);

    private static void WriteSchedule(SafetensorsWriter writer, LearningRateSchedule? schedule)
    {
        foreach ((string name, string value) in schedule?.AllSettings() ?? [])
        {
            writer.Metadata[SchedulePrefix + name] = value;
        }

        if (schedule is { HasState: true })
        {
            writer.Metadata[EpochsHeard] = CheckpointMetadata.Text(schedule.EpochsHeard);
        }
    }
}
