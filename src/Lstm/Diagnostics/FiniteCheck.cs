using System.Diagnostics;
using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Layers;

namespace Lstm.Diagnostics;

/// <summary>
/// Looks at a pass that keeps nothing: a scan of what is there, and a second pass that keeps everything where the scan finds
/// something.
/// </summary>
internal static unsafe class FiniteCheck
{
    /// <summary>Throws when the input, the output of a layer or a final state has a value that is not finite.</summary>
    /// <param name="workspace">The workspace of the pass.</param>
    /// <param name="rows">What the pass read, without ids.</param>
    /// <param name="batch">The input of the pass.</param>
    /// <param name="state">The state that the pass started from, not yet written back; or null.</param>
    /// <exception cref="NonFiniteValueException">There is such a value.</exception>
    public static void Check<T>(Workspace<T> workspace, Rows<T> rows, NetworkInput<T> batch, NetworkState<T>? state)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (AreFinite(workspace, rows))
        {
            return;
        }

        NetworkState<T>? start = state is null ? null : new NetworkState<T>(state.Sizes, state.Count);
        start?.CopyValues(state!);
        if (NonFinite.InPass(workspace.Network, batch, start) is { } origin)
        {
            throw new NonFiniteValueException(origin);
        }
    }

    private static bool AreFinite<T>(Workspace<T> workspace, Rows<T> rows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // SAFETY: rows are those of Network.CheckInput: it compares the features of the batch with those of the rows, whose shape
        // is that of the content; SequenceContent reserves RowCount × FeatureSize values for it, and the caller's reading keeps
        // them.
        Debug.Assert(rows.Features == workspace.Network.InputSize, "The rows are those of another network.");
        if (rows.Pointer != null && !AreFinite(new ReadOnlySpan<T>(rows.Pointer, rows.Count * rows.Features)))
        {
            return false;
        }

        for (int i = 0; i < workspace.Run.Layers.Count; i++)
        {
            LayerTape<T> tape = workspace.Run.Tapes[i];
            int count = tape.OutputShape.RowCount * workspace.Run.Layers[i].OutputSize;
            if (!AreFinite<T>(tape.Output.Span.Slice((int)tape.OutputStart, count)))
            {
                return false;
            }
        }

        // h may be finite where c is not: tanh of infinity is 1.
        NetworkState<T> final = new(workspace.Network.StateSizes, rows.Shape.Count);
        workspace.Run.TakeFinalState(final, workspace.Pass, rows.Shape);
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
