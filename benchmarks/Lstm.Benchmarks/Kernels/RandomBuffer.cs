using System.Numerics;
using Lstm.Runtime;

namespace Lstm.Benchmarks.Kernels;

/// <summary>Operands of kernels.</summary>
internal static class RandomBuffer
{
    /// <summary>An aligned buffer of values uniform in ±1.</summary>
    public static AlignedBuffer<T> Create<T>(long length)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        AlignedBuffer<T> buffer = new(length);
        Random random = new(1);
        foreach (ref T value in buffer.Span)
        {
            value = T.CreateChecked((2 * random.NextDouble()) - 1);
        }

        return buffer;
    }
}
