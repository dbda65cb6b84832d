using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>What one direction of an LSTM layer leaves of a forward pass.</summary>
internal sealed unsafe class DirectionTape<T>(bool reverse, PanelLayout gates, int inputSize, LstmSpec spec, int rowsPerStretch)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int _units = spec.HiddenSize;
    private readonly AlignedBuffer<ProductTerm<T>> _terms = new();
    private readonly AlignedBuffer<T> _bias = new(gates.PaddedColumns);
    private long _biasVersion = -1;
    private SequenceShape? _shape;

    /// <summary>z, then gates, then dz: [panels, GateRows, 4·line].</summary>
    public AlignedBuffer<T> Gates { get; } = new();

    public int GateRows { get; private set; }

    /// <summary>c: [panels, CellSlots, line], by slot when kept, by rank when not.</summary>
    public AlignedBuffer<T> Cells { get; } = new();

    public int CellSlots { get; private set; }

    public bool KeepsCells { get; private set; }

    /// <summary>What a custom cell keeps: [panels, KeptRows, KeptLines·line], by row when the cells are kept, else by rank.</summary>
    public AlignedBuffer<T> KeptValues { get; } = new();

    public int KeptRows { get; private set; }

    public int KeptLines => spec.Cell?.KeptLines ?? 0;

    /// <summary>dh by rank: [B, padded values of h].</summary>
    public AlignedBuffer<T> HiddenGradient { get; } = new();

    /// <summary>dc by rank: [panels, B, line].</summary>
    public AlignedBuffer<T> CellGradient { get; } = new();

    /// <summary>The gradient of W_hh s (dz, if that is not normalised) of the first rows of the segment read after this one, [panels, ranks, 4·line]; and as factors of products.</summary>
    public AlignedBuffer<T> First { get; } = new();

    public AlignedBuffer<ProductTerm<T>> FirstTerms { get; } = new();

    public AlignedBuffer<ProductTerm<T>> FirstGateTerms { get; } = new();

    public RecurrencePlan Plan { get; } = new(reverse);

    public RowRuns Runs { get; } = new();

    public TransposedWeights<T> TransposedIh { get; } = new(gates, inputSize);

    public TransposedWeights<T> TransposedHh { get; } = new(gates, spec.ProjectionSize ?? spec.HiddenSize);

    /// <summary>What it keeps for a layer whose next step does not see the units' outputs as they are, or whose cell is zoned out.</summary>
    public HiddenUpdateTape<T> Path { get; } = new(gates, spec);

    /// <summary>What it keeps for layer normalisation; null without.</summary>
    public LayerNormTape<T>? LayerNorm { get; } = spec.Normalization == LstmNormalization.Layer ? new(gates, spec) : null;

    /// <summary>What it keeps for batch normalisation; null without it.</summary>
    public BatchNormTape<T>? BatchNorm { get; } = spec.Normalization == LstmNormalization.Batch ? new(gates, spec) : null;

    /// <summary>W_ih x before the steps and its gradient after them, and the gradient of W_hh s: z and dz where they are not normalised.</summary>
    public T* InputProducts => LayerNorm is { } rows ? rows.Inputs.Pointer : BatchNorm is { } batch ? batch.InputProducts.Pointer : Gates.Pointer;

    public T* HiddenProductGradient => LayerNorm is { } rows ? rows.Recurrents.Pointer : BatchNorm is { } batch ? batch.HiddenProducts : Gates.Pointer;

    /// <summary>B.</summary>
    public int Sequences => _shape!.Count;

    private int Line => gates.Line;

    private int PaddedUnits => gates.PaddedColumns / 4;

    private int PaddedSize => TransposedHh.Columns.PaddedColumns;

    /// <summary>Makes room for a pass.</summary>
    /// <param name="keeps">Whether a backward pass may follow.</param>
    /// <param name="shape">The rows.</param>
    /// <param name="later">How many of the first ranks go on in a later segment.</param>
    public void Prepare(bool keeps, SequenceShape shape, int later)
    {
        Plan.Set(shape, later);
        _shape = shape;
        KeepsCells = keeps;
        CellSlots = keeps ? shape.Count + shape.RowCount : shape.Count;
        GateRows = keeps ? shape.RowCount : LongestStretch();
        Gates.Reserve((long)gates.PaddedColumns * GateRows);
        Cells.Reserve((long)PaddedUnits * CellSlots);
        KeptRows = keeps ? shape.RowCount : shape.Count;
        KeptValues.Reserve((long)PaddedUnits * KeptRows * KeptLines);
    }

    /// <summary>The row that the first of <see cref="Gates"/> stands for in a stretch that begins with <paramref name="row"/>.</summary>
    public int FirstGateRow(int row) => KeepsCells ? 0 : row;

    /// <summary>End of the stretch of whole steps from <paramref name="step"/>.</summary>
    public int StretchEnd(int step)
    {
        int end = step + 1;
        while (end < Plan.StepCount && RowCountOf(step, end + 1) <= rowsPerStretch)
        {
            end++;
        }

        return end;
    }

    /// <summary>The rows [first, end) of the walk's steps [step, endStep).</summary>
    public (int First, int End) RowsOf(int step, int endStep)
    {
        (int first, int end) = Plan.SequenceSteps(step, endStep);
        return (_shape!.Offset(first), _shape.Offset(end));
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
            for (int i = 0; i < gates.PaddedColumns; i++)
            {
                _bias.Pointer[i] = first[i] + second[i];
            }

            _biasVersion = pass.Version;
        }

        return _bias.Pointer;
    }

    /// <summary>How many terms <see cref="GateTerms(T*, T*, int)"/> has.</summary>
    public int GateTermCount => GateTermCountOf(gates);

    /// <summary>A gradient by panels of gates as the left factor of a product with a transposed weight.</summary>
    public ProductTerm<T>* GateTerms(T* left, T* transposed, int rows) => GateTerms(_terms, left, transposed, rows);

    /// <summary>
    /// The same of any [panels, rows, 4·line]: a term for each panel. A last panel with fewer units than a line has a term for each of its
    /// gates, which leaves its padding out.
    /// </summary>
    public ProductTerm<T>* GateTerms(AlignedBuffer<ProductTerm<T>> terms, T* left, T* transposed, int rows)
    {
        terms.Reserve(GateTermCount);
        int width = 4 * Line;
        for (int t = 0; t < GateTermCount; t++)
        {
            int panel = Math.Min(t, gates.PanelCount - 1);
            int column = (t - panel) * Line;
            terms.Pointer[t] = new ProductTerm<T>
            {
                A = left + ((nint)panel * rows * width) + column,
                ARowStride = width,
                B = transposed,
                PanelRows = gates.PaddedColumns,
                FirstRow = (panel * width) + column,
                RowStep = 1,
                Count = _units - (panel * Line) >= Line ? width : _units % Line,
            };
        }

        return terms.Pointer;
    }

    /// <summary>Keeps the gradient of W_hh s of the first ranks at the walk's first step, for the segment read before this one.</summary>
    public void KeepFirst(int ranks)
    {
        First.Reserve((long)gates.PaddedColumns * ranks);
        int width = 4 * Line;
        for (nint panel = 0; panel < gates.PanelCount; panel++)
        {
            // With layer normalisation that of the last step done, by rank, is still at hand.
            T* first = LayerNorm is { } norm
                ? norm.StepGradient.Pointer + (panel * Sequences * width)
                : Gates.Pointer + (((panel * GateRows) + Plan.Step(0)[0].Row) * width);
            new ReadOnlySpan<T>(first, ranks * width)
                .CopyTo(new Span<T>(First.Pointer + (panel * ranks * width), ranks * width));
        }
    }

    /// <summary>Sets the cell state of a slot or rank; an empty source means zero. The padding becomes zero.</summary>
    public void SetCell(int slot, ReadOnlySpan<T> source) => SetByPanels(Cells.Pointer, CellSlots, slot, source);

    public void CopyCell(int slot, Span<T> destination) => CopyByPanels(Cells.Pointer, CellSlots, slot, destination);

    /// <summary>Copies one of the four gates of a row, or its gradient once a backward pass has overwritten it.</summary>
    public void CopyGate(int gate, int row, Span<T> destination)
    {
        for (int u = 0; u < _units; u += Line)
        {
            Span<T> target = destination[u..Math.Min(u + Line, _units)];
            nint place = ((((nint)(u / Line) * GateRows) + row) * 4) + gate;
            new ReadOnlySpan<T>(Gates.Pointer + (place * Line), target.Length).CopyTo(target);
        }
    }

    public void ClearStateGradients(int sequences)
    {
        HiddenGradient.Reserve((long)sequences * PaddedSize);
        CellGradient.Reserve((long)sequences * PaddedUnits);
        HiddenGradient.Span[..(sequences * PaddedSize)].Clear();
        CellGradient.Span[..(sequences * PaddedUnits)].Clear();
    }

    public Span<T> HiddenGradientRow(int rank) => new(HiddenGradient.Pointer + ((nint)rank * PaddedSize), PaddedSize);

    public void SetCellGradient(int rank, ReadOnlySpan<T> source) => SetByPanels(CellGradient.Pointer, _shape!.Count, rank, source);

    public void CopyCellGradient(int rank, Span<T> destination) => CopyByPanels(CellGradient.Pointer, _shape!.Count, rank, destination);

    private static int GateTermCountOf(PanelLayout gates) => gates.PanelCount + (gates.Columns == gates.PaddedColumns ? 0 : 3);

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

    private nint CellIndex(int slots, int slot, int unit) => ((((nint)(unit / Line) * slots) + slot) * Line) + (unit % Line);

    private void SetByPanels(T* panels, int slots, int slot, ReadOnlySpan<T> source)
    {
        for (int u = 0; u < PaddedUnits; u += Line)
        {
            Span<T> line = new(panels + CellIndex(slots, slot, u), Line);
            line.Clear();
            source[Math.Min(u, source.Length)..Math.Min(u + Line, source.Length)].CopyTo(line);
        }
    }

    private void CopyByPanels(T* panels, int slots, int slot, Span<T> destination)
    {
        for (int u = 0; u < _units; u += Line)
        {
            Span<T> target = destination[u..Math.Min(u + Line, _units)];
            new ReadOnlySpan<T>(panels + CellIndex(slots, slot, u), target.Length).CopyTo(target);
        }
    }
}
