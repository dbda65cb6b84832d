using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Lstm.Training.Losses;

/// <summary>Sums whose order of additions is fixed, whatever the SIMD width.</summary>
internal static unsafe class FixedSum
{
    // SAFETY: callers give as many values as they have: the rows of a batch of weights that is being read (UnitCount), the
    // weights of a block's rows that LossChecks.CheckWeights has counted, a tile of losses, or an array.
    /// <summary>Σ values in double: eight interleaved chains, combined in order.</summary>
    // Optimized at once: a leaf loop that may be entered only a few times.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Of<T>(T* values, nint count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Debug.Assert(count == 0 || values != null);
        double a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
        for (; count >= 8; count -= 8, values += 8)
        {
            a += Wide(values[0]);
            b += Wide(values[1]);
            c += Wide(values[2]);
            d += Wide(values[3]);
            e += Wide(values[4]);
            f += Wide(values[5]);
            g += Wide(values[6]);
            h += Wide(values[7]);
        }

        double rest = 0;
        for (; count > 0; count--)
        {
            rest += Wide(*values++);
        }

        return ((a + b) + (c + d)) + ((e + f) + (g + h)) + rest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Wide<T>(T value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => typeof(T) == typeof(float) ? *(float*)&value : *(double*)&value;
}
