using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Kernels.Products;
using Lstm.Simd;

namespace Lstm.Kernels.Recurrence;

/// <summary>
/// From the units' outputs m = o⊙tanh(c) to what the next step sees: most layers go the direct way, on which all three are one.
/// </summary>
/// <remarks>
/// <code>
/// h̃ = clip(W_hr·m), or m      h = zoneout(h₋₁, h̃)      s = dropout(h), or h; with recurrent gates then i f o
/// </code>
/// h is the layer's output and state, s what the next step's products see. All three stand in rows; h and s by slot (slot b &lt;
/// B is the initial state of rank b, slot B + row the state after that row), m by row, or by rank when it is not kept.
/// </remarks>
// SAFETY: HiddenUpdateTape.Forward makes the struct (or Direct, from the layer's output): h has a slot for each sequence and row
// in the layer's output; Prepare reserves s for as many, and m and h̃ for the rows, or ranks, of the pass. Rows and slots come
// from the plan.
internal unsafe struct HiddenUpdate<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Whether there is anything to do between m and s.</summary>
    public bool Exists;

    /// <summary>H.</summary>
    public int Units;

    /// <summary>Values of h: P with a projection, else H.</summary>
    public int Size;

    /// <summary>B.</summary>
    public int Sequences;

    public T* Hidden;
    public nint HiddenStride;

    /// <summary>s; <see cref="Hidden"/> when it is h.</summary>
    public T* Seen;
    public nint SeenStride;

    /// <summary>m, rows of <see cref="OutputStride"/>: the rows of h when there is no projection.</summary>
    public T* Outputs;
    public nint OutputStride;
    public bool OutputsByRank;

    /// <summary>W_hr by panels of h; null for no projection.</summary>
    public T* Projection;
    public PanelLayout? ProjectionColumns;

    /// <summary>Limit of |h̃|; ∞ for none.</summary>
    public T ProjectionClip;

    /// <summary>h̃ by row [R, Size], where it cannot be told from h but is needed; else null.</summary>
    public T* NewHidden;

    public Zoneout<T> Zoneout;

    /// <summary>Which units the next step does not see.</summary>
    public DropMask Drop;
    public T DropScale;

    /// <summary>Whether the next step sees the gates.</summary>
    public bool ShowsGates;

    /// <summary>
    /// gates [panels, GateRows, 4·line], read when <see cref="ShowsGates"/>; the first row standing for
    /// <see cref="FirstGateRow"/>.
    /// </summary>
    public T* Gates;
    public nint GateRows;
    public nint FirstGateRow;

    /// <summary>The direct way, on which m, h and s are one buffer by slot.</summary>
    public static HiddenUpdate<T> Direct(T* hidden, nint stride, int units, int sequences) => new()
    {
        Units = units,
        Size = units,
        Sequences = sequences,
        Hidden = hidden,
        HiddenStride = stride,
        Seen = hidden,
        SeenStride = stride,
        Outputs = hidden,
        OutputStride = stride,
    };

    /// <summary>Where the units' outputs of a row go.</summary>
    public readonly T* OutputOf(nint row, nint rank)
        => Outputs + ((Projection == null ? Sequences + row : OutputsByRank ? rank : row) * OutputStride);

    /// <summary>h and s of some rows of one step, from their m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Forward<TSimd, TVec>(int step, nint rank, nint rows, nint row, nint previous)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(Exists && Hidden != null && Seen != null && Outputs != null, "A buffer of h, s or m is missing.");
        Debug.Assert(rank >= 0 && rank + rows <= Sequences && row >= 0 && previous >= 0, "There are no such rows.");
        Debug.Assert(HiddenStride >= Size && SeenStride >= Size, "Rows of h or s overlap.");
        T* h = Hidden + ((Sequences + row) * HiddenStride);
        if (Projection != null)
        {
            Project<TSimd, TVec>(OutputOf(row, rank), h, rows);
        }

        for (nint r = 0; NewHidden != null && r < rows; r++)
        {
            new ReadOnlySpan<T>(h + (r * HiddenStride), Size).CopyTo(new Span<T>(NewHidden + ((row + r) * Size), Size));
        }

        if (Zoneout.Exists)
        {
            Zoneout.Forward<TSimd, TVec>(
                step, (int)rank, 0, Hidden + (previous * HiddenStride), HiddenStride, h, HiddenStride, h, HiddenStride, rows,
                Size);
        }

        if (Seen != Hidden)
        {
            See<TSimd, TVec>(step, (int)rank, rows, Sequences + row);
            for (nint r = 0; ShowsGates && r < rows; r++)
            {
                CopyGates(row + r, Seen + ((Sequences + row + r) * SeenStride) + Size);
            }
        }
    }

    /// <summary>s of the slots from <paramref name="slot"/> on, from their h: all but the gates.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void See<TSimd, TVec>(int step, int rank, nint rows, nint slot)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(Hidden != null && Seen != null && slot >= 0, "There is no such slot.");
        for (nint r = 0; r < rows; r++)
        {
            T* h = Hidden + ((slot + r) * HiddenStride);
            T* s = Seen + ((slot + r) * SeenStride);
            if (Drop.Exists)
            {
                DropRow<TSimd, TVec>(Drop.RowKey(step, rank + (int)r), h, s);
            }
            else
            {
                new ReadOnlySpan<T>(h, Size).CopyTo(new Span<T>(s, Size));
            }
        }
    }

    // s = h⊙mask/(1 − p); they may be the same.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void DropRow<TSimd, TVec>(uint key, T* h, T* s)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint u = 0;
        for (; u <= Size - TSimd.Width; u += TSimd.Width)
        {
            TSimd.Store(
                s + u, Drop.Select<TSimd, TVec, T>(
                key, u, TSimd.Multiply(TSimd.Load(h + u), TSimd.Broadcast(DropScale)), TSimd.Zero));
        }

        for (; u < Size; u++)
        {
            s[u] = Drop.Select<SimdScalar<T>, T, T>(key, u, h[u] * DropScale, T.Zero);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Project<TSimd, TVec>(T* m, T* h, nint rows)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        ProductTerm<T> term =
            new() { A = m, ARowStride = OutputStride, B = Projection, PanelRows = Units, RowStep = 1, Count = Units };
        PanelLayout columns = ProjectionColumns!;
        for (int q = 0; q < columns.PanelCount; q++)
        {
            int column = columns.Start(q);
            PanelProduct<T> product = new()
            {
                C = h + column,
                CStride = HiddenStride,
                Terms = &term,
                TermCount = 1,
                Rows = rows,
                PanelStart = column,
                Width = columns.Width(q),
            };
            product.FetchNext(term, columns, q, Units);
            Product<TSimd, TVec, T>.PanelEdge(ref product, Size - column);
        }

        for (nint r = 0; T.IsFinite(ProjectionClip) && r < rows; r++)
        {
            Clip<TSimd, TVec>(h + (r * HiddenStride));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Clip<TSimd, TVec>(T* h)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint u = 0;
        for (; u <= Size - TSimd.Width; u += TSimd.Width)
        {
            TVec value = TSimd.AtMost(TSimd.Load(h + u), TSimd.Broadcast(ProjectionClip));
            TSimd.Store(h + u, TSimd.AtLeast(value, TSimd.Broadcast(-ProjectionClip)));
        }

        for (; u < Size; u++)
        {
            h[u] = SimdScalar<T>.AtLeast(SimdScalar<T>.AtMost(h[u], ProjectionClip), -ProjectionClip);
        }
    }

    private readonly void CopyGates(nint row, T* target)
    {
        int line = 64 / sizeof(T);
        for (int u = 0; u < Units; u += line)
        {
            T* gates = new Panels<T>(Gates, GateRows, 4 * line).At(u / line, row - FirstGateRow);
            int count = Math.Min(line, Units - u);
            new ReadOnlySpan<T>(gates, count).CopyTo(new Span<T>(target + u, count));
            new ReadOnlySpan<T>(gates + line, count).CopyTo(new Span<T>(target + Units + u, count));
            new ReadOnlySpan<T>(gates + (3 * line), count).CopyTo(new Span<T>(target + (2 * Units) + u, count));
        }
    }
}
