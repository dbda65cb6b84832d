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

/// <summary>
/// The gradient's way back along a <see cref="HiddenUpdate{T}"/>: from the output's gradient and the later step's dz to that of
/// the units' outputs.
/// </summary>
/// <remarks>
/// <code>
/// ds = dz₊₁·W_hh        dh = ∂/∂output + m_drop⊙ds + carried₊₁      dh̃, carried = zoneout(dh), dh̃ = 0 where h̃ was clipped
/// dm = dh̃·W_hr, or dh̃
/// </code>
/// The chain of dh starts from the output's gradient (and what zoneout carried) and takes dz in storage order; with a dropout on
/// the way, ds is a chain of its own.
/// </remarks>
// SAFETY: DirectionLayer.StepsBackward makes the struct, HiddenUpdateTape.Complete adds the rest: dh, what zoneout carries, dm
// and the gradients of gates are reserved for all ranks (ClearStateGradients, HiddenUpdateTape.PrepareBackward), padding
// included, and the output's gradient has the rows of the batch. Rows and ranks come from the plan.
internal unsafe struct HiddenUpdateBackward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// The path of the forward pass. Its <see cref="HiddenUpdate{T}.Exists"/> says whether it has anything on it.
    /// </summary>
    public required HiddenUpdate<T> Path;

    /// <summary>Whether no error flows back through what saw h (Hochreiter &amp; Schmidhuber 1997).</summary>
    public bool Truncates;

    /// <summary>W_hh with its columns, the hidden values, by panels, and a row for each gate column.</summary>
    public required T* Transposed;
    public required PanelLayout Columns;

    /// <summary>dz by terms whose A is at row 0, in storage order, for products with <see cref="Transposed"/>.</summary>
    public required ProductTerm<T>* GateTerms;
    public required int GateTermCount;

    /// <summary>The gradient of the output's rows, this direction's columns.</summary>
    public required T* OutputGradient;
    public required nint OutputStride;

    /// <summary>
    /// dh by rank, [B, padded Size]. In: the final state's gradient, out: the initial state's. The padding is 0.
    /// </summary>
    public required T* HiddenGradient;

    /// <summary>carried, by rank like dh; null without zoneout.</summary>
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
    public ProductTerm<T>* GateRecurrentTerms;

    /// <summary>
    /// The dz, by rank, of the first rows of the segment read after this one, by terms as <see cref="GateTerms"/> and
    /// <see cref="GateRecurrentTerms"/>: read by <see cref="PropagateLater"/>.
    /// </summary>
    public ProductTerm<T>* LaterTerms;
    public ProductTerm<T>* LaterRecurrentTerms;

    /// <summary>By rank, [B, padded 3H]: scratch for a product.</summary>
    public T* GateScratch;

    /// <summary>∂/∂i, ∂/∂f, ∂/∂o from the next step, [panels of units, B, 3·line].</summary>
    public T* GateGradient;

    private readonly int Size => Path.Size;

    private readonly int Sequences => Path.Sequences;

    /// <summary>dm, the gradient of the units' outputs, of rank 0, and its stride.</summary>
    public readonly T* Units => UnitGradient != null ? UnitGradient : HiddenGradient;

    public readonly nint UnitsStride => UnitGradient != null ? UnitStride : Columns.PaddedColumns;

    /// <summary>
    /// Completes dh of some rows of one step and turns it into dm; sequences that end here, from rank <paramref name="from"/> on,
    /// start with it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Receive<TSimd, TVec>(int step, int from, int first, int rows, nint row)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(HiddenGradient != null && OutputGradient != null, "A gradient is missing.");
        Debug.Assert(first >= 0 && from >= first && first + rows <= Sequences && row >= 0, "There are no such rows.");
        if (from < first + rows)
        {
            Add<TSimd, TVec>(
                HiddenGradient + (from * (nint)Columns.PaddedColumns), OutputGradient + ((row + from - first) * OutputStride),
                first + rows - from);
        }

        if (!Path.Exists)
        {
            return;
        }

        T* dh = HiddenGradient + (first * (nint)Columns.PaddedColumns);
        if (Path.Zoneout.Exists)
        {
            Path.Zoneout.Backward<TSimd, TVec>(
                step, first, 0, dh, Carried + (first * (nint)Columns.PaddedColumns), Columns.PaddedColumns, rows, Size);
        }

        if (Path.Projection != null)
        {
            Project<TSimd, TVec>(dh, first, rows, row);
        }
    }

    /// <summary>
    /// dh of the previous step, complete but for the sequences that begin here: at the initial state there is no output to start
    /// from.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Propagate<TSimd, TVec>(int step, nint first, nint rows, nint row, nint previous)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(HiddenGradient != null && OutputGradient != null, "A gradient is missing.");
        Debug.Assert(first >= 0 && first + rows <= Sequences && row >= 0 && previous >= 0, "There are no such rows.");
        Debug.Assert(GateColumns is null || (GateScratch != null && GateGradient != null), "There is no room for the gates.");
        T* dh = HiddenGradient + (first * Columns.PaddedColumns);
        T* start = previous < Sequences ? null : OutputGradient + ((previous - Sequences) * OutputStride);
        nint startStride = OutputStride;
        if (Path.Exists && Path.Zoneout.Exists)
        {
            T* carried = Carried + (first * Columns.PaddedColumns);
            if (start != null)
            {
                Add<TSimd, TVec>(carried, start, rows);
            }

            start = carried;
            startStride = Columns.PaddedColumns;
        }

        if (Truncates)
        {
            for (nint r = 0; r < rows; r++)
            {
                Span<T> target = new(dh + (r * Columns.PaddedColumns), Size);
                if (start == null)
                {
                    target.Clear();
                }
                else
                {
                    new ReadOnlySpan<T>(start + (r * startStride), Size).CopyTo(target);
                }

                if (GateGradient != null)
                {
                    ClearGateGradient(first + r);
                }
            }

            return;
        }

        bool drops = Path.Exists && Path.Drop.Exists;
        Multiply<TSimd, TVec>(GateTerms, GateTermCount, Columns, Size, row, rows, drops ? null : start, startStride, dh);
        for (nint r = 0; drops && r < rows; r++)
        {
            T* ds = dh + (r * Columns.PaddedColumns);
            Path.DropRow<TSimd, TVec>(Path.Drop.RowKey(step, (int)(first + r)), ds, ds);
        }

        if (drops && start != null)
        {
            Add<TSimd, TVec>(dh, start, rows, startStride);
        }

        if (TransposedGates != null)
        {
            T* scratch = GateScratch + (first * GateColumns!.PaddedColumns);
            Multiply<TSimd, TVec>(
                GateRecurrentTerms, GateTermCount, GateColumns, GateColumns.Columns, row, rows, null, 0, scratch);
            for (nint r = 0; r < rows; r++)
            {
                SetGateGradient(first + r, new ReadOnlySpan<T>(scratch + (r * GateColumns.PaddedColumns), GateColumns.Columns));
            }
        }
    }

    /// <summary><see cref="Propagate"/> for ranks whose next step is the first of the segment read after this one.</summary>
    // The mask on the way is one for all steps, so the step does not matter.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void PropagateLater<TSimd, TVec>(nint first, nint rows, nint previous)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(LaterTerms != null, "There is no later segment.");
        HiddenUpdateBackward<T> later = this;
        later.GateTerms = LaterTerms;
        later.GateRecurrentTerms = LaterRecurrentTerms;
        later.Propagate<TSimd, TVec>(0, first, rows, first, previous);
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
        for (int panel = 0; panel * line < Path.Units; panel++)
        {
            new Span<T>(new Panels<T>(GateGradient, Sequences, 3 * line).At(panel, rank), 3 * line).Clear();
        }
    }

    // c [rows, columns] = start + dz·W, in blocks of the sum.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply<TSimd, TVec>(
        ProductTerm<T>* terms, int termCount, PanelLayout columns, int columnCount, nint row, nint rows, T* start,
        nint startStride, T* c)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        for (int q = 0; q < columns.PanelCount; q++)
        {
            int column = columns.Start(q);
            PanelProduct<T> product = new()
            {
                CStride = columns.PaddedColumns,
                StartStride = startStride,
                PanelStart = column,
                Width = columns.Width(q),
                Start = start == null ? null : start + column,
            };
            for (int term = 0; term < termCount;)
            {
                product.C = c + column;
                product.Row = row;
                product.Rows = rows;
                product.Terms = terms + term;
                product.TermCount = ProductTerm<T>
                    .CountWithin(Product<TSimd, TVec, T>.SumPerBlock, product.Terms, termCount - term, out nint k);
                term += (int)product.TermCount;
                if (term < termCount)
                {
                    product.Fetch(terms->B + (column * terms->PanelRows) + (terms[term].FirstRow * product.Width), k);
                }
                else
                {
                    product.FetchNext(*terms, columns, q, k);
                }

                Product<TSimd, TVec, T>.PanelEdge(ref product, columnCount - column);
                product.Start = c + column;
                product.StartStride = columns.PaddedColumns;
            }
        }
    }

    // dm = dh̃·W_hr, with dh̃ = 0 where h̃ was clipped; dh̃ is kept for the gradient of W_hr.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Project<TSimd, TVec>(T* dh, nint first, nint rows, nint row)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        PanelLayout columns = Path.ProjectionColumns!;
        nint stride = Columns.PaddedColumns;
        for (nint r = 0; r < rows; r++)
        {
            T* d = dh + (r * stride);
            if (T.IsFinite(Path.ProjectionClip))
            {
                T* h = Path.NewHidden != null ? Path.NewHidden + ((row + r) * Size)
                    : Path.Hidden + ((Sequences + row + r) * Path.HiddenStride);
                for (nint u = 0; u < Size; u++)
                {
                    d[u] = T.Abs(h[u]) == Path.ProjectionClip ? T.Zero : d[u];
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
        Multiply<TSimd, TVec>(
            &term, 1, UnitColumns!, UnitColumns!.Columns, 0, rows, null, 0, UnitGradient + (first * UnitStride));
    }

    // target [rows, Size] += source
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Add<TSimd, TVec>(T* target, T* source, nint rows)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        => Add<TSimd, TVec>(target, source, rows, OutputStride);

    // AggressiveOptimization: with sequences of one length it runs once a pass, so it would stay in unoptimised code for long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Add<TSimd, TVec>(T* target, T* source, nint rows, nint sourceStride)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        for (nint r = 0; r < rows; r++)
        {
            nint u = 0;
            for (; u <= Size - TSimd.Width; u += TSimd.Width)
            {
                TSimd.Store(target + u, TSimd.Add(TSimd.Load(target + u), TSimd.Load(source + u)));
            }

            for (; u < Size; u++)
            {
                target[u] += source[u];
            }

            target += Columns.PaddedColumns;
            source += sourceStride;
        }
    }
}
