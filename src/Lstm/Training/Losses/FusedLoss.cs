using System.Numerics;
using Lstm.Kernels;
using Lstm.Layers;
using Lstm.Sequences;

namespace Lstm.Training;

/// <summary>A loss together with the linear layer before it: logits exist for a few hundred rows at a time, and are computed twice.</summary>
/// <remarks>
/// Forward takes the rows in order. Backward takes them as <see cref="RowRuns"/> does – last step first, rows ascending
/// within a step – so each chain of a weight gradient is the one of the separate passes, cut where memory holds it anyway.
/// </remarks>
internal sealed unsafe class FusedLoss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBuffer<T> _logits = new();
    private readonly AlignedBuffer<T> _gradients = new();
    private Loss<T>? _loss;
    private LossInput<T> _input;
    private LossBlock<T> _all;
    private double _gradientScale;
    private (int Target, int Weights) _versions;

    /// <summary>Whether the pass on the tape ended in a loss.</summary>
    public bool IsPending => _loss is not null;

    public void Clear() => _loss = null;

    public LossTotals Forward(DenseLayer<T> dense, Pass<T> pass, Rows<T> x, Loss<T> loss, LossInput<T> input, double gradientScale)
    {
        LossBlock<T> all = LossRun<T>.Begin(loss, input, x.Shape, dense.OutputSize, gradientScale, out LossTotals totals);
        int most = ChunkRows(pass);
        _logits.Reserve((long)Math.Min(most, all.Rows) * dense.OutputSize);
        for (int row = 0; row < all.Rows; row += most)
        {
            LossBlock<T> chunk = all.Slice(row, most);
            chunk.Output = _logits.Pointer;
            dense.ForwardRows(pass, x.Pointer + ((nint)row * x.Features), chunk.Rows, chunk.Output);
            LossRun<T>.Evaluate(loss.Rows!, chunk, pass.Team, pass.Width, ref totals);
        }

        (_loss, _input, _gradientScale, _versions) = (loss, input, gradientScale, Versions(input));
        return totals;
    }

    /// <summary>Adds into the layer's gradients; overwrites that of x, which is null when nobody asks for it.</summary>
    public void Backward(DenseLayer<T> dense, Pass<T> pass, Rows<T> x, LayerRecord<T> record, T* inputGradient, T* gradient)
    {
        DenseLayer<T>.Record kept = (DenseLayer<T>.Record)record;
        int most = ChunkRows(pass);
        for (int end = x.Shape.StepCount; end > 0;)
        {
            int first = end - 1;
            while (first > 0 && x.Shape.Offset(end) - x.Shape.Offset(first - 1) <= most)
            {
                first--;
            }

            int from = x.Shape.Offset(first);
            int to = x.Shape.Offset(end);
            for (int row = from; row < to; row += most)
            {
                int rows = Math.Min(most, to - row);
                if (rows == to - from)
                {
                    kept.Runs.Set(x.Shape, first, end);
                }
                else
                {
                    kept.Runs.Set(rows);
                }

                nint place = (nint)row * x.Features;
                BackwardChunk(dense, pass, x.Pointer + place, row, rows, kept, inputGradient == null ? null : inputGradient + place, gradient);
            }

            end = first;
        }

        GC.KeepAlive(_input.Target);
        GC.KeepAlive(_input.Labels);
        GC.KeepAlive(_input.Weights);
        Clear();
    }

    /// <summary>Refuses a target or weights that have been refilled since, or hold by now what the loss cannot take.</summary>
    public void Check(SequenceShape shape, int features)
    {
        if (_loss is null)
        {
            return;
        }

        if (Versions(_input) != _versions)
        {
            throw new InvalidOperationException("The target or the weights were refilled since the tape's forward pass.");
        }

        _all = LossRun<T>.Begin(_loss, _input, shape, features, _gradientScale, out _);
    }

    private void BackwardChunk(DenseLayer<T> dense, Pass<T> pass, T* x, int row, int rows, DenseLayer<T>.Record kept, T* inputGradient, T* gradient)
    {
        _logits.Reserve((long)rows * dense.OutputSize);
        _gradients.Reserve((long)rows * dense.OutputSize);
        LossBlock<T> chunk = _all.Slice(row, rows);
        chunk.Output = _logits.Pointer;
        chunk.Gradient = _gradients.Pointer;
        dense.ForwardRows(pass, x, rows, chunk.Output);
        LossTotals known = default;
        LossRun<T>.Evaluate(_loss!.Rows!, chunk, pass.Team, pass.Width, ref known);
        dense.BackwardRows(pass, x, rows, kept, chunk.Output, chunk.Gradient, inputGradient, gradient);
    }

    /// <summary>Whole blocks of the loss, several for each worker.</summary>
    private static int ChunkRows(Pass<T> pass) => LossBlock<T>.MaxRows * Math.Max(4, 2 * pass.Team.Size);

    private static (int Target, int Weights) Versions(LossInput<T> input)
        => ((input.Target?.Shape ?? input.Labels!.Shape).Version, input.Weights?.Shape.Version ?? 0);
}
