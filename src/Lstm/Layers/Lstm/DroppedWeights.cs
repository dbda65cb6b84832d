using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Elementwise;
using Lstm.Kernels.Products;
using Lstm.Runtime;

namespace Lstm.Layers;

/// <summary>
/// W_hh of a direction with some weights dropped once for a training pass (DropConnect, Merity et al. 2018), and the gradient of
/// that.
/// </summary>
// SAFETY: Draw and ReserveGradient reserve as many values as W_hh has, padding included (Parameter.PackedLength); ParameterLayout
// has as many at its offset, in the parameters and in the gradient. DirectionGradients reserves the gradient before it adds it.
internal sealed unsafe class DroppedWeights<T>(LstmSpec spec, LstmWeights weights, DirectionMasks<T> masks, PanelLayout gates)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBuffer<T> _weights = new();
    private readonly AlignedBuffer<T> _gradient = new();

    public T* Pointer => _weights.Pointer;

    /// <summary>Draws the weights of a pass.</summary>
    public void Draw(in Pass<T> pass, DirectionTape<T> tape)
    {
        _weights.Reserve(weights.WeightHh.PackedLength);
        WeightDrop<T> drop = Drop(pass, tape, pass.Parameter(weights.WeightHh), _weights.Pointer, adds: false);
        pass.Team.Run(ref drop);
    }

    /// <summary>
    /// Makes room for the gradient of the weights as they were seen: all zero, or what later segments have added.
    /// </summary>
    public T* ReserveGradient(in Pass<T> pass)
    {
        _gradient.Reserve(weights.WeightHh.PackedLength);
        if (pass.Segment.IsLast)
        {
            _gradient.Span.Clear();
        }

        return _gradient.Pointer;
    }

    /// <summary>Adds that gradient, once all segments have added to it, to that of W_hh.</summary>
    public void AddGradient(in Pass<T> pass, DirectionTape<T> tape, T* gradient)
    {
        Debug.Assert(_gradient.Length >= weights.WeightHh.PackedLength, "The gradient has not been reserved.");
        WeightDrop<T> drop = Drop(pass, tape, _gradient.Pointer, gradient + weights.WeightHh.Offset, adds: true);
        pass.Team.Run(ref drop);
    }

    private WeightDrop<T> Drop(in Pass<T> pass, DirectionTape<T> tape, T* source, T* target, bool adds) => new()
    {
        Width = pass.Width,
        Columns = gates,
        Units = spec.HiddenSize,
        Inputs = spec.StateSize,
        Mask = masks.Weight(pass, tape.Shape),
        Scale = masks.WeightScale,
        Source = source,
        Target = target,
        Adds = adds,
    };
}
