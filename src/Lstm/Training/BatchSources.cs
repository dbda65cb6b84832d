using System.Numerics;
using Lstm.Training.Batches;

namespace Lstm.Training;

/// <summary>Makes the source of what a caller gives as batches, and checks what can be checked before the first step.</summary>
internal sealed class BatchSources<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string List = "training batches";

    private readonly Trainer<T> _trainer;
    private readonly IReadOnlyList<TrainingBatch<T>>? _validation;

    /// <summary>Checks the options before any batch is asked for.</summary>
    /// <param name="trainer">The trainer: its model and loss.</param>
    /// <param name="options">How batches are gone through.</param>
    /// <param name="validation">The batches that are evaluated after each epoch; null or empty for none.</param>
    /// <exception cref="ArgumentException">The options are null or out of range.</exception>
    /// <exception cref="NotSupportedException">The options cut sequences that a layer or the loss needs whole.</exception>
    public BatchSources(Trainer<T> trainer, TrainingOptions options, IReadOnlyList<TrainingBatch<T>>? validation)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(validation is { Count: > 0 });
        BatchChecks<T>.CheckLayers(trainer.Model, trainer.Loss, options);
        (_trainer, Options, _validation) = (trainer, options, validation);
    }

    /// <summary>How batches are gone through.</summary>
    public TrainingOptions Options { get; }

    /// <summary>The batches of a list, in the order that the options ask for.</summary>
    public BatchSource<T> OfTraining(IReadOnlyList<TrainingBatch<T>> batches)
    {
        const string argument = "batches";
        BatchChecks<T> checks = Checks(argument, List, Options, trains: true);
        long? seed = Options.Shuffle == Shuffle.None || Options.CarryState ? null : Options.Seed;
        if (batches is not ICollection<TrainingBatch<T>>)
        {
            if (Options.Shuffle == Shuffle.Sequences || Options.DropSmallBatch)
            {
                string option = Options.DropSmallBatch ? nameof(Options.DropSmallBatch) : "Shuffle = Sequences";
                throw new ArgumentException(
                    $"{option} needs existing batches, but the list of type {batches.GetType().Name} may create them on demand. "
                    + "Give an array or a List, or do this in the list itself.",
                    "options");
            }

            CheckCount(batches.Count, argument, List);
            return new ListSource<T>(batches, checks, seed);
        }

        // A copy: what is added to the caller's list meanwhile is of the next call.
        TrainingBatch<T>[] all = [.. batches];
        checks.CheckAll(all);
        bool drops = Options.DropSmallBatch && all[^1].InputShape.Count < all[0].InputShape.Count;
        int count = all.Length - (drops ? 1 : 0);
        if (Options.Shuffle != Shuffle.Sequences)
        {
            return new ListSource<T>(drops ? all[..count] : all, null, seed);
        }

        return DealtSource<T>.WhyNotAlike(all) is { } problem
            ? throw new ArgumentException(
                $"Shuffle = Sequences redistributes the sequences of all batches, but {problem}. Use Shuffle = Batches.",
                argument)
            : new DealtSource<T>(all, Options.Seed, Options.AccumulateBatches, count);
    }

    /// <summary>The batches that a function makes.</summary>
    public BatchSource<T> OfTraining(Func<int, IEnumerable<TrainingBatch<T>>> epochBatches)
        => Options.Shuffle == Shuffle.Sequences || Options.DropSmallBatch
            ? throw new ArgumentException(
                "Shuffle = Sequences and DropSmallBatch need existing batches. Do this in the function that creates the batches.",
                "options")
            : new EpochSource<T>(epochBatches, Checks("epochBatches", List, Options, trains: true));

    /// <summary>The validation batches, whole; null if there are none.</summary>
    public BatchSource<T>? OfValidation()
        => _validation is { Count: > 0 }
            ? InOrder(
                _validation, "validationBatches", "validation batches", Options with { TruncateAfter = null, StepEvery = null })
            : null;

    /// <summary>The batches of an evaluation.</summary>
    public BatchSource<T> OfEvaluation(IReadOnlyList<TrainingBatch<T>> batches)
        => InOrder(batches, "batches", "batches", Options);

    private ListSource<T> InOrder(IReadOnlyList<TrainingBatch<T>> batches, string argument, string list, TrainingOptions options)
    {
        BatchChecks<T> checks = Checks(argument, list, options, trains: false);
        CheckCount(batches.Count, argument, list);
        if (batches is ICollection<TrainingBatch<T>>)
        {
            TrainingBatch<T>[] all = [.. batches];
            checks.CheckAll(all);
            return new ListSource<T>(all, null, null);
        }

        ListSource<T> source = new(batches, checks, null);
        source.CheckFirst();
        return source;
    }

    private BatchChecks<T> Checks(string argument, string list, TrainingOptions options, bool trains)
        => new(_trainer.Model, _trainer.Loss, options, argument, list, trains);

    private static void CheckCount(int count, string argument, string list)
    {
        if (count == 0)
        {
            throw new ArgumentException($"There are 0 {list}; at least 1 is needed.", argument);
        }
    }
}
