using System.Globalization;
using System.Numerics;
using Lstm.Formats;
using Lstm.Formats.Safetensors;
using Lstm.Parameters;
using Lstm.Texts;

namespace Lstm.Training.Checkpoints;

/// <summary>A training in progress as a safetensors file: what steps change, by name and in PyTorch's layout.</summary>
/// <remarks>
/// Tensors: <c>network.</c>parameter; <c>optimizer.</c>buffer<c>.</c>parameter, and per parameter its numbers, learning rate factor
/// and weight decay; <c>optimizer.learning_rate</c>; within an epoch that carries states, <c>state.h.</c>entry and
/// <c>state.c.</c>entry, and <c>state.steps</c>. Metadata: <c>format</c> is <c>lstm-checkpoint</c>; <c>version</c>; <c>spec</c> and <c>frozen</c> as in
/// <see cref="ModelFile"/>; <c>optimizer.*</c>, see <see cref="Optimizer{T}.Description"/>; <c>steps</c>; <c>epoch</c>,
/// <c>batch</c>, <c>draw</c>, and within a truncated batch <c>step</c>; within an epoch <c>epoch_loss</c>, its sums so far; <c>sha256</c>.
/// With a schedule: tensors <c>schedule.</c>number; metadata <c>schedule.*</c>, its kind and settings, and <c>schedule_epochs</c>, how many
/// epochs' ends a schedule with numbers has heard of.
/// </remarks>
internal static class CheckpointFile
{
    private const string Format = ModelFile.CheckpointFormat;
    private const string Version = "1";
    private const string OptimizerPrefix = "optimizer.";
    private const string SchedulePrefix = "schedule.";
    private const string EpochsHeard = "schedule_epochs";
    private const string StateSteps = "state.steps";

    public static void Write<T>(Trainer<T> trainer, Stream stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // An optimizer that has made no step yet has its state made, so that there is one kind of file only.
        trainer.Optimizer.Bind(trainer.Network);
        SafetensorsWriter writer = new();
        writer.Metadata["format"] = Format;
        writer.Metadata["version"] = Version;
        writer.Metadata["spec"] = SpecJson.Write(trainer.Network.InputSize, trainer.Network.Specs);
        writer.Metadata["frozen"] = ModelFile.WriteFrozen(trainer.Network.Parameters);
        writer.Metadata["epoch"] = Text(trainer.Position.Epoch);
        writer.Metadata["batch"] = Text(trainer.Position.Batch);
        writer.Metadata["draw"] = Text(trainer.Position.Draw);
        bool isWithin = trainer.Position is not { Batch: 0, Step: 0 };
        if (isWithin)
        {
            writer.Metadata["step"] = Text(trainer.Position.Step);
            writer.Metadata["epoch_loss"] = trainer.EpochLoss.ToString();
        }

        WriteSchedule(trainer, writer, isWithin);
        writer.Metadata["steps"] = Text(trainer.Optimizer.Steps);
        foreach ((string name, string value) in trainer.Optimizer.Description)
        {
            writer.Metadata[OptimizerPrefix + name] = value;
        }

        // Each epoch starts from the initial state.
        foreach (CheckpointTensor tensor in Tensors(trainer, isWithin ? trainer.CarriedState : null))
        {
            tensor.Add(writer);
        }

        writer.Seal();
        writer.WriteTo(stream);
    }

    /// <summary>Puts a training back, or throws and changes nothing.</summary>
    /// <exception cref="InvalidDataException">The file is broken, no checkpoint, or one of another network or optimizer.</exception>
    public static void Read<T>(Trainer<T> trainer, Stream stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        SafetensorsReader file = new(stream);
        CheckFormat(file);
        file.CheckHash();
        Network<T> network = trainer.Network;
        CheckSpecs(file, network);
        CheckSettings(file, "optimizer", OptimizerPrefix, trainer.Optimizer.Description);
        CheckSettings(file, "schedule", SchedulePrefix, trainer.Schedule?.AllSettings() ?? []);
        HashSet<string> frozen = ModelFile.ReadFrozen(file, network.Parameters);
        TrainingPosition position = new((int)Number(file, "epoch", int.MaxValue), (int)Number(file, "batch", int.MaxValue), Number(file, "draw", long.MaxValue), (int)NumberIfThere(file, "step", int.MaxValue));
        LossMeter epochLoss = default;
        if (file.Metadata.TryGetValue("epoch_loss", out string? sums) && !LossMeter.TryParse(sums, out epochLoss))
        {
            throw new InvalidDataException($"The checkpoint's 'epoch_loss' is '{sums}', which is not the sums of a loss.");
        }

        long steps = Number(file, "steps", long.MaxValue);
        long heard = trainer.Schedule is { HasState: true } ? Number(file, EpochsHeard, int.MaxValue) : position.Epoch;
        NetworkState<T>? state = CreateState(file, network);
        CheckpointTensor[] tensors = [.. Tensors(trainer, state)];
        HashSet<string> names = [.. tensors.Select(tensor => tensor.Name)];
        if (file.Tensors.FirstOrDefault(tensor => !names.Contains(tensor.Name)) is { } unexpected)
        {
            throw new InvalidDataException($"The checkpoint has a tensor {unexpected}; this training has none of the name.");
        }

        // All shapes before the first value: a file cannot make memory be taken for less than it has.
        Array.ForEach(tensors, tensor => tensor.Find(file));
        Action[] puts = [.. tensors.Select(tensor => tensor.Read(file))];
        trainer.Optimizer.Bind(network);
        lock (network.ParameterLock)
        {
            Array.ForEach(puts, put => put());
            network.Touch();
        }

        foreach (Parameter parameter in network.Parameters)
        {
            parameter.Trainable = !parameter.IsStatistic && !frozen.Contains(parameter.Name);
        }

        trainer.Optimizer.Steps = steps;
        trainer.MoveTo(position, state, epochLoss);
        trainer.Schedule?.MoveTo(heard);
    }

    /// <summary>The number of optimizer steps that a checkpoint was saved after; null for a file that is none.</summary>
    public static long? StepsOf(Stream stream)
    {
        try
        {
            return Number(new SafetensorsReader(stream), "steps", long.MaxValue);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>All tensors of a checkpoint. The optimizer's are there once it is bound.</summary>
    private static IEnumerable<CheckpointTensor> Tensors<T>(Trainer<T> trainer, NetworkState<T>? state)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (Network<T> network, Optimizer<T> optimizer) = (trainer.Network, trainer.Optimizer);
        for (int i = 0; i < network.Parameters.Count; i++)
        {
            (int index, Parameter parameter) = (i, network.Parameters[i]);
            yield return Packed("network." + parameter.Name, parameter, () => network.Flat);
            foreach ((int b, string buffer) in optimizer.BufferNames.Index())
            {
                yield return Packed($"{OptimizerPrefix}{buffer}.{parameter.Name}", parameter, () => optimizer.Buffers[b].Span);
            }

            foreach ((int s, string scalar) in optimizer.ScalarNames.Index())
            {
                yield return Single($"{OptimizerPrefix}{scalar}.{parameter.Name}", () => ref optimizer.Scalars[s][index], optimizer.IsScalar);
            }

            yield return Single($"{OptimizerPrefix}learning_rate_factor.{parameter.Name}", () => ref optimizer.Factors[index], IsSetting<T>);
            yield return Single($"{OptimizerPrefix}weight_decay.{parameter.Name}", () => ref optimizer.Decays[index], IsSetting<T>);
        }

        yield return new CheckpointTensor<double>(
            OptimizerPrefix + "learning_rate", [1], () => [optimizer.LearningRate], values => optimizer.LearningRate = values[0], IsSetting<T>);
        foreach ((string name, double[] values, int index) in trainer.Schedule?.AllState() ?? [])
        {
            yield return Single(SchedulePrefix + name, () => ref values[index], value => !double.IsNaN(value));
        }

        if (state is not null)
        {
            yield return new CheckpointTensor<int>(StateSteps, [state.Count], () => state.Steps.ToArray(), values => values.CopyTo(state.Steps), steps => steps >= 0);
        }

        for (int i = 0; state is not null && i < state.Sizes.Count; i++)
        {
            int entry = i;
            yield return new CheckpointTensor<T>(
                StateHidden(entry), [state.Count, state.Sizes[entry].Hidden], () => state.Hidden(entry).ToArray(), values => values.CopyTo(state.Hidden(entry)));
            yield return new CheckpointTensor<T>(
                StateCell(entry), [state.Count, state.Sizes[entry].Cell], () => state.Cell(entry).ToArray(), values => values.CopyTo(state.Cell(entry)));
        }
    }

    private static CheckpointTensor<T> Packed<T>(string name, Parameter parameter, FlatBuffer<T> flat)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => new(
            name, parameter.Shape,
            () =>
            {
                T[] values = new T[parameter.Count];
                parameter.Unpack<T>(flat(), values);
                return values;
            },
            values => parameter.Pack<T>(values, flat()));

    private static CheckpointTensor<double> Single(string name, Place place, Predicate<double> isValid)
        => new(name, [1], () => [place()], values => place() = values[0], isValid);

    private static bool IsSetting<T>(double value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => T.IsFinite(T.CreateTruncating(value)) && value >= 0;

    private static string StateHidden(int entry) => string.Create(CultureInfo.InvariantCulture, $"state.h.{entry}");

    private static string StateCell(int entry) => string.Create(CultureInfo.InvariantCulture, $"state.c.{entry}");

    private static void CheckFormat(SafetensorsReader file)
    {
        string? format = file.Metadata.GetValueOrDefault("format"), version = file.Metadata.GetValueOrDefault("version");
        if (format == ModelFile.Format)
        {
            throw new InvalidDataException("The file is no checkpoint but a model: Network.Load reads it.");
        }

        if (format != Format)
        {
            throw new InvalidDataException(
                $"The file is no checkpoint: its metadata has the format '{Shortened.Text(format)}', not '{Format}'. The tensors of other programs are read by LoadStateDict.");
        }

        if (version != Version)
        {
            throw new InvalidDataException($"The checkpoint is of version '{Shortened.Text(version)}'; this library reads version '{Version}'.");
        }
    }

    private static void CheckSpecs<T>(SafetensorsReader file, Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int inputSize, LayerSpec[] specs) = SpecJson.Read(Metadata(file, "spec"));
        if (inputSize != network.InputSize)
        {
            throw new InvalidDataException($"The checkpoint's network has {inputSize} inputs; this one has {network.InputSize}.");
        }

        if (specs.Length != network.Specs.Count)
        {
            throw new InvalidDataException($"The checkpoint's network has {specs.Length} layer specs; this one has {network.Specs.Count}.");
        }

        for (int i = 0; i < specs.Length; i++)
        {
            if (specs[i] != network.Specs[i])
            {
                throw new InvalidDataException($"Layer {i} of the checkpoint's network is not that of this one: {SpecJson.Difference(specs[i], network.Specs[i])}.");
            }
        }
    }

    private static void WriteSchedule<T>(Trainer<T> trainer, SafetensorsWriter writer, bool isWithin)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (trainer.Schedule is not { } schedule)
        {
            return;
        }

        foreach ((string name, string value) in schedule.AllSettings())
        {
            writer.Metadata[SchedulePrefix + name] = value;
        }

        if (schedule.HasState)
        {
            writer.Metadata[EpochsHeard] = Text(schedule.EpochsHeard);

            // The loss of the epoch that is complete, for a schedule that has not heard of it yet.
            if (!isWithin && schedule.EpochsHeard < trainer.Position.Epoch)
            {
                writer.Metadata["epoch_loss"] = trainer.EpochLoss.ToString();
            }
        }
    }

    private static void CheckSettings(SafetensorsReader file, string what, string prefix, IEnumerable<(string Name, string Value)> settings)
    {
        HashSet<string> known = [];
        foreach ((string name, string value) in settings)
        {
            known.Add(prefix + name);
            string found = Metadata(file, prefix + name);
            if (found != value)
            {
                throw new InvalidDataException($"The checkpoint's {what} has {name} {Shortened.Text(found)}; this one has {name} {value}.");
            }
        }

        if (file.Metadata.Keys.FirstOrDefault(key => key.StartsWith(prefix, StringComparison.Ordinal) && !known.Contains(key)) is { } unexpected)
        {
            string has = known.Count == 0 ? $"this training has no {what}" : $"this training's {what} has none of the name";
            throw new InvalidDataException(
                $"The checkpoint's {what} has {Shortened.Text(unexpected[prefix.Length..])} {Shortened.Text(file.Metadata[unexpected])}; {has}.");
        }
    }

    /// <summary>A state for as many sequences as the file has it for, once all its tensors are seen to be there; null if it has none.</summary>
    private static NetworkState<T>? CreateState<T>(SafetensorsReader file, Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (file.Find(StateSteps) is not { Shape: [>= 1 and <= int.MaxValue and long sequences] })
        {
            return null;
        }

        int count = (int)sequences;
        for (int entry = 0; entry < network.StateSizes.Count; entry++)
        {
            string type = SafetensorsTensor.TypeOf<T>();
            CheckpointTensor.Require(file, StateHidden(entry), type, [count, network.StateSizes[entry].Hidden]);
            CheckpointTensor.Require(file, StateCell(entry), type, [count, network.StateSizes[entry].Cell]);
        }

        return new NetworkState<T>(network.StateSizes, count);
    }

    private static string Metadata(SafetensorsReader file, string key)
        => file.Metadata.GetValueOrDefault(key) ?? throw new InvalidDataException($"The checkpoint lacks the metadata '{key}'.");

    private static long Number(SafetensorsReader file, string key, long most)
        => long.TryParse(Metadata(file, key), NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number <= most
            ? number
            : throw new InvalidDataException($"The checkpoint's '{key}' is '{Shortened.Text(Metadata(file, key))}', no whole number of 0 … {most}.");

    // Files of the first version do not have it.
    private static long NumberIfThere(SafetensorsReader file, string key, long most)
        => file.Metadata.ContainsKey(key) ? Number(file, key, most) : 0;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private delegate Span<T> FlatBuffer<T>();

    private delegate ref double Place();
}
