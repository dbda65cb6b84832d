using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Recurrence;
using Lstm.Simd;

namespace Lstm.Kernels.Normalization;

/// <summary>
/// Layer normalisation (Ba et al. 2016) of rows that lie by panels: each row to mean 0 and variance 1 over its real values.
/// </summary>
/// <remarks>
/// <code>
/// μ = mean(v)      s = 1/√(mean((v − μ)²) + ε)      v̂ = (v − μ)·s      y = γ⊙v̂ + β
///
/// a = γ⊙dy         dv = (a − mean(a) − v̂·mean(a⊙v̂))·s                  dγ = Σ dy⊙v̂      dβ = Σ dy
/// </code>
/// A row's sum has a chain for each place in a cache line, over the panels and the lines in them; then the upper half of the line
/// is added to the lower one until a single value is left. So the order does not depend on the vectors' width.
/// </remarks>
// SAFETY: LayerNormRecurrence.Norm makes the struct: values are a buffer of ValueRows rows in each panel, statistics have a place
// for each row of the gates, sums two lines for each rank, and γ and the mask come from the layer. Callers pass rows of their
// share only.
internal unsafe struct RowNorm<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>H.</summary>
    public required int Units;

    /// <summary>Lines of a panel: 4 for the gates, 1 for the cell.</summary>
    public required int Lines;

    public required T Epsilon;

    /// <summary>A line of ones, then one that has zeros where the last panel is padding.</summary>
    public required T* Mask;

    /// <summary>γ by panels, its padding 0.</summary>
    public required T* Gamma;

    /// <summary>v [panels, ValueRows, lines], finite in the padding.</summary>
    public required T* Values;
    public required nint ValueRows;

    /// <summary>By row: μ, s, and for the way back mean(a) and mean(a⊙v̂).</summary>
    public required T* Mean;
    public required T* Scale;
    public required T* SlopeMean;
    public required T* ProductMean;

    /// <summary>Room for the sums, two lines for each rank: workers share neither ranks nor lines.</summary>
    public required T* Sums;

    private static nint Line
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 64 / sizeof(T);
    }

    /// <summary>Values of a panel's row.</summary>
    public readonly nint Width => Lines * Line;

    public readonly nint Panels => (Units + Line - 1) / Line;

    private readonly T Count => T.CreateChecked((long)Lines * Units);

    /// <summary>v of a row in a panel.</summary>
    public readonly T* Row(nint panel, nint row) => new Panels<T>(Values, ValueRows, Width).At(panel, row);

    /// <summary>v̂.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Normal<TSimd, TVec>(TVec v, TVec mean, TVec scale)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => TSimd.Multiply(TSimd.Subtract(v, mean), scale);

    /// <summary>μ and s of rows of v from <paramref name="row"/> on, put at <paramref name="index"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Measure<TSimd, TVec>(nint row, nint index, nint rank, nint rows)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        AssertValid(row, rows);
        T* sums = ClearedSums(rank, rows);
        for (nint panel = 0; panel < Panels; panel++)
        {
            AddValues<TSimd, TVec>(Row(panel, row), sums, rows);
        }

        for (nint r = 0; r < rows; r++)
        {
            Mean[index + r] = Total(sums + (2 * r * Line)) / Count;
        }

        sums = ClearedSums(rank, rows);
        for (nint panel = 0; panel < Panels; panel++)
        {
            AddSquares<TSimd, TVec>(Row(panel, row), MaskOf(panel), Mean + index, sums, rows);
        }

        for (nint r = 0; r < rows; r++)
        {
            Scale[index + r] = T.One / T.Sqrt((Total(sums + (2 * r * Line)) / Count) + Epsilon);
        }
    }

    /// <summary>y [rows, a panel's lines] of rows measured before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Forward<TSimd, TVec>(nint panel, nint row, nint index, T* beta, T* y, nint rows)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        AssertValid(row, rows);
        Debug.Assert(beta != null && y != null, "There is no β, or no room for y.");
        T* v = Row(panel, row);
        T* gamma = Gamma + (panel * Width);
        beta += panel * Width;
        for (nint r = 0; r < rows; r++)
        {
            TVec mean = TSimd.Broadcast(Mean[index + r]);
            TVec scale = TSimd.Broadcast(Scale[index + r]);
            for (nint u = 0; u < Width; u += TSimd.Width)
            {
                TVec normal = Normal<TSimd, TVec>(TSimd.Load(v + u), mean, scale);
                TSimd.Store(y + u, TSimd.MultiplyAdd(gamma, u, normal, TSimd.Load(beta + u)));
            }

            v += Width;
            y += Width;
        }
    }

    /// <summary>mean(a) and mean(a⊙v̂) of some rows; dy is of row 0, [panels, dyRows, lines], 0 in the padding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void MeasureGradient<TSimd, TVec>(T* dy, nint dyRows, nint row, nint rank, nint rows)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        AssertValid(row, rows);
        Debug.Assert(dy != null && row + rows <= dyRows, "There is no dy of these rows.");
        T* sums = ClearedSums(rank, rows);
        for (nint panel = 0; panel < Panels; panel++)
        {
            AddProducts<TSimd, TVec>(new Panels<T>(dy, dyRows, Width).At(panel, row), panel, row, sums, rows);
        }

        for (nint r = 0; r < rows; r++)
        {
            SlopeMean[row + r] = Total(sums + (2 * r * Line)) / Count;
            ProductMean[row + r] = Total(sums + (((2 * r) + 1) * Line)) / Count;
        }
    }

    /// <summary>
    /// dv [rows, a panel's lines] from their dy, measured before; it may replace v, or be added. Its padding is 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Backward<TSimd, TVec>(nint panel, T* dy, nint row, T* dv, bool adds, nint rows)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        AssertValid(row, rows);
        Debug.Assert(dy != null && dv != null, "There is no dy, or no room for dv.");
        T* v = Row(panel, row);
        T* gamma = Gamma + (panel * Width);
        T* mask = MaskOf(panel);
        for (nint r = row; r < row + rows; r++)
        {
            TVec mean = TSimd.Broadcast(Mean[r]);
            TVec scale = TSimd.Broadcast(Scale[r]);
            TVec slopeMean = TSimd.Broadcast(SlopeMean[r]);
            TVec productMean = TSimd.Broadcast(ProductMean[r]);
            for (nint u = 0; u < Width; u += TSimd.Width)
            {
                TVec normal = Normal<TSimd, TVec>(TSimd.Load(v + u), mean, scale);
                TVec slope = TSimd.Subtract(TSimd.Multiply(TSimd.Load(gamma + u), TSimd.Load(dy + u)), slopeMean);
                slope = TSimd.Multiply(TSimd.NegatedMultiplyAdd(normal, productMean, slope), scale);
                slope = TSimd.Multiply(slope, TSimd.Load(mask + (u & (Line - 1))));
                TSimd.Store(dv + u, adds ? TSimd.Add(TSimd.Load(dv + u), slope) : slope);
            }

            v += Width;
            dy += Width;
            dv += Width;
        }
    }

    [Conditional("DEBUG")]
    private readonly void AssertValid(nint row, nint rows)
    {
        Debug.Assert(Values != null && Gamma != null && Mask != null, "An operand is missing.");
        Debug.Assert(
            Mean != null && Scale != null && SlopeMean != null && ProductMean != null && Sums != null, "There is no room.");
        Debug.Assert(row >= 0 && rows >= 0 && row + rows <= ValueRows, "There are no such rows.");
    }

    private readonly T* MaskOf(nint panel) => Mask + ((panel + 1) * Line <= Units ? 0 : Line);

    private readonly T* ClearedSums(nint rank, nint rows)
    {
        T* sums = Sums + (rank * 2 * Line);
        new Span<T>(sums, checked((int)(rows * 2 * Line))).Clear();
        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static T Total(T* line)
    {
        for (nint half = Line / 2; half > 0; half /= 2)
        {
            for (nint u = 0; u < half; u++)
            {
                line[u] += line[u + half];
            }
        }

        return *line;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void AddValues<TSimd, TVec>(T* v, T* sums, nint rows)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        for (nint r = 0; r < rows; r++)
        {
            for (nint u = 0; u < Line; u += TSimd.Width)
            {
                TVec sum = TSimd.Load(sums + u);
                for (nint k = u; k < Width; k += Line)
                {
                    sum = TSimd.Add(sum, TSimd.Load(v + k));
                }

                TSimd.Store(sums + u, sum);
            }

            v += Width;
            sums += 2 * Line;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void AddSquares<TSimd, TVec>(T* v, T* mask, T* means, T* sums, nint rows)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        for (nint r = 0; r < rows; r++)
        {
            TVec mean = TSimd.Broadcast(means[r]);
            for (nint u = 0; u < Line; u += TSimd.Width)
            {
                TVec sum = TSimd.Load(sums + u);
                TVec real = TSimd.Load(mask + u);
                for (nint k = u; k < Width; k += Line)
                {
                    TVec deviation = TSimd.Multiply(TSimd.Subtract(TSimd.Load(v + k), mean), real);
                    sum = TSimd.MultiplyAdd(deviation, deviation, sum);
                }

                TSimd.Store(sums + u, sum);
            }

            v += Width;
            sums += 2 * Line;
        }
    }

    // Where dy is padding, both are sums of nothing: γ is 0 there.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void AddProducts<TSimd, TVec>(T* dy, nint panel, nint row, T* sums, nint rows)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        T* v = Row(panel, row);
        T* gamma = Gamma + (panel * Width);
        for (nint r = row; r < row + rows; r++)
        {
            TVec mean = TSimd.Broadcast(Mean[r]);
            TVec scale = TSimd.Broadcast(Scale[r]);
            for (nint u = 0; u < Line; u += TSimd.Width)
            {
                TVec slopes = TSimd.Load(sums + u);
                TVec products = TSimd.Load(sums + Line + u);
                for (nint k = u; k < Width; k += Line)
                {
                    TVec slope = TSimd.Multiply(TSimd.Load(gamma + k), TSimd.Load(dy + k));
                    slopes = TSimd.Add(slopes, slope);
                    products = TSimd.MultiplyAdd(slope, Normal<TSimd, TVec>(TSimd.Load(v + k), mean, scale), products);
                }

                TSimd.Store(sums + u, slopes);
                TSimd.Store(sums + Line + u, products);
            }

            v += Width;
            dy += Width;
            sums += 2 * Line;
        }
    }
}
