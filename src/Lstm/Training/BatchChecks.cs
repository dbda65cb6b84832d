using System.Numerics;
using Lstm.Sequences;
using Lstm.Training.Batches;
using Lstm.Training.Losses;

namespace Lstm.Training;

/// <summary>
/// Refuses training batches that do not fit the model, the loss, the options or the batch before, each before it is used.
/// </summary>
/// <remarks>
/// One object for each list of batches: call <see cref="CheckAll"/> for a list that exists, or <see cref="Begin"/> at the start
/// of an epoch and <see cref="Check"/> for each batch as it comes. Neither runs a network, and neither allocates once the largest
/// batch has been seen.
/// </remarks>
/// <param name="model">The model that reads the batches.</param>
/// <param name="loss">The loss that their targets belong to.</param>
/// <param name="options">How the batches are gone through.</param>
/// <param name="argument">The name of the caller's argument.</param>
/// <param name="list">The list as it is named in messages: "training batches" or "validation batches".</param>
/// <param name="trains">Whether steps are made on the batches; otherwise they are only evaluated.</param>
internal sealed class BatchChecks<T>(
    TrainableModel<T> model, Loss<T> loss, TrainingOptions options, string argument, string list, bool trains)
    : IBatchCheck<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The shape of the output where the network pools sequences; null where it is the input's.</summary>
    private readonly SequenceShape? _pooled = model.PooledSteps is null ? null : new SequenceShape();

    /// <summary>The rows of each sequence where it does.</summary>
    private readonly int _pooledSteps = model.PooledSteps ?? 1;

    /// <summary>Whether a target that is not finite is refused, as its step could not be left out.</summary>
    private readonly bool _needsFinite = options.OnNonFinite == NonFiniteAction.Throw || !trains;

    /// <summary>Sequences of the first batch.</summary>
    private int _sequences;

    /// <summary>Two lengths of the batch before; equal unless it cannot be continued with batch norm.</summary>
    private (int First, int Other) _lengths;

    /// <summary>Where the sequences of the batch before come from; null when that is not known.</summary>
    private SequenceOrigin? _origin;

    /// <summary>Refuses layers, and a loss, that need the whole sequences that the options do not give them.</summary>
    /// <exception cref="NotSupportedException">There is one.</exception>
    public static void CheckLayers(TrainableModel<T> model, Loss<T> loss, TrainingOptions options)
    {
        if (options.TruncateAfter is not null && loss.RefusesParts)
        {
            throw new NotSupportedException(
                $"{loss} needs whole sequences, which TruncateAfter does not give. Leave TruncateAfter at null; " +
                $"RecomputeEvery saves memory.");
        }

        if (options.TruncateAfter is null && !options.CarryState)
        {
            return;
        }

        if (model.WholeSequenceReason is { } reason)
        {
            string option = options.CarryState ? nameof(options.CarryState) : nameof(options.TruncateAfter);
            throw new NotSupportedException($"{reason}; {option} gives only parts of sequences.");
        }
    }

    /// <summary>Checks a list whose batches exist already.</summary>
    /// <exception cref="ArgumentException">There are no batches, or one does not fit.</exception>
    public void CheckAll(IReadOnlyList<TrainingBatch<T>> batches)
    {
        ArgumentNullException.ThrowIfNull(batches, argument);
        if (batches.Count == 0)
        {
            throw new ArgumentException($"There are 0 {list}; at least 1 is needed.", argument);
        }

        Begin();
        for (int i = 0; i < batches.Count; i++)
        {
            Check(batches[i], i);
        }
    }

    /// <summary>Forgets the batches so far: the next one is the first of an epoch.</summary>
    public void Begin() => (_sequences, _lengths, _origin) = (0, default, null);

    /// <summary>Checks one batch, and what it shares with those that came before it.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="index">Its index in the caller's list, or its number in the epoch.</param>
    /// <exception cref="ArgumentException">
    /// It does not fit, or is null, or has labels for a loss of values or values for a loss of labels.
    /// </exception>
    public void Check(TrainingBatch<T>? batch, int index)
    {
        if (batch is null)
        {
            throw new ArgumentException($"Batch {index} of the {list} is null; give a batch.", argument);
        }

        if (model.WhyNot(batch.Input) is { } problem)
        {
            throw new ArgumentException($"Batch {index} of the {list} does not match the model. {problem}", argument);
        }

        CheckTarget(batch, new BatchPlace(argument, list, index));
        if (options.CarryState)
        {
            CheckContinues(batch, index);
        }
    }

    private void CheckTarget(TrainingBatch<T> batch, BatchPlace place)
    {
        SequenceShape output = batch.InputShape;
        if (_pooled is not null)
        {
            _pooled.SetDense(output.Count, _pooledSteps);
            output = _pooled;
        }

        LossChecks<T>.Check(loss, batch.Target, output, model.Output.OutputSize, place);

        // A custom loss may take NaN for a value that is missing.
        if (_needsFinite && loss.Rows is not null)
        {
            LossChecks<T>.CheckFinite(batch.Target, place);
        }
    }

    private void CheckContinues(TrainingBatch<T> batch, int index)
    {
        int sequences = batch.InputShape.Count;
        _sequences = _sequences == 0 ? sequences : _sequences;
        if (sequences != _sequences)
        {
            throw new ArgumentException(
                $"Batch {index} of the {list} has {sequences} sequences, the first batch has {_sequences}; CarryState " +
                $"needs the same number in each batch.",
                argument);
        }

        if (batch.WhyNotContinuing(_origin) is { } reason)
        {
            throw new ArgumentException(
                $"Batch {index} of the {list} does not continue batch {index - 1}, as CarryState needs: {reason}.", argument);
        }

        _origin = batch.Origin;

        // Batch norm has statistics for each step, so the sequences of a batch have to be continued at the same one.
        if (model.HasStatistics && _lengths.First != _lengths.Other)
        {
            throw new ArgumentException(
                $"Batch {index - 1} of the {list} has sequences of {_lengths.First} and of {_lengths.Other} steps; "
                + "CarryState with batch norm needs sequences of the same length in a batch.",
                argument);
        }

        ReadOnlySpan<int> lengths = batch.InputShape.Lengths;
        int other = lengths.IndexOfAnyExcept(lengths[0]);
        _lengths = (lengths[0], other < 0 ? lengths[0] : lengths[other]);
    }
}
