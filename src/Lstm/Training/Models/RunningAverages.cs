using System.Numerics;
using Lstm.Parameters;

namespace Lstm.Training.Models;

/// <summary>
/// The running averages of a network's batch norm as they will be after the step under way. A step that is skipped or canceled,
/// perhaps after some of its batches, leaves the network's averages as they were.
/// </summary>
internal sealed class RunningAverages<T>(Network<T> network)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] _flat = network.HasStatistics ? new T[network.Flat.Length] : [];

    /// <summary>Begins a step with the averages of the network.</summary>
    public void Begin() => Copy(network.Flat, _flat);

    /// <summary>Moves the averages towards the statistics of a pass that has been back-propagated.</summary>
    public void Add(Tape<T> tape)
    {
        if (_flat.Length > 0)
        {
            tape.MoveStatistics(_flat);
        }
    }

    /// <summary>Gives the averages to the network.</summary>
    public void Commit()
    {
        if (_flat.Length > 0)
        {
            lock (network.ParameterLock)
            {
                Copy(_flat, network.Flat);
                network.Touch();
            }
        }
    }

    private void Copy(ReadOnlySpan<T> source, Span<T> target)
    {
        for (int i = 0; _flat.Length > 0 && i < network.Parameters.Count; i++)
        {
            Parameter parameter = network.Parameters[i];
            if (parameter.IsStatistic)
            {
                source.Slice(parameter.Offset, parameter.PackedLength).CopyTo(target[parameter.Offset..]);
            }
        }
    }
}
