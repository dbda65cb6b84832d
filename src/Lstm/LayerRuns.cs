using System.Numerics;
using Lstm.Layers;
using Lstm.Training.Losses;

namespace Lstm;

/// <summary>
/// The ways in which a tape or a workspace runs the layers of its network: with a loss as the last layer or without, and with all
/// steps kept or computed again. All ways share the layers' parts of the tape.
/// </summary>
internal sealed class LayerRuns<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private LayerRun<T>? _recomputed;
    private LayerRun<T>? _ending;
    private LayerRun<T>? _endingRecomputed;
    private LossLayer<T>? _lossLayer;

    public LayerRuns(IReadOnlyList<Layer<T>> layers)
        => Chosen = Plain = new LayerRun<T>(layers, [.. layers.Select(layer => layer.CreateTape())]);

    /// <summary>The network's layers, one by one.</summary>
    public LayerRun<T> Plain { get; }

    /// <summary>The way of the last pass.</summary>
    public LayerRun<T> Chosen { get; private set; }

    /// <summary>Whether the last pass kept only what it needs to compute the rest again.</summary>
    public bool IsRecomputed { get; private set; }

    /// <summary>The part of the loss that was the last layer of the last pass; null if the pass ended in an output.</summary>
    public LossTape<T>? Loss => Chosen.Tapes[^1] as LossTape<T>;

    /// <summary>The last layer of a run that ends in a loss; null if the loss needs the whole output.</summary>
    public LossLayer<T>? LastLayer(Loss<T> loss)
    {
        LossLayer<T>? layer = loss.LastLayer(Plain.Layers[^1], Plain.Tapes[^1], _lossLayer);
        _lossLayer ??= layer;
        return layer;
    }

    /// <summary>Chooses the way of the pass that begins.</summary>
    /// <param name="loss">The last layer where the pass ends in a loss, from <see cref="LastLayer"/>; else null.</param>
    /// <param name="recomputes">Whether steps are to be computed again in the backward pass.</param>
    public void Choose(LossLayer<T>? loss, bool recomputes)
    {
        int layers = Plain.Layers.Count;
        IsRecomputed = recomputes;
        if (loss is null)
        {
            Chosen = recomputes ? _recomputed ??= Plain.Recomputed(layers) : Plain;
            return;
        }

        _ending ??= Plain.EndingIn(loss);
        Chosen = recomputes ? _endingRecomputed ??= _ending.Recomputed(layers - 1) : _ending;
    }
}
