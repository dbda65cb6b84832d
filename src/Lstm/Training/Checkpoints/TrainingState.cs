using System.Numerics;
using Lstm.Training.Losses;

namespace Lstm.Training.Checkpoints;

/// <summary>All that a training goes on from, and what keeps two calls from changing it at once.</summary>
internal sealed class TrainingState<T>(TrainableModel<T> model, Optimizer<T> optimizer)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private int _running;

    /// <summary>The model that is trained.</summary>
    public TrainableModel<T> Model => model;

    /// <summary>The optimizer, with its state.</summary>
    public Optimizer<T> Optimizer => optimizer;

    /// <summary>The course of the learning rate; null for a constant one.</summary>
    public LearningRateSchedule? Schedule { get; set; }

    /// <summary>How far the training is.</summary>
    public TrainingPosition Position { get; private set; }

    /// <summary>
    /// The states carried to the batch, or within the batch, at <see cref="Position"/>; null for the initial ones.
    /// </summary>
    public NetworkState<T>? CarriedState { get; set; }

    /// <summary>The losses of the epoch's steps up to <see cref="Position"/>.</summary>
    public LossMeter EpochLoss { get; private set; }

    /// <summary>Lets other threads in between two steps.</summary>
    public StepGate Gate { get; } = new();

    /// <summary>Moves to the place that a step or a checkpoint leaves the training at.</summary>
    public void MoveTo(TrainingPosition position, NetworkState<T>? carried, LossMeter epochLoss)
        => (Position, CarriedState, EpochLoss) = (position, carried, epochLoss);

    /// <summary>Moves to a place that the caller chooses. Carried states stay.</summary>
    /// <exception cref="InvalidOperationException">A training runs.</exception>
    public void MoveTo(TrainingPosition position)
    {
        ThrowIfRunning("Position cannot be set");
        (Position, EpochLoss) = (position, default);
        Schedule?.MoveTo(position.Epoch);
    }

    /// <summary>Takes the training for one call, until the result is disposed of.</summary>
    /// <param name="what">The beginning of the message of a refusal, as in "Fit cannot be called".</param>
    /// <exception cref="InvalidOperationException">A training runs.</exception>
    public Running Take(string what)
    {
        if (Interlocked.Exchange(ref _running, 1) != 0)
        {
            ThrowRunning(what);
        }

        return new Running(this);
    }

    /// <summary>Refuses a call while a training runs.</summary>
    /// <exception cref="InvalidOperationException">A training runs.</exception>
    public void ThrowIfRunning(string what)
    {
        if (Volatile.Read(ref _running) != 0)
        {
            ThrowRunning(what);
        }
    }

    private static void ThrowRunning(string what)
        => throw new InvalidOperationException(
            $"{what} while Fit or LoadCheckpoint runs on this trainer, from a progress callback or another thread. "
            + "Cancel Fit first, or wait for its end.");

    /// <summary>A training that is taken.</summary>
    internal readonly struct Running(TrainingState<T> state) : IDisposable
    {
        public void Dispose() => Volatile.Write(ref state._running, 0);
    }
}
