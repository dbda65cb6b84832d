using System.Numerics;
using Lstm.Training.Batches;

namespace Lstm.Training;

/// <summary>Makes the source of what a caller gives as batches, and checks what can be checked before the first step.</summary>
internal sealed class BatchSources<T>(Trainer<T> trainer, TrainingOptions options)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string List = "training batches";

    /// <summary>The batches of a list, in the order that the options ask for.</summary>
    public BatchSource<T> OfTraining(IReadOnlyList<TrainingBatch<T>> batches)
    {
        const string argument = "batches";
        BatchChecks<T> checks = Checks(argument, List, trains: true);
        long? seed = options.Shuffle == Shuffle.None || options.CarryState ? null : options.Seed;
        if (batches is not ICollection<TrainingBatch<T>>)
        {
            if (options.Shuffle == Shuffle.Sequences || options.DropSmallBatch)
            {
                string option = options.DropSmallBatch ? nameof(options.DropSmallBatch) : "Shuffle = Sequences";
                throw new ArgumentException(
                    $"{option} needs batches that exist, but the list of type {batches.GetType().Name} may make them when it is asked. Give an array, or do this in the list itself.", "options");
            }

            CheckCount(batches.Count, argument, List);
            return new ListSource<T>(batches, checks, seed);
        }

        // A copy: what is added to the caller's list meanwhile is of the next call.
        TrainingBatch<T>[] all = [.. batches];
        checks.CheckAll(all);
        bool drops = options.DropSmallBatch && all[^1].InputShape.Count < all[0].InputShape.Count;
        int count = all.Length - (drops ? 1 : 0);
        if (options.Shuffle != Shuffle.Sequences)
        {
            return new ListSource<T>(drops ? all[..count] : all, null, seed);
        }

        return DealtSource<T>.WhyNotAlike(all) is { } problem
            ? throw new ArgumentException($"Shuffle = Sequences deals out the sequences of all batches anew, but {problem}. Use Shuffle = Batches.", argument)
            : new DealtSource<T>(all, options.Seed, options.AccumulateBatches, count);
    }

    /// <summary>The batches that a function makes.</summary>
    public BatchSource<T> OfTraining(Func<int, IEnumerable<TrainingBatch<T>>> epochBatches)
        => options.Shuffle == Shuffle.Sequences || options.DropSmallBatch
            ? throw new ArgumentException("Shuffle = Sequences and DropSmallBatch need batches that exist; a function that makes them can do this itself.", "options")
            : new EpochSource<T>(epochBatches, Checks("epochBatches", List, trains: true));

    /// <summary>The batches of a list in its order.</summary>
    public BatchSource<T> OfEvaluation(IReadOnlyList<TrainingBatch<T>> batches, string argument, string list)
    {
        BatchChecks<T> checks = Checks(argument, list, trains: false);
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

    private BatchChecks<T> Checks(string argument, string list, bool trains) => new(trainer.Network, trainer.Loss, options, argument, list, trains);

    private static void CheckCount(int count, string argument, string list)
    {
        if (count == 0)
        {
            throw new ArgumentException($"There are 0 {list}; at least 1 is needed.", argument);
        }
    }
}
