using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Layers;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm.Training.Losses.Softmax;

/// <summary>A loss together with the linear layer before it: logits exist for a few hundred rows at a time.</summary>
/// <remarks>
/// <para><see cref="Forward"/> takes the rows in order and leaves it to <see cref="Backward"/> to compute the logits again: four
/// products where the separate passes make three.</para>
/// <para><see cref="Sweep"/> knows the gradient already, and does the layer's backward pass with each stretch of rows while its
/// logits are at hand: three products. What is left for the network's backward pass is the layers below.</para>
/// <para>Backward passes take the rows as <see cref="RowRuns"/> does – last step first, rows ascending within a step, in whole
/// blocks – so each sum of a weight gradient is the one of the separate passes.</para>
/// </remarks>
internal sealed unsafe class FusedLoss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBuffer<T> _logits = new();
    private readonly AlignedBuffer<T> _gradients = new();
    private readonly AlignedBuffer<T> _lanes = new();
    private readonly AlignedBuffer<SoftmaxRow<T>> _rows = new();
    private readonly AlignedBuffer<double> _losses = new();
    private readonly RowBlocks _blocks = new();
    private Loss<T>? _loss;
    private NetworkTarget<T> _target;
    private LossBlock<T> _all;
    private double? _divisor;
    private (ContentVersion<T> Target, ContentVersion<int> Labels, ContentVersion<T> Weights) _versions;

    /// <summary>
    /// Logits that exist at a time in a sweep. Smaller ones fetch the weights more often, larger ones leave the caches. At least
    /// a block of rows.
    /// </summary>
    public int SweepBytes { get; set; } = 8 << 20;

    /// <summary>Whether the pass on the tape ended in a loss that left its layer to the backward pass.</summary>
    public bool IsPending => _loss is not null;

    /// <summary>What the pass on the tape has added the last layer's gradients to; null if it has not.</summary>
    public Gradient<T>? Swept { get; private set; }

    public void Clear() => (_loss, _target, Swept) = (null, default, null);

    /// <summary>Reads the target and the weights of the pass on the tape again; nothing when there are none.</summary>
    public TargetReading<T> Read() => new(_target);

    public LossTotals Forward(DenseLayer<T> dense, in Pass<T> pass, Rows<T> x, Loss<T> loss, NetworkTarget<T> target, in TargetReading<T> reading, double? divisor)
    {
        LossBlock<T> all = LossRun<T>.Begin(loss, target, reading, x.Shape, dense.OutputSize, divisor, out LossTotals totals);
        Evaluate(dense, pass, x, loss, all, ref totals);
        (_loss, _target, _divisor) = (loss, target, divisor);
        _versions = (new ContentVersion<T>(reading.Values), new ContentVersion<int>(reading.Labels), new ContentVersion<T>(reading.Weights));
        return totals;
    }

    /// <summary>The loss alone, added to sums that may be of rows before these.</summary>
    public void Evaluate(DenseLayer<T> dense, in Pass<T> pass, Rows<T> x, Loss<T> loss, NetworkTarget<T> target, in TargetReading<T> reading, ref LossTotals totals)
    {
        LossBlock<T> all = LossRun<T>.Begin(loss, target, reading, x.Shape, dense.OutputSize, null, out LossTotals own);
        totals.Normalizer += own.Normalizer;
        Evaluate(dense, pass, x, loss, all, ref totals);
    }

    private void Evaluate(DenseLayer<T> dense, in Pass<T> pass, Rows<T> x, Loss<T> loss, LossBlock<T> all, ref LossTotals totals)
    {
        int most = ChunkRows(pass);
        _logits.Reserve((long)Math.Min(most, all.Rows) * dense.OutputSize);
        for (int row = 0; row < all.Rows; row += most)
        {
            LossBlock<T> chunk = all.Slice(row, most);
            chunk.Output = _logits.Pointer;
            dense.ForwardRows(pass, x.Pointer + ((nint)row * x.Features), chunk.Rows, chunk.Output);
            LossRun<T>.Evaluate(loss.Rows!, chunk, pass.Team, pass.Width, ref totals);
        }
    }

    /// <summary>Adds into the layer's gradients; overwrites that of x, which is null when nobody asks for it.</summary>
    public void Backward(DenseLayer<T> dense, in Pass<T> pass, Rows<T> x, LayerTape<T> tape, T* inputGradient, T* gradient)
    {
        DenseLayer<T>.DenseTape own = (DenseLayer<T>.DenseTape)tape;
        BackwardChunks chunks = new(x.Shape, _blocks, ChunkRows(pass));
        while (chunks.Next(own.Runs))
        {
            nint place = (nint)chunks.Row * x.Features;
            BackwardChunk(dense, pass, x.Pointer + place, chunks.Row, chunks.Rows, own, inputGradient == null ? null : inputGradient + place, gradient);
        }

        Clear();
    }

    /// <summary>
    /// Logits, loss and the layer's whole backward pass: adds into its parameters' gradients and overwrites that of x, which
    /// is null when nobody asks for it.
    /// </summary>
    public LossTotals Sweep(
        DenseLayer<T> dense,
        in Pass<T> pass,
        Rows<T> x,
        LayerTape<T> tape,
        Loss<T> loss,
        NetworkTarget<T> target,
        in TargetReading<T> reading,
        double? divisor,
        T* inputGradient,
        Gradient<T> gradient)
    {
        LossBlock<T> all = LossRun<T>.Begin(loss, target, reading, x.Shape, dense.OutputSize, divisor, out LossTotals totals);
        DenseLayer<T>.DenseTape own = (DenseLayer<T>.DenseTape)tape;
        SoftmaxRows<T> rows = (SoftmaxRows<T>)loss.Rows!;
        _losses.Reserve(all.Rows);
        BackwardChunks chunks = new(x.Shape, _blocks, SweepRows(dense.Outputs));
        while (chunks.Next(own.Runs))
        {
            nint place = (nint)chunks.Row * x.Features;
            _lanes.Reserve((long)chunks.Rows * SoftmaxPanels<T>.Chains);
            _rows.Reserve(chunks.Rows);
            own.Dz.Reserve((long)chunks.Rows * dense.Outputs.PaddedColumns);
            SoftmaxPanels<T> panels = new()
            {
                Width = pass.Width,
                Loss = rows,
                Block = all.Slice(chunks.Row, chunks.Rows),
                Input = dense.InputTerm(pass, x.Pointer + place),
                Bias = dense.Bias(pass),
                Columns = dense.Outputs,
                Values = own.Dz.Pointer,
                Lanes = _lanes.Pointer,
                Rows = _rows.Pointer,
                Losses = _losses.Pointer + chunks.Row,
            };
            pass.Team.Run(ref panels);
            for (int row = 0; row < chunks.Rows; row++)
            {
                totals.Decisions += _rows.Pointer[row].Counts ? 1 : 0;
                totals.Right += _rows.Pointer[row].IsRight ? 1 : 0;
            }

            dense.BackwardPanels(pass, x.Pointer + place, chunks.Rows, own, inputGradient == null ? null : inputGradient + place, gradient.Buffer.Pointer);
        }

        // As LossRun adds them: blocks of rows in order.
        for (int block = 0; block < all.Rows; block += LossBlock<T>.MaxRows)
        {
            double sum = 0;
            for (int row = block; row < Math.Min(all.Rows, block + LossBlock<T>.MaxRows); row++)
            {
                sum += _losses.Pointer[row];
            }

            totals.Sum += sum;
        }

        GC.KeepAlive(gradient);
        Swept = gradient;
        return totals;
    }

    /// <summary>Refuses a target or weights that have been refilled since, or hold by now what the loss cannot take.</summary>
    public void Check(in TargetReading<T> reading, SequenceShape shape, int features)
    {
        if (_loss is null)
        {
            return;
        }

        if (!_versions.Target.IsThatOf(reading.Values) || !_versions.Labels.IsThatOf(reading.Labels) || !_versions.Weights.IsThatOf(reading.Weights))
        {
            throw new InvalidOperationException("The target or the weights were refilled since the tape's forward pass.");
        }

        _all = LossRun<T>.Begin(_loss, _target, reading, shape, features, _divisor, out _);
    }

    private void BackwardChunk(DenseLayer<T> dense, in Pass<T> pass, T* x, int row, int rows, DenseLayer<T>.DenseTape own, T* inputGradient, T* gradient)
    {
        _logits.Reserve((long)rows * dense.OutputSize);
        _gradients.Reserve((long)rows * dense.OutputSize);
        LossBlock<T> chunk = _all.Slice(row, rows);
        chunk.Output = _logits.Pointer;
        chunk.Gradient = _gradients.Pointer;
        dense.ForwardRows(pass, x, rows, chunk.Output);
        LossTotals known = default;
        LossRun<T>.Evaluate(_loss!.Rows!, chunk, pass.Team, pass.Width, ref known);
        dense.BackwardRows(pass, x, rows, own, chunk.Output, chunk.Gradient, inputGradient, gradient);
    }

    /// <summary>Whole blocks of the loss, several for each worker.</summary>
    private static int ChunkRows(in Pass<T> pass) => LossBlock<T>.MaxRows * Math.Max(4, 2 * pass.Team.Size);

    /// <summary>So many that fetching the weights for them is cheap, and few enough for their logits to stay in a cache.</summary>
    private int SweepRows(PanelLayout outputs) => Math.Max(LossBlock<T>.MaxRows, SweepBytes / (outputs.PaddedColumns * sizeof(T)));
}
