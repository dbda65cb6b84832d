using System.Diagnostics;
using System.Numerics;
using Lstm.Sequences;

namespace Lstm.Training.Losses;

/// <summary>The weight of a target's units where each counts with the weight of its row, or of its sequence.</summary>
internal static unsafe class UnitCount
{
    public static double Of<TTarget, T>(LossUnit unit, SequenceBatch<TTarget> target, SequenceBatch<T>? weights)
        where TTarget : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double rows = unit == LossUnit.Sequence ? target.Count : target.RowCount;
        using SequenceReading<T> reading = SequenceBatch<T>.Read(weights, "The weight batch");
        if (reading.Content is { } content)
        {
            // SAFETY: LossChecks.CheckWeights has compared the batch's feature size with 1, so that it has RowCount values; the
            // reading keeps them where they are.
            Debug.Assert(content.FeatureSize == 1);
            rows = FixedSum.Of(content.Pointer, content.Shape.RowCount);
        }

        return unit == LossUnit.Element ? target.FeatureSize * rows : rows;
    }
}
