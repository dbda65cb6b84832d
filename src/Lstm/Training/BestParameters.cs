using System.Numerics;

namespace Lstm.Training;

/// <summary>The epoch of the best validation loss, and the parameters that the network had at its end.</summary>
internal sealed class BestParameters<T>(TrainingOptions options)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private T[]? _parameters;
    private double _loss = double.PositiveInfinity;

    /// <summary>The epoch, counted from 1; null before the first that is better than none.</summary>
    public int? Epoch { get; private set; }

    /// <summary>Whether parameters have been kept.</summary>
    public bool IsKept => _parameters is not null;

    /// <summary>Notes an epoch; says whether patience is at its end.</summary>
    public bool Judge(int epoch, double? validationLoss, Network<T> network)
    {
        if (validationLoss is { } loss && (loss < _loss - options.MinimumImprovement || (Epoch is null && loss <= _loss)))
        {
            (Epoch, _loss) = (epoch, loss);
            if (options.RestoreBest)
            {
                _parameters ??= new T[network.Flat.Length];
                network.Flat.CopyTo(_parameters);
            }
        }

        return options.Patience is { } patience && epoch - (Epoch ?? 0) >= patience;
    }

    /// <summary>Gives the network the parameters, if some have been kept.</summary>
    public void Restore(Network<T> network)
    {
        if (_parameters is not null)
        {
            network.SetParameters(_parameters);
        }
    }
}
