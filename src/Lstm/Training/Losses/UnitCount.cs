using System.Numerics;

namespace Lstm.Training;

/// <summary>The weight of a target's units where each counts with the weight of its row, or of its sequence.</summary>
internal static unsafe class UnitCount
{
    public static double Of<TTarget, T>(LossUnit unit, SequenceBatch<TTarget> target, SequenceBatch<T>? weights)
        where TTarget : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double rows = unit == LossUnit.Sequence ? target.Count : target.RowCount;
        if (weights is not null)
        {
            rows = FixedSum.Of(weights.RowPointer, weights.RowCount);
            GC.KeepAlive(weights);
        }

        return unit == LossUnit.Element ? target.FeatureSize * rows : rows;
    }
}
