using System.Globalization;
using System.Numerics;
using Lstm.Formats.Safetensors;
using Lstm.Parameters;
using Lstm.Specs;

namespace Lstm.Training.Checkpoints;

/// <summary>Names that checkpoints' tensors and metadata begin with.</summary>
internal static class CheckpointTensors
{
    public const string OptimizerPrefix = "optimizer.";
    public const string SchedulePrefix = "schedule.";
}

/// <summary>The tensors of a checkpoint: where each comes from, and where it goes.</summary>
/// <remarks>
/// <c>network.</c>parameter; <c>optimizer.</c>buffer<c>.</c>parameter, and for each parameter the optimizer's numbers, the
/// learning rate factor and the weight decay; <c>optimizer.learning_rate</c>; with a schedule <c>schedule.</c>number; within an
/// epoch that carries states <c>state.h.</c>entry and <c>state.c.</c>entry, and <c>state.steps</c>.
/// </remarks>
/// <param name="training">The training.</param>
/// <param name="state">The states that are saved with it; null for none.</param>
internal sealed class CheckpointTensors<T>(TrainingState<T> training, NetworkState<T>? state)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string Prefix = CheckpointTensors.OptimizerPrefix;
    private const string StateSteps = "state.steps";

    private readonly Optimizer<T> _optimizer = training.Optimizer;

    private delegate Span<T> FlatBuffer();

    private delegate ref double Place();

    /// <summary>All tensors. The optimizer's values are there once it is bound.</summary>
    public IEnumerable<CheckpointTensor> All()
    {
        CheckpointTensor learningRate = new CheckpointTensor<double>(
            Prefix + "learning_rate", [1], () => [_optimizer.LearningRate], values => _optimizer.LearningRate = values[0],
            IsSetting);
        return OfParameters().Append(learningRate).Concat(OfSchedule()).Concat(OfState());
    }

    /// <summary>
    /// A state for as many sequences as the file has one for, once all its tensors are seen to be there; null without one.
    /// </summary>
    public static NetworkState<T>? CreateState(SafetensorsReader file, IReadOnlyList<StateSize> sizes)
    {
        if (file.Find(StateSteps) is not { Shape: [>= 1 and <= int.MaxValue and long sequences] })
        {
            return null;
        }

        int count = (int)sequences;
        for (int entry = 0; entry < sizes.Count; entry++)
        {
            string type = SafetensorsTensor.TypeOf<T>();
            CheckpointTensor.Require(file, StateHidden(entry), type, [count, sizes[entry].Hidden]);
            CheckpointTensor.Require(file, StateCell(entry), type, [count, sizes[entry].Cell]);
        }

        return new NetworkState<T>(sizes, count);
    }

    private IEnumerable<CheckpointTensor> OfParameters()
    {
        for (int n = 0; n < training.Model.Networks.Count; n++)
        {
            for (int i = 0; i < training.Model.Networks[n].Parameters.Count; i++)
            {
                foreach (CheckpointTensor tensor in OfParameter(n, i))
                {
                    yield return tensor;
                }
            }
        }
    }

    // The optimizer's parts are asked for where values move: before, it may not be bound.
    private IEnumerable<CheckpointTensor> OfParameter(int network, int index)
    {
        Network<T> owner = training.Model.Networks[network];
        Parameter parameter = owner.Parameters[index];
        string name = training.Model.PrefixOf(network) + parameter.Name;
        yield return Packed("network." + name, parameter, () => owner.Flat);
        foreach ((int b, string buffer) in _optimizer.BufferNames.Index())
        {
            yield return Packed($"{Prefix}{buffer}.{name}", parameter, () => _optimizer.Parts[network].Buffers[b].Span);
        }

        foreach ((int s, string scalar) in _optimizer.ScalarNames.Index())
        {
            yield return Single(
                $"{Prefix}{scalar}.{name}", () => ref _optimizer.Parts[network].Scalars[s][index], _optimizer.IsScalar);
        }

        yield return Single(
            $"{Prefix}learning_rate_factor.{name}", () => ref _optimizer.Parts[network].Factors[index], IsSetting);
        yield return Single($"{Prefix}weight_decay.{name}", () => ref _optimizer.Parts[network].Decays[index], IsSetting);
    }

    private IEnumerable<CheckpointTensor> OfSchedule()
    {
        foreach ((string name, double[] values, int index) in training.Schedule?.AllState() ?? [])
        {
            yield return Single(CheckpointTensors.SchedulePrefix + name, () => ref values[index], value => !double.IsNaN(value));
        }
    }

    private IEnumerable<CheckpointTensor> OfState()
    {
        if (state is null)
        {
            yield break;
        }

        yield return new CheckpointTensor<int>(
            StateSteps, [state.Count], () => state.Steps.ToArray(), values => values.CopyTo(state.Steps), steps => steps >= 0);
        for (int i = 0; i < state.Sizes.Count; i++)
        {
            int entry = i;
            yield return new CheckpointTensor<T>(
                StateHidden(entry), [state.Count, state.Sizes[entry].Hidden],
                () => state.Hidden(entry).ToArray(), values => values.CopyTo(state.Hidden(entry)));
            yield return new CheckpointTensor<T>(
                StateCell(entry), [state.Count, state.Sizes[entry].Cell],
                () => state.Cell(entry).ToArray(), values => values.CopyTo(state.Cell(entry)));
        }
    }

    private static CheckpointTensor<T> Packed(string name, Parameter parameter, FlatBuffer flat)
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

    private static bool IsSetting(double value) => T.IsFinite(T.CreateTruncating(value)) && value >= 0;

    private static string StateHidden(int entry) => string.Create(CultureInfo.InvariantCulture, $"state.h.{entry}");

    private static string StateCell(int entry) => string.Create(CultureInfo.InvariantCulture, $"state.c.{entry}");
}
