



using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Specs;

namespace Lstm;

public sealed unsafe partial class Network<T>
{
    /// <summary>Whether it has running averages: those of <see cref="BatchNormalization"/>.</summary>
    internal bool HasStatistics { get; }

    /// <summary>
    /// Moves the running averages of batch norm towards the statistics that the tape's pass, in training mode, has measured: running ←
    /// running + m⊙(batch − running), m being <see cref="BatchNormalization.Momentum"/>. A network without batch norm stays as
    /// it is.
    /// </summary>
    /// <remarks>
    /// <para>Forward itself never writes to the parameters. Call this once after each <see cref="Backward"/> whose step is kept, before or after
    /// the optimizer's; <see cref="Trainer{T}"/> does. It counts as a write to the parameters: <see cref="Version"/> rises.</para>
    /// <para>The variances of W_ih x, W_hh h and c are divided by N for normalising but by N − 1, N being the step's rows, for the running
    /// averages, as in PyTorch. A step of one row has none. Steps from <see cref="BatchNormalization.Steps"/> − 1 on are
    /// averaged first, since they
    /// share one set.</para>
    /// </remarks>
    /// <param name="tape">The tape of a pass that has been back-propagated.</param>
    /// <exception cref="ArgumentException">The tape belongs to another network.</exception>
    /// <exception cref="InvalidOperationException">
    /// The tape's pass has not been back-propagated, was none in training mode, or its statistics have been taken already; or the tape is in use.
    /// </exception>
    public void UpdateStatistics(Tape<T> tape)
    {
        CheckTape(tape);
        using Use.Taking taken = tape.Take();
        if (HasStatistics)
        {
            using Use.Taking writing = TakeForWriting();
            lock (ParameterLock)
            {
                MoveStatistics(tape, Flat);
                Touch();
            }
        }
    }

    /// <summary>The same with running averages that stand elsewhere, at the places they have among the parameters.</summary>
    internal void MoveStatistics(Tape<T> tape, Span<T> flat)
    {
        if (!tape.IsBackPropagated)
        {
            throw new InvalidOperationException("The tape holds no pass that has been back-propagated: statistics are taken after Backward.");
        }

        if (!tape.HasStatistics)
        {
            throw new InvalidOperationException("The tape's pass has no statistics to take: it was not in training mode, or they have been taken already.");
        }

        for (int i = 0; i < Layers.Count; i++)
        {
            Layers[i].MoveStatistics(tape.LayerTapes[i], flat);
        }

        tape.HasStatistics = false;
    }

    // A step measures one set of statistics, so all its rows have to be at the same step of their sequences.
    private void CheckSteps(SequenceShape shape, NetworkState<T>? state, Tape<T> tape)
    {
        int first = -1;
        for (int b = 0; tape.Training && state is not null && HasStatistics && b < shape.Count; b++)
        {
            if (shape.Lengths[b] > 0)
            {
                first = first < 0 ? b : first;
                if (state.Steps[b] != state.Steps[first])
                {
                    throw new ArgumentException(
                        $"Batch norm trains on sequences that are at the same step; in the state, sequence {first} is at step {state.Steps[first]}, sequence {b} at {state.Steps[b]}.",
                        nameof(state));
                }
            }
        }
    }
}
