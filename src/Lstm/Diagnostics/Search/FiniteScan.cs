using System.Diagnostics;
using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Layers;
using Lstm.Specs;

namespace Lstm.Diagnostics;

/// <summary>The scan of a pass that keeps nothing for values that are not finite.</summary>
internal static unsafe class FiniteScan
{
    /// <summary>
    /// Tells whether the input, the outputs of all layers and the final states are finite, without the place of one that is not.
    /// </summary>
    /// <param name="run">The layers that have run.</param>
    /// <param name="pass">The pass.</param>
    /// <param name="rows">What the pass read, without ids.</param>
    /// <param name="sizes">The sizes of the network's states.</param>
    public static bool IsFinite<T>(LayerRun<T> run, in Pass<T> pass, Rows<T> rows, IReadOnlyList<StateSize> sizes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // SAFETY: rows are those of PassChecks.CheckInput: it compares the features of the batch with those of the rows, whose
        // shape is that of the content; SequenceContent reserves RowCount × FeatureSize values for it, and the caller's reading
        // keeps them.
        Debug.Assert(rows.Features == run.Layers[0].InputSize, "The rows are those of another network.");
        if (rows.Pointer != null && !AreFinite(new ReadOnlySpan<T>(rows.Pointer, rows.Count * rows.Features)))
        {
            return false;
        }

        for (int i = 0; i < run.Layers.Count; i++)
        {
            LayerTape<T> tape = run.Tapes[i];
            int count = tape.OutputShape.RowCount * run.Layers[i].OutputSize;
            if (!AreFinite<T>(tape.Output.Span.Slice((int)tape.OutputStart, count)))
            {
                return false;
            }
        }

        // h may be finite where c is not: tanh of infinity is 1.
        NetworkState<T> final = new(sizes, rows.Shape.Count);
        run.TakeFinalState(final, pass, rows.Shape);
        for (int entry = 0; entry < final.Sizes.Count; entry++)
        {
            if (!AreFinite<T>(final.Hidden(entry)) || !AreFinite<T>(final.Cell(entry)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AreFinite<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => TensorPrimitives.IsFiniteAll(values);
}
