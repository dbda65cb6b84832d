using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using static System.Runtime.CompilerServices.MethodImplOptions;

namespace Lstm.Simd;

/// <summary>
/// Transposes a matrix, in square blocks that are one 128-bit vector wide where the hardware can interleave two of them.
/// </summary>
internal static unsafe class Transposition<T>
    where T : unmanaged
{
    /// <summary>Whether the hardware interleaves two vectors of 128 bits.</summary>
    public static bool Interleaves
    {
        [MethodImpl(AggressiveInlining)]
        get => Sse2.IsSupported || AdvSimd.Arm64.IsSupported;
    }

    // to[c, r] = from[r, c], r < rows, c < columns.
    // AggressiveOptimization: it runs once or twice a pass, so it would stay in unoptimised code for long.
    [MethodImpl(AggressiveOptimization)]
    public static void Run(T* from, nint fromStride, T* to, nint toStride, nint rows, nint columns)
    {
        // SAFETY: TransposedWeights, the only caller, passes one panel of its source and one of the buffer that it reserves in
        // Update; rows and columns are at most the panels' widths, which are the strides. Blocks lie within rows × columns.
        Debug.Assert(from != null && to != null && from != to, "A matrix is missing, or is transposed in place.");
        Debug.Assert(rows >= 0 && columns >= 0 && fromStride >= columns && toStride >= rows, "Rows overlap.");
        nint block = 16 / sizeof(T);
        nint wholeRows = Interleaves ? rows / block * block : 0;
        nint wholeColumns = Interleaves ? columns / block * block : 0;
        for (nint c = 0; c < wholeColumns; c += block)
        {
            for (nint r = 0; r < wholeRows; r += block)
            {
                Block(from + (r * fromStride) + c, fromStride, to + (c * toStride) + r, toStride);
            }
        }

        Elements(from + (wholeRows * fromStride), fromStride, to + wholeRows, toStride, rows - wholeRows, columns);
        Elements(from + wholeColumns, fromStride, to + (wholeColumns * toStride), toStride, wholeRows, columns - wholeColumns);
    }

    // SAFETY: Run passes places that have a whole block of rows and columns left.
    // Interleaving rows 0 with 2 and 1 with 3, then the results, is a perfect shuffle done twice, which turns a 4 × 4 block.
    [MethodImpl(AggressiveInlining)]
    private static void Block(T* from, nint fromStride, T* to, nint toStride)
    {
        Vector128<T> r0 = Vector128.Load(from);
        Vector128<T> r1 = Vector128.Load(from + fromStride);
        if (sizeof(T) == 8)
        {
            Low(r0, r1).Store(to);
            High(r0, r1).Store(to + toStride);
            return;
        }

        Vector128<T> r2 = Vector128.Load(from + (2 * fromStride));
        Vector128<T> r3 = Vector128.Load(from + (3 * fromStride));
        Vector128<T> low02 = Low(r0, r2), high02 = High(r0, r2), low13 = Low(r1, r3), high13 = High(r1, r3);
        Low(low02, low13).Store(to);
        High(low02, low13).Store(to + toStride);
        Low(high02, high13).Store(to + (2 * toStride));
        High(high02, high13).Store(to + (3 * toStride));
    }

    private static void Elements(T* from, nint fromStride, T* to, nint toStride, nint rows, nint columns)
    {
        for (nint c = 0; c < columns; c++)
        {
            for (nint r = 0; r < rows; r++)
            {
                to[(c * toStride) + r] = from[(r * fromStride) + c];
            }
        }
    }

    // a₀ b₀ a₁ b₁ … of the lower halves.
    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> Low(Vector128<T> a, Vector128<T> b)
    {
        if (sizeof(T) == 8)
        {
            return Sse2.IsSupported ? Sse2.UnpackLow(a.AsDouble(), b.AsDouble()).As<double, T>()
                : AdvSimd.Arm64.ZipLow(a.AsDouble(), b.AsDouble()).As<double, T>();
        }

        return Sse2.IsSupported ? Sse.UnpackLow(a.AsSingle(), b.AsSingle()).As<float, T>()
            : AdvSimd.Arm64.ZipLow(a.AsSingle(), b.AsSingle()).As<float, T>();
    }

    // The same of the upper halves.
    [MethodImpl(AggressiveInlining)]
    public static Vector128<T> High(Vector128<T> a, Vector128<T> b)
    {
        if (sizeof(T) == 8)
        {
            return Sse2.IsSupported ? Sse2.UnpackHigh(a.AsDouble(), b.AsDouble()).As<double, T>()
                : AdvSimd.Arm64.ZipHigh(a.AsDouble(), b.AsDouble()).As<double, T>();
        }

        return Sse2.IsSupported ? Sse.UnpackHigh(a.AsSingle(), b.AsSingle()).As<float, T>()
            : AdvSimd.Arm64.ZipHigh(a.AsSingle(), b.AsSingle()).As<float, T>();
    }
}
