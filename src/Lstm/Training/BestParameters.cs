using System.Numerics;
using Lstm.Runtime;

namespace Lstm.Training;

/// <summary>The epoch of the best validation loss, and the parameters that the model had at its end.</summary>
internal sealed class BestParameters<T>(TrainableModel<T> model, TrainingOptions options)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private T[][]? _parameters;
    private double _loss = double.PositiveInfinity;

    /// <summary>The epoch, counted from 1; null before the first that is better than none.</summary>
    public int? Epoch { get; private set; }

    /// <summary>Whether parameters have been kept.</summary>
    public bool IsKept => _parameters is not null;

    /// <summary>Notes an epoch.</summary>
    /// <returns>Whether patience is at its end.</returns>
    public bool Judge(int epoch, double? validationLoss)
    {
        if (validationLoss is { } loss && (loss < _loss - options.MinimumImprovement || (Epoch is null && loss <= _loss)))
        {
            (Epoch, _loss) = (epoch, loss);
            if (options.RestoreBest)
            {
                _parameters ??= [.. model.Networks.Select(network => new T[network.Flat.Length])];
                for (int i = 0; i < _parameters.Length; i++)
                {
                    model.Networks[i].Flat.CopyTo(_parameters[i]);
                }
            }
        }

        return options.Patience is { } patience && epoch - (Epoch ?? 0) >= patience;
    }

    /// <summary>Gives the model the parameters, if some have been kept.</summary>
    public void Restore()
    {
        if (_parameters is null)
        {
            return;
        }

        using LockGroup.Scope locked = model.Locks.Enter();
        for (int i = 0; i < _parameters.Length; i++)
        {
            model.Networks[i].SetParameters(_parameters[i]);
        }
    }
}
