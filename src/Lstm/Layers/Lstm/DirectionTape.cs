using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>What one direction of an LSTM layer leaves of a forward pass.</summary>
/// <remarks>
/// A pass that keeps nothing for a backward pass holds the gates of one stretch of steps and one cell state per sequence.
/// </remarks>
// SAFETY: Prepare reserves the gates, cells and kept lines for GateRows, CellSlots and NewCellRows rows of all panels;
// ClearStateGradients dh and dc for all ranks, KeepFirst and GateTerms what they write. LstmTape.Prepare or
// DirectionSegments.ForwardSegment reserves the slots of h. Callers take rows, slots and ranks from Shape and Plan, set there.
internal sealed unsafe class DirectionTape<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // The pre-activations of a stretch of steps: what the second-level cache holds beside the weights until the recurrence
    // comes for them. Fewer rows than that would have a large layer's weights fetched too often.
    private const int StretchBytes = 1024 * 1024;
    private const int StretchRows = 256;

    private readonly PanelLayout _gates;
    private readonly int _units;
    private readonly int _size;
    private readonly int _cellLines;
    private readonly int _vectors;
    private readonly int _rowsPerStretch;
    private readonly bool _zonesCell;
    private readonly AlignedBuffer<ProductTerm<T>> _terms = new();
    private readonly AlignedBuffer<ProductTerm<T>> _laterTerms = new();
    private readonly AlignedBuffer<T> _bias;

    // The gradient of W_hh s of the first rows of the segment read after this one, [panels, ranks, 4·line].
    private readonly AlignedBuffer<T> _later = new();
    private long _biasVersion = -1;

    /// <summary>Makes the tape of a direction.</summary>
    /// <param name="spec">The layer's spec.</param>
    /// <param name="weights">The direction's parameters.</param>
    /// <param name="gates">The layout of the 4H gates.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="recurrence">How its steps are run.</param>
    /// <param name="masks">What is dropped.</param>
    public DirectionTape(
        LstmSpec spec, LstmWeights weights, PanelLayout gates, int inputSize, Recurrence<T> recurrence, DirectionMasks<T> masks)
    {
        _gates = gates;
        (_units, _size) = (spec.HiddenSize, spec.StateSize);
        _cellLines = spec.CustomCell?.Code.KeptLines ?? 0;
        _vectors = spec.StateVectors;
        _zonesCell = spec.Regularization.CellZoneout > 0;
        _rowsPerStretch = Math.Clamp(StretchBytes / (gates.PaddedColumns * sizeof(T)), StretchRows, 4 * StretchRows);
        _bias = new(gates.PaddedColumns);
        Recurrence = recurrence;
        Plan = new RecurrencePlan(weights.Reverse);
        TransposedIh = new(gates, inputSize);
        TransposedHh = new(gates, _size);
        Update = HiddenUpdateTape<T>.IsNeeded(spec) ? new(spec, weights, masks, gates) : null;
        Dropped = spec.Regularization.WeightDropout > 0 ? new(spec, weights, masks, gates) : null;
    }

    public Recurrence<T> Recurrence { get; }

    /// <summary>The update of h from the units' outputs; null in a plain layer, where h is the units' outputs.</summary>
    public HiddenUpdateTape<T>? Update { get; }

    /// <summary>W_hh with weights dropped; null in a layer that drops none.</summary>
    public DroppedWeights<T>? Dropped { get; }

    public RecurrencePlan Plan { get; }

    public RowRuns Runs { get; } = new();

    public TransposedWeights<T> TransposedIh { get; }

    public TransposedWeights<T> TransposedHh { get; }

    /// <summary>The rows of the pass.</summary>
    public SequenceShape Shape { get; private set; } = new();

    /// <summary>Whether a backward pass may follow.</summary>
    public bool Keeps { get; private set; }

    /// <summary>How the 4H gates lie.</summary>
    public PanelLayout Layout => _gates;

    /// <summary>h by slot, in the layer's output.</summary>
    public Slots<T> Hidden { get; private set; }

    /// <summary>z, then gates, then dz: [panels, GateRows, 4·line].</summary>
    public AlignedBuffer<T> Gates { get; } = new();

    public int GateRows { get; private set; }

    /// <summary><see cref="Gates"/>.</summary>
    public Panels<T> Z => new(Gates.Pointer, GateRows, 4 * _gates.Line);

    /// <summary>
    /// c and the cell's other state vectors: [panels, CellSlots, vectors·line], by slot when kept, by rank when not.
    /// </summary>
    public AlignedBuffer<T> Cells { get; } = new();

    public int CellSlots { get; private set; }

    /// <summary>
    /// c before zoneout mixed it: [panels, NewCellRows, line], by row when kept, else by rank; and what zoneout carries back of
    /// dc.
    /// </summary>
    public AlignedBuffer<T> NewCells { get; } = new();

    public int NewCellRows { get; private set; }

    public AlignedBuffer<T> CellCarried { get; } = new();

    /// <summary>What a custom cell keeps: [panels, NewCellRows, lines of the cell].</summary>
    public AlignedBuffer<T> CellLines { get; } = new();

    /// <summary>dh by rank: [B, padded values of h].</summary>
    public AlignedBuffer<T> HiddenGradient { get; } = new();

    /// <summary>The gradients of the state vectors by rank: [panels, B, vectors·line].</summary>
    public AlignedBuffer<T> CellGradient { get; } = new();

    /// <summary>How many terms a gradient by panels of gates makes.</summary>
    public int GateTermCount => _gates.PanelCount + (_gates.Columns == _gates.PaddedColumns ? 0 : 3);

    private int Line => _gates.Line;

    private int PaddedUnits => _gates.PaddedColumns / 4;

    private int PaddedSize => TransposedHh.Columns.PaddedColumns;

    /// <summary>What the next steps see, by slot: h, or what an update makes of it.</summary>
    public Slots<T> Seen(in Pass<T> pass) => Update?.Seen(pass) ?? Hidden;

    /// <summary>Makes room for a forward pass whose h goes into these slots.</summary>
    public void Prepare(in Pass<T> pass, SequenceShape shape, Slots<T> hidden)
    {
        Debug.Assert(hidden.Pointer != null || shape.Count == 0, "There are no slots for h.");
        Debug.Assert(hidden.Stride >= _size, "The slots of h overlap.");
        Plan.Set(shape, pass.Segment.Later);
        (Shape, Keeps, Hidden) = (shape, pass.Keeps, hidden);
        CellSlots = Keeps ? shape.Count + shape.RowCount : shape.Count;
        GateRows = Keeps ? shape.RowCount : LongestStretch();
        NewCellRows = Keeps ? shape.RowCount : shape.Count;
        Gates.Reserve((long)_gates.PaddedColumns * GateRows);
        Cells.Reserve((long)PaddedUnits * CellSlots * _vectors);
        NewCells.Reserve(_zonesCell ? (long)PaddedUnits * NewCellRows : 0);
        CellLines.Reserve((long)PaddedUnits * NewCellRows * _cellLines);
        Update?.Prepare(pass, shape);
        Recurrence.Prepare(pass, this);
    }

    /// <summary>Makes room for its backward pass.</summary>
    public void PrepareBackward(in Pass<T> pass)
    {
        Debug.Assert(Keeps && GateRows == Shape.RowCount, "The forward pass has kept nothing of these rows.");
        CellCarried.Reserve(_zonesCell ? (long)Shape.Count * PaddedUnits : 0);
        Update?.PrepareBackward(pass, Shape);
        Recurrence.PrepareBackward(Shape);
        Runs.Set(Shape, Plan);
    }

    /// <summary>
    /// The row that the first of <see cref="Gates"/> stands for in a stretch that begins with <paramref name="row"/>.
    /// </summary>
    public int FirstGateRow(int row) => Keeps ? 0 : row;

    /// <summary>End of the stretch of whole steps from <paramref name="step"/>.</summary>
    public int StretchEnd(int step)
    {
        int end = step + 1;
        while (end < Plan.StepCount && RowCountOf(step, end + 1) <= _rowsPerStretch)
        {
            end++;
        }

        return end;
    }

    /// <summary>The rows [first, end) of the walk's steps [step, endStep).</summary>
    public (int First, int End) RowsOf(int step, int endStep)
    {
        (int first, int end) = Plan.SequenceSteps(step, endStep);
        return (Shape.Offset(first), Shape.Offset(end));
    }

    /// <summary>The slot of a sequence's state after its last step, the sequence given by the caller's index.</summary>
    public int FinalSlot(int sequence)
    {
        int rank = Shape.CallerToRank[sequence];
        int length = Shape.Lengths[sequence];
        return length == 0 ? rank : Shape.Count + rank + Shape.Offset(Plan.Reverse ? 0 : length - 1);
    }

    /// <summary>The sum of the biases by panels; null for none.</summary>
    public T* SumBiases(in Pass<T> pass, Parameter[] biases)
    {
        if (biases.Length <= 1)
        {
            return biases.Length == 0 ? null : pass.Parameter(biases[0]);
        }

        if (_biasVersion != pass.Version)
        {
            T* first = pass.Parameter(biases[0]);
            T* second = pass.Parameter(biases[1]);
            for (int i = 0; i < _gates.PaddedColumns; i++)
            {
                _bias.Pointer[i] = first[i] + second[i];
            }

            _biasVersion = pass.Version;
        }

        return _bias.Pointer;
    }

    /// <summary>A gradient by panels of gates as the left factor of a product with a transposed weight.</summary>
    public ProductTerm<T>* GateTerms(Panels<T> left, T* transposed) => GateTerms(_terms, left, transposed);

    /// <summary>The gradient of W_hh s, as the step before reads it, as factors of a product with W_hh.</summary>
    public ProductTerm<T>* StepTerms() => StepTerms(_terms, TransposedHh.Pointer);

    /// <summary>The same with another transposed weight.</summary>
    public ProductTerm<T>* StepTerms(AlignedBuffer<ProductTerm<T>> terms, T* transposed)
        => GateTerms(terms, Recurrence.StepGradient(this), transposed);

    /// <summary>
    /// The gradient of W_hh s of the first rows of the segment read after this one, as factors of a product with W_hh.
    /// </summary>
    public ProductTerm<T>* LaterTerms(int ranks) => LaterTerms(_laterTerms, TransposedHh.Pointer, ranks);

    /// <summary>The same with another transposed weight.</summary>
    public ProductTerm<T>* LaterTerms(AlignedBuffer<ProductTerm<T>> terms, T* transposed, int ranks)
        => GateTerms(terms, new Panels<T>(_later.Pointer, ranks, 4 * Line), transposed);

    /// <summary>
    /// Keeps the gradient of W_hh s of the first ranks at the walk's first step, for the segment read before this one.
    /// </summary>
    public void KeepFirst(int ranks)
    {
        _later.Reserve((long)_gates.PaddedColumns * ranks);
        Panels<T> gradient = Recurrence.StepGradient(this);
        Panels<T> later = new(_later.Pointer, ranks, 4 * Line);
        int row = Recurrence.StepsByRank ? 0 : Plan.Step(0)[0].Row;
        Debug.Assert(row + ranks <= gradient.Rows, "The first step has fewer ranks.");
        for (nint panel = 0; panel < _gates.PanelCount; panel++)
        {
            new ReadOnlySpan<T>(gradient.At(panel, row), ranks * 4 * Line)
                .CopyTo(new Span<T>(later.At(panel, 0), ranks * 4 * Line));
        }
    }

    /// <summary>Sets the state vectors of a slot or rank; an empty source means zero. The padding becomes zero.</summary>
    public void SetCell(int slot, ReadOnlySpan<T> source) => SetVectors(StatePanels(Cells, CellSlots), slot, source);

    /// <summary>Copies the state vectors of a slot or rank, one after the other.</summary>
    public void CopyCell(int slot, Span<T> destination) => CopyVectors(StatePanels(Cells, CellSlots), slot, destination);

    /// <summary>h after a row.</summary>
    public ReadOnlySpan<T> HiddenAfter(int row) => new(Hidden.At(Shape.Count + row), _size);

    /// <summary>Copies one of the four gates of a row, or its gradient once a backward pass has overwritten it.</summary>
    public void CopyGate(int gate, int row, Span<T> destination) => CopyByPanels(Z, row, gate * Line, destination);

    public void ClearStateGradients()
    {
        HiddenGradient.Reserve((long)Shape.Count * PaddedSize);
        CellGradient.Reserve((long)Shape.Count * PaddedUnits * _vectors);
        HiddenGradient.Span[..(Shape.Count * PaddedSize)].Clear();
        CellGradient.Span[..(Shape.Count * PaddedUnits * _vectors)].Clear();
    }

    public Span<T> HiddenGradientRow(int rank) => new(HiddenGradient.Pointer + ((nint)rank * PaddedSize), PaddedSize);

    public void SetCellGradient(int rank, ReadOnlySpan<T> source)
        => SetVectors(StatePanels(CellGradient, Shape.Count), rank, source);

    public void CopyCellGradient(int rank, Span<T> destination)
        => CopyVectors(StatePanels(CellGradient, Shape.Count), rank, destination);

    // A term for each panel. A last panel with fewer units than a line has a term for each of its gates, which leaves its padding
    // out.
    private ProductTerm<T>* GateTerms(AlignedBuffer<ProductTerm<T>> terms, Panels<T> left, T* transposed)
    {
        terms.Reserve(GateTermCount);
        int width = 4 * Line;
        for (int t = 0; t < GateTermCount; t++)
        {
            int panel = Math.Min(t, _gates.PanelCount - 1);
            int column = (t - panel) * Line;
            terms.Pointer[t] = new ProductTerm<T>
            {
                A = left.At(panel, 0) + column,
                ARowStride = width,
                B = transposed,
                PanelRows = _gates.PaddedColumns,
                FirstRow = (panel * width) + column,
                RowStep = 1,
                Count = _units - (panel * Line) >= Line ? width : _units % Line,
            };
        }

        return terms.Pointer;
    }

    private int LongestStretch()
    {
        int longest = 0;
        for (int step = 0; step < Plan.StepCount;)
        {
            int end = StretchEnd(step);
            longest = Math.Max(longest, RowCountOf(step, end));
            step = end;
        }

        return longest;
    }

    private int RowCountOf(int step, int endStep)
    {
        (int first, int end) = RowsOf(step, endStep);
        return end - first;
    }

    private Panels<T> StatePanels(AlignedBuffer<T> states, int rows) => new(states.Pointer, rows, _vectors * Line);

    private void SetVectors(Panels<T> panels, int row, ReadOnlySpan<T> source)
    {
        for (int v = 0; v < _vectors; v++)
        {
            SetByPanels(panels, row, v * Line, source.IsEmpty ? [] : source.Slice(v * _units, _units));
        }
    }

    private void CopyVectors(Panels<T> panels, int row, Span<T> destination)
    {
        for (int v = 0; v < _vectors; v++)
        {
            CopyByPanels(panels, row, v * Line, destination.Slice(v * _units, _units));
        }
    }

    private void SetByPanels(Panels<T> panels, int row, int place, ReadOnlySpan<T> source)
    {
        for (int u = 0; u < PaddedUnits; u += Line)
        {
            Span<T> line = new(panels.At(u / Line, row) + place, Line);
            line.Clear();
            source[Math.Min(u, source.Length)..Math.Min(u + Line, source.Length)].CopyTo(line);
        }
    }

    private void CopyByPanels(Panels<T> panels, int row, int place, Span<T> destination)
    {
        for (int u = 0; u < _units; u += Line)
        {
            Span<T> target = destination[u..Math.Min(u + Line, _units)];
            new ReadOnlySpan<T>(panels.At(u / Line, row) + place, target.Length).CopyTo(target);
        }
    }
}
