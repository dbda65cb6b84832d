using System.Numerics;

namespace Lstm.Training;

/// <summary>The states that a training carries from segment to segment and from batch to batch.</summary>
/// <param name="network">The network whose states they are.</param>
/// <param name="carries">Whether batches continue each other; otherwise states are carried within a batch only.</param>
/// <param name="start">The states to go on from; null for the initial ones.</param>
internal sealed class CarriedStates<T>(Network<T> network, bool carries, NetworkState<T>? start)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Where segments overlap: the states of the pass at hand, while <see cref="Next"/> waits for the pass to come.
    /// </summary>
    private NetworkState<T>? _running;

    /// <summary>The states behind the last completed step, for the trainer to go on from.</summary>
    private NetworkState<T>? _kept;

    /// <summary>
    /// The states of the pass to come. Those of the last completed step stay with the trainer until the next one is.
    /// </summary>
    public NetworkState<T>? Next { get; private set; } = start?.Clone();

    /// <summary>
    /// Whether the states of the pass to come are the initial ones, whose gradient belongs to the learned initial state.
    /// </summary>
    public bool IsInitial { get; set; }

    /// <summary>Whether the batch to come starts from the initial states, whatever the batch before it left.</summary>
    private bool Starts { get; set; }

    /// <summary>Starts an epoch from the beginning: carried states are the initial ones.</summary>
    public void StartEpoch() => Starts = true;

    /// <summary>Whether there are no states to go on from.</summary>
    /// <exception cref="InvalidOperationException">There are, of another number of sequences.</exception>
    public bool AreMissing(TrainingBatch<T> batch, int index)
        => Starts || Next is null
            || (Next.Count == batch.InputShape.Count ? false : throw new InvalidOperationException(
                $"The carried states have {Next.Count} sequences, batch {index} has {batch.InputShape.Count}. "
                + "Resume with the batches of the interrupted training run."));

    /// <summary>Sets the states of the pass to come to the initial ones.</summary>
    public void Reset(int count)
    {
        if (Next?.Count != count)
        {
            Next = network.CreateState(count);
        }
        else
        {
            network.ResetState(Next);
        }

        IsInitial = true;
        Starts = false;
    }

    /// <summary>A copy of the states of the pass to come, which that pass may overwrite.</summary>
    public NetworkState<T> CopyNext()
    {
        _running = _running?.Count == Next!.Count ? _running : Next.Clone();
        _running.CopyFrom(Next);
        return _running;
    }

    /// <summary>
    /// The states to go on from behind the last completed step; null for the initial ones, which are created where they are
    /// needed.
    /// </summary>
    /// <param name="withinBatch">Whether that is within a batch.</param>
    /// <returns>A copy, valid until the next call.</returns>
    public NetworkState<T>? Keep(bool withinBatch)
    {
        if (IsInitial || Starts || Next is null || !(carries || withinBatch))
        {
            return null;
        }

        if (_kept?.Count != Next.Count)
        {
            _kept = Next.Clone();
        }
        else
        {
            _kept.CopyFrom(Next);
        }

        return _kept;
    }
}
