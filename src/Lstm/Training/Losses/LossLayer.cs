using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Layers;

namespace Lstm.Training.Losses;

/// <summary>A linear layer and the loss behind it as a run's last layer: logits exist for a few hundred rows at a time.</summary>
/// <remarks>
/// <para>Forward ends in <see cref="LossTape{T}.Totals"/>, not in an output. It takes the rows in order and leaves it to Backward
/// to compute the logits again: four products where the separate passes make three.</para>
/// <para>Where the forward pass is given the gradient and the loss is one of labels, Forward does the dense layer's backward pass
/// with each stretch of rows while its logits are at hand: three products, and nothing is left for Backward.</para>
/// <para>Backward passes take the rows as <see cref="RowRuns"/> does – last step first, rows ascending within a step, in whole
/// blocks – so each sum of a weight gradient is the one of the separate passes.</para>
/// </remarks>
internal sealed unsafe class LossLayer<T>(DenseLayer<T> dense, LayerTape<T> denseTape) : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // SAFETY: All pointers into x are within its input.Count rows: chunks are slices of the LossBlock that LossRun.Begin makes of
    // input.Shape (LossTape.Start, LossTape.PrepareBackward), or BackwardChunks of the same shape. Logits, Gradients, Losses and
    // Dz are reserved here for the rows of a chunk. The gradient of x is reserved for all its rows (LayerGradients.Of, Tape).
    public override int OutputSize => dense.OutputSize;

    public override LayerTape<T> CreateTape() => new LossTape<T>((DenseLayer<T>.DenseTape)denseTape);

    public override StepKernel<T> BindStep(Pass<T> pass, NetworkState<T> state)
        => throw new NotSupportedException($"Layer '{Name}' is joined with a loss, which streams do not compute.");

    public override void Forward(in Pass<T> pass, Rows<T> input, LayerTape<T> tape)
    {
        LossTape<T> own = (LossTape<T>)tape;
        LossBlock<T> all = own.Start(input.Shape, OutputSize);
        Debug.Assert(all.Rows == input.Count && input.Features == dense.InputSize);
        if (own.Swept is null)
        {
            Evaluate(pass, input, own, all);
        }
        else
        {
            Sweep(pass, input, own, all);
        }

        own.End();
    }

    /// <summary>Adds the dense layer's parameter gradients and overwrites that of x, unless Forward has done so.</summary>
    /// <inheritdoc/>
    public override void Backward(
        in Pass<T> pass, Rows<T> input, LayerTape<T> tape, T* outputGradient, T* inputGradient, T* gradient)
    {
        LossTape<T> own = (LossTape<T>)tape;
        if (own.Swept is null)
        {
            BackwardChunks chunks = new(input.Shape, own.Blocks, ChunkRows(pass));
            while (chunks.Next(own.Dense.Runs))
            {
                nint place = (nint)chunks.Row * input.Features;
                BackwardChunk(
                    pass, input.Pointer + place, own.Slice(chunks.Row, chunks.Rows), own, inputGradient == null ? null
                    : inputGradient + place, gradient);
            }
        }
        else if (!own.HasWritten(inputGradient))
        {
            throw new InvalidOperationException(
                "ComputesInputGradient of the tape was turned on after ForwardLoss, which has done the backward pass of the " +
                "last layer. Set it before ForwardLoss.");
        }

        own.Clear();
    }

    private void Evaluate(in Pass<T> pass, Rows<T> x, LossTape<T> own, LossBlock<T> all)
    {
        int most = ChunkRows(pass);
        own.Logits.Reserve((long)Math.Min(most, all.Rows) * OutputSize);
        for (int row = 0; row < all.Rows; row += most)
        {
            LossBlock<T> chunk = all.Slice(row, most);
            chunk.Output = own.Logits.Pointer;
            dense.ForwardRows(pass, x.Pointer + ((nint)row * x.Features), chunk.Rows, chunk.Output);
            LossRun<T>.Evaluate(own.Rows, chunk, pass.Team, pass.Width, ref own.Totals);
        }
    }

    private void Sweep(in Pass<T> pass, Rows<T> x, LossTape<T> own, LossBlock<T> all)
    {
        LabelRows<T> rows = (LabelRows<T>)own.Rows;
        T* inputGradient = own.ReserveInputGradient(x);
        T* gradient = own.Swept!.Buffer.Pointer;
        own.Losses.Reserve(all.Rows);
        BackwardChunks chunks = new(x.Shape, own.Blocks, SweepRows(pass));
        while (chunks.Next(own.Dense.Runs))
        {
            nint place = (nint)chunks.Row * x.Features;
            own.Dense.Dz.Reserve((long)chunks.Rows * dense.Outputs.PaddedColumns);
            LossBlock<T> chunk = all.Slice(chunks.Row, chunks.Rows);
            rows.Sweep(pass, dense, x.Pointer + place, chunk, own, own.Losses.Pointer + chunks.Row, ref own.Totals);
            dense.BackwardPanels(
                pass, x.Pointer + place, chunks.Rows, own.Dense, inputGradient == null ? null : inputGradient + place, gradient);
        }

        AddLosses(own, all.Rows);
        GC.KeepAlive(own.Swept);
    }

    // As LossRun adds them: blocks of rows in order.
    private static void AddLosses(LossTape<T> own, int rows)
    {
        for (int block = 0; block < rows; block += LossBlock<T>.MaxRows)
        {
            double sum = 0;
            for (int row = block; row < Math.Min(rows, block + LossBlock<T>.MaxRows); row++)
            {
                sum += own.Losses.Pointer[row];
            }

            own.Totals.Sum += sum;
        }
    }

    private void BackwardChunk(in Pass<T> pass, T* x, LossBlock<T> chunk, LossTape<T> own, T* inputGradient, T* gradient)
    {
        own.Logits.Reserve((long)chunk.Rows * OutputSize);
        own.Gradients.Reserve((long)chunk.Rows * OutputSize);
        chunk.Output = own.Logits.Pointer;
        chunk.Gradient = own.Gradients.Pointer;
        dense.ForwardRows(pass, x, chunk.Rows, chunk.Output);
        LossTotals known = default;
        LossRun<T>.Evaluate(own.Rows, chunk, pass.Team, pass.Width, ref known);
        dense.BackwardRows(pass, x, chunk.Rows, own.Dense, chunk.Output, chunk.Gradient, inputGradient, gradient);
    }

    // Whole blocks of the loss, several for each worker.
    private static int ChunkRows(in Pass<T> pass) => LossBlock<T>.MaxRows * Math.Max(4, 2 * pass.Team.Size);

    // So many that fetching the weights for them is cheap, and few enough for their logits to stay in a cache.
    private int SweepRows(in Pass<T> pass)
        => Math.Max(LossBlock<T>.MaxRows, pass.Resources.SweepBytes / (dense.Outputs.PaddedColumns * sizeof(T)));
}
