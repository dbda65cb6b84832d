using System.Numerics;
using System.Numerics.Tensors;

namespace Lstm.Training.Losses;

/// <summary>
/// Looks for the first value of a target or its weights that cannot be meant; rows of weight 0 may hold anything.
/// </summary>
internal static class TargetScan<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Index in <see cref="SequenceBatch{T}.Rows"/> of the first target that is below 0 or above 1; null when there is none.
    /// </summary>
    public static int? FirstOutsideUnit(NetworkTarget<T> target)
    {
        ReadOnlySpan<T> values = target.Values!.Rows;

        // Vectors first: what is to be found is rare.
        if (values.IsEmpty || (TensorPrimitives.Min(values) >= T.Zero && TensorPrimitives.Max(values) <= T.One))
        {
            return null;
        }

        for (int i = 0; i < values.Length; i++)
        {
            if ((values[i] < T.Zero || values[i] > T.One) && Counts(target, i))
            {
                return i;
            }
        }

        return null;
    }

    /// <summary>The same for the first target that is infinite or NaN.</summary>
    public static int? FirstNonFinite(NetworkTarget<T> target)
    {
        ReadOnlySpan<T> values = target.Values!.Rows;
        for (int i = IndexOfNonFinite(values); i < values.Length; i++)
        {
            if (!T.IsFinite(values[i]) && Counts(target, i))
            {
                return i;
            }
        }

        return null;
    }

    /// <summary>Index of the first value that is infinite or NaN; the length when all are finite.</summary>
    public static int IndexOfNonFinite(ReadOnlySpan<T> values)
    {
        if (values.IsEmpty || T.IsFinite(TensorPrimitives.MaxMagnitude(values)))
        {
            return values.Length;
        }

        int i = 0;
        while (T.IsFinite(values[i]))
        {
            i++;
        }

        return i;
    }

    private static bool Counts(NetworkTarget<T> target, int index)
        => target.Weights is null || target.Weights.Rows[index / target.Values!.FeatureSize] != T.Zero;
}
