using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Elementwise;
using Lstm.Kernels.Products;
using Lstm.Simd;

namespace Lstm.Kernels.Recurrence;

/// <summary>
/// From the units' outputs m = o⊙tanh(c) to what the next step sees. A plain layer has the default value, which does not exist:
/// its m is h, and the next step sees h.
/// </summary>
/// <remarks>
/// <code>
/// h̃ = clip(W_hr·m), or m      h = zoneout(h₋₁, h̃)      s = dropout(h), or h; with recurrent gates then i f o
/// </code>
/// h is the layer's output and state, s what the next step's products see. All three stand in rows; h and s by slot (slot b &lt;
/// B is the initial state of rank b, slot B + row the state after that row), m by row, or by rank when it is not kept.
/// </remarks>
// SAFETY: HiddenUpdateTape.Forward makes the struct: h has a slot for each sequence and row in the layer's output; Prepare
// reserves s for as many, and m and h̃ for the rows, or ranks, of the pass. Rows and slots come from the plan.
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

    /// <summary>m, rows of <see cref="Units"/>; null for no projection: then m stands where h does.</summary>
    public T* Outputs;
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

    /// <summary>m of a row, where there is a projection.</summary>
    public readonly T* OutputOf(nint row, nint rank) => Outputs + ((OutputsByRank ? rank : row) * Units);

    /// <summary>h and s of some rows of one step, from their m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Forward<TSimd, TVec>(int step, nint rank, nint rows, nint row, nint previous)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(Exists && Hidden != null && Seen != null, "A buffer of h or s is missing.");
        Debug.Assert(Projection == null || Outputs != null, "The buffer of m is missing.");
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
            new() { A = m, ARowStride = Units, B = Projection, PanelRows = Units, RowStep = 1, Count = Units };
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

/// <summary>
/// The gradient's way back along a <see cref="HiddenUpdate{T}"/>: from that of h to that of the units' outputs, and from a later
/// step's dz to dh.
/// </summary>
/// <remarks>
/// <code>
/// ds = dz₊₁·W_hh        dh = ∂/∂output + m_drop⊙ds + carried₊₁      dh̃, carried = zoneout(dh), dh̃ = 0 where h̃ was clipped
/// dm = dh̃·W_hr, or dh̃
/// </code>
/// The chain of dh starts from the output's gradient (and what zoneout carried) and takes dz in storage order; with a dropout on
/// the way, ds is a chain of its own.
/// </remarks>
// SAFETY: HiddenUpdateTape.Backward makes the struct: what zoneout carries, dm and the gradients of gates are reserved for all
// ranks (HiddenUpdateTape.PrepareBackward), padding included. RecurrentBackward says what holds of dh and the output's gradient,
// and passes rows and ranks of the plan.
internal unsafe struct HiddenUpdateBackward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The update of the forward pass.</summary>
    public required HiddenUpdate<T> Update;

    /// <summary>carried by rank, rows as those of dh; null without zoneout.</summary>
    public T* Carried;

    /// <summary>dm by rank, [B, padded H]; null without a projection.</summary>
    public T* UnitGradient;
    public nint UnitStride;

    /// <summary>W_hr with its columns, the units, by panels.</summary>
    public T* TransposedProjection;
    public PanelLayout? UnitColumns;

    /// <summary>
    /// dh̃ of all rows by panels of <see cref="HiddenUpdate{T}.ProjectionColumns"/>, [panels, ProjectedRows, width]: for the
    /// gradient of W_hr.
    /// </summary>
    public T* Projected;
    public nint ProjectedRows;

    /// <summary>The gates' weights with their columns, 3H gates, by panels; null when no step sees the gates.</summary>
    public T* TransposedGates;
    public PanelLayout? GateColumns;

    /// <summary>dz by terms for products with <see cref="TransposedGates"/>.</summary>
    public ProductTerm<T>* GateTerms;

    /// <summary>The same of the segment read after this one, as <see cref="RecurrentBackward{T}.LaterTerms"/>.</summary>
    public ProductTerm<T>* LaterTerms;

    /// <summary>By rank, [B, padded 3H]: scratch for a product.</summary>
    public T* GateScratch;

    /// <summary>∂/∂i, ∂/∂f, ∂/∂o from the next step, [panels of units, B, 3·line].</summary>
    public T* GateGradient;

    /// <summary>Whether there is anything to do between dh and dm.</summary>
    public readonly bool Exists => Update.Exists;

    private readonly int Size => Update.Size;

    private readonly int Sequences => Update.Sequences;

    /// <summary>Turns the complete dh of some rows of one step, [rows, Size], into dm.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Receive<TSimd, TVec>(int step, int first, int rows, nint row, T* dh, nint stride)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(Exists && dh != null && stride >= Size, "A gradient is missing.");
        Debug.Assert(first >= 0 && first + rows <= Sequences && row >= 0, "There are no such rows.");
        if (Update.Zoneout.Exists)
        {
            Update.Zoneout.Backward<TSimd, TVec>(step, first, 0, dh, Carried + (first * stride), stride, rows, Size);
        }

        if (Update.Projection != null)
        {
            Project<TSimd, TVec>(dh, stride, first, rows, row);
        }
    }

    /// <summary>
    /// dh of the previous step, [rows, Size], from its <paramref name="dy"/>, which is null at the initial state, what zoneout
    /// carried past the step, and the dz of the step.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Propagate<TSimd, TVec>(
        in RecurrentBackward<T> steps, int step, nint first, nint rows, nint row, T* dy, T* dh)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(GateColumns is null || (GateScratch != null && GateGradient != null), "There is no room for the gates.");
        nint stride = steps.Columns.PaddedColumns;
        T* start = dy;
        nint startStride = steps.OutputStride;
        if (Update.Zoneout.Exists)
        {
            start = Carried + (first * stride);
            if (dy != null)
            {
                StepProduct<TSimd, TVec, T>.Add(start, stride, dy, startStride, rows, Size);
            }

            startStride = stride;
        }

        bool drops = Update.Drop.Exists && !steps.Truncates;
        steps.MultiplyBack<TSimd, TVec>(row, rows, drops ? null : start, startStride, dh);
        for (nint r = 0; drops && r < rows; r++)
        {
            T* ds = dh + (r * stride);
            Update.DropRow<TSimd, TVec>(Update.Drop.RowKey(step, (int)(first + r)), ds, ds);
        }

        if (drops && start != null)
        {
            StepProduct<TSimd, TVec, T>.Add(dh, stride, start, startStride, rows, Size);
        }

        if (TransposedGates != null)
        {
            PropagateGates<TSimd, TVec>(steps, first, rows, row);
        }
    }

    // ∂/∂i, ∂/∂f, ∂/∂o of the previous step = dz·W of the gates.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void PropagateGates<TSimd, TVec>(in RecurrentBackward<T> steps, nint first, nint rows, nint row)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        PanelLayout columns = GateColumns!;
        T* scratch = GateScratch + (first * columns.PaddedColumns);
        if (!steps.Truncates)
        {
            StepProduct<TSimd, TVec, T>.Multiply(
                GateTerms, steps.GateTermCount, columns, columns.Columns, row, rows, null, 0, scratch);
        }

        for (nint r = 0; r < rows; r++)
        {
            if (steps.Truncates)
            {
                ClearGateGradient(first + r);
            }
            else
            {
                SetGateGradient(first + r, new ReadOnlySpan<T>(scratch + (r * columns.PaddedColumns), columns.Columns));
            }
        }
    }

    /// <summary>Sets one rank's gradients of the gates i f o, 3H values.</summary>
    public readonly void SetGateGradient(nint rank, ReadOnlySpan<T> source)
    {
        Debug.Assert(GateGradient != null && rank >= 0 && rank < Sequences, "There is no such rank.");
        int line = 64 / sizeof(T);
        int units = source.Length / 3;
        for (int u = 0; u < units; u += line)
        {
            T* target = new Panels<T>(GateGradient, Sequences, 3 * line).At(u / line, rank);
            int count = Math.Min(line, units - u);
            for (int gate = 0; gate < 3; gate++)
            {
                source.Slice((gate * units) + u, count).CopyTo(new Span<T>(target + (gate * line), count));
            }
        }
    }

    private readonly void ClearGateGradient(nint rank)
    {
        int line = 64 / sizeof(T);
        for (int panel = 0; panel * line < Update.Units; panel++)
        {
            new Span<T>(new Panels<T>(GateGradient, Sequences, 3 * line).At(panel, rank), 3 * line).Clear();
        }
    }

    // dm = dh̃·W_hr, with dh̃ = 0 where h̃ was clipped; dh̃ is kept for the gradient of W_hr.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Project<TSimd, TVec>(T* dh, nint stride, nint first, nint rows, nint row)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        PanelLayout columns = Update.ProjectionColumns!;
        for (nint r = 0; r < rows; r++)
        {
            T* d = dh + (r * stride);
            if (T.IsFinite(Update.ProjectionClip))
            {
                T* h = Update.NewHidden != null ? Update.NewHidden + ((row + r) * Size)
                    : Update.Hidden + ((Sequences + row + r) * Update.HiddenStride);
                for (nint u = 0; u < Size; u++)
                {
                    d[u] = T.Abs(h[u]) == Update.ProjectionClip ? T.Zero : d[u];
                }
            }

            for (int q = 0; q < columns.PanelCount; q++)
            {
                int width = columns.Width(q);
                T* kept = Projected + (columns.Start(q) * ProjectedRows) + ((row + r) * width);
                new ReadOnlySpan<T>(d + columns.Start(q), width).CopyTo(new Span<T>(kept, width));
            }
        }

        ProductTerm<T> term = new()
        {
            A = dh,
            ARowStride = stride,
            B = TransposedProjection,
            PanelRows = columns.PaddedColumns,
            RowStep = 1,
            Count = Size,
        };
        StepProduct<TSimd, TVec, T>.Multiply(
            &term, 1, UnitColumns!, UnitColumns!.Columns, 0, rows, null, 0, UnitGradient + (first * UnitStride));
    }
}
