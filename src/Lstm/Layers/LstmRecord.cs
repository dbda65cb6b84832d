using System.Numerics;
using Lstm.Kernels;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>What an LSTM layer leaves of a forward pass.</summary>
/// <remarks>
/// The output stands in slots: rows 0 … B − 1 are the initial hidden states in rank order, the rows of the batch follow, so
/// no step is special. A pass that keeps nothing for a backward pass holds the gates of one stretch of steps and one
/// cell state per sequence.
/// </remarks>
internal sealed unsafe class LstmRecord<T> : LayerRecord<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int _units;

    /// <summary>Makes the record of a layer.</summary>
    /// <param name="reverse">For each direction, whether it reads in reverse.</param>
    /// <param name="gates">The layout of the 4H gates.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="units">H.</param>
    /// <param name="rowsPerStretch">How many rows' pre-activations are computed at a time.</param>
    public LstmRecord(bool[] reverse, PanelLayout gates, int inputSize, int units, int rowsPerStretch)
    {
        _units = units;
        Directions = [.. reverse.Select(r => new DirectionRecord(r, gates, inputSize, units, rowsPerStretch))];
    }

    public DirectionRecord[] Directions { get; }

    private int OutputSize => Directions.Length * _units;

    /// <summary>Makes room for a pass over rows of this shape.</summary>
    public void Prepare(Pass<T> pass, SequenceShape shape)
    {
        OutputShape = shape;
        OutputStart = (long)shape.Count * OutputSize;
        Output.Reserve(((long)shape.Count + shape.RowCount) * OutputSize);
        foreach (DirectionRecord direction in Directions)
        {
            direction.Prepare(pass.Keeps, shape);
        }
    }

    /// <summary>The slot of a sequence's state after its last step, the sequence given by the caller's index.</summary>
    public int FinalSlot(int d, int sequence)
    {
        int rank = OutputShape.CallerToRank[sequence];
        int length = OutputShape.Lengths[sequence];
        return length == 0 ? rank : OutputShape.Count + rank + OutputShape.Offset(Directions[d].Plan.Reverse ? 0 : length - 1);
    }

    /// <summary>One direction's part.</summary>
    internal sealed class DirectionRecord(bool reverse, PanelLayout gates, int inputSize, int units, int rowsPerStretch)
    {
        private readonly AlignedBuffer<ProductTerm<T>> _terms = new(GateTermCountOf(gates));
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

        /// <summary>dh by rank: [B, padded units].</summary>
        public AlignedBuffer<T> HiddenGradient { get; } = new();

        /// <summary>dc by rank: [panels, B, line].</summary>
        public AlignedBuffer<T> CellGradient { get; } = new();

        public RecurrencePlan Plan { get; } = new(reverse);

        public RowRuns Runs { get; } = new();

        public TransposedWeights<T> TransposedIh { get; } = new(gates, inputSize);

        public TransposedWeights<T> TransposedHh { get; } = new(gates, units);

        private int Line => gates.Line;

        private int PaddedUnits => gates.PaddedColumns / 4;

        public void Prepare(bool keeps, SequenceShape shape)
        {
            Plan.Set(shape);
            _shape = shape;
            KeepsCells = keeps;
            CellSlots = keeps ? shape.Count + shape.RowCount : shape.Count;
            GateRows = keeps ? shape.RowCount : LongestStretch();
            Gates.Reserve((long)gates.PaddedColumns * GateRows);
            Cells.Reserve((long)PaddedUnits * CellSlots);
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
        public T* SumBiases(Pass<T> pass, Parameter[] biases)
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

        /// <summary>How many terms <see cref="GateTerms"/> has.</summary>
        public int GateTermCount => GateTermCountOf(gates);

        /// <summary>
        /// dz as the left factor of a product with a transposed weight: a term for each panel. A last panel with fewer units
        /// than a line has a term for each of its gates, which leaves its padding out.
        /// </summary>
        public ProductTerm<T>* GateTerms(T* transposed, int rows)
        {
            int width = 4 * Line;
            for (int t = 0; t < GateTermCount; t++)
            {
                int panel = Math.Min(t, gates.PanelCount - 1);
                int column = (t - panel) * Line;
                _terms.Pointer[t] = new ProductTerm<T>
                {
                    A = Gates.Pointer + ((nint)panel * rows * width) + column,
                    ARowStride = width,
                    B = transposed,
                    PanelRows = gates.PaddedColumns,
                    FirstRow = (panel * width) + column,
                    RowStep = 1,
                    Count = units - (panel * Line) >= Line ? width : units % Line,
                };
            }

            return _terms.Pointer;
        }

        /// <summary>Sets the cell state of a slot or rank; an empty source means zero. The padding becomes zero.</summary>
        public void SetCell(int slot, ReadOnlySpan<T> source) => SetByPanels(Cells.Pointer, CellSlots, slot, source);

        public void CopyCell(int slot, Span<T> destination) => CopyByPanels(Cells.Pointer, CellSlots, slot, destination);

        /// <summary>Copies one of the four gates of a row, or its gradient once a backward pass has overwritten it.</summary>
        public void CopyGate(int gate, int row, Span<T> destination)
        {
            for (int u = 0; u < units; u += Line)
            {
                Span<T> target = destination[u..Math.Min(u + Line, units)];
                nint place = ((((nint)(u / Line) * GateRows) + row) * 4) + gate;
                new ReadOnlySpan<T>(Gates.Pointer + (place * Line), target.Length).CopyTo(target);
            }
        }

        public void ClearStateGradients(int sequences)
        {
            HiddenGradient.Reserve((long)sequences * PaddedUnits);
            CellGradient.Reserve((long)sequences * PaddedUnits);
            HiddenGradient.Span[..(sequences * PaddedUnits)].Clear();
            CellGradient.Span[..(sequences * PaddedUnits)].Clear();
        }

        public Span<T> HiddenGradientRow(int rank) => new(HiddenGradient.Pointer + ((nint)rank * PaddedUnits), PaddedUnits);

        public void SetCellGradient(int rank, ReadOnlySpan<T> source) => SetByPanels(CellGradient.Pointer, _shape!.Count, rank, source);

        public void CopyCellGradient(int rank, Span<T> destination) => CopyByPanels(CellGradient.Pointer, _shape!.Count, rank, destination);

        public void AddStateGradients(int rank, T* hidden, T* cell)
        {
            for (int u = 0; u < units; u++)
            {
                hidden[u] += HiddenGradient.Pointer[((nint)rank * PaddedUnits) + u];
                cell[u] += CellGradient.Pointer[CellIndex(_shape!.Count, rank, u)];
            }
        }

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
            for (int u = 0; u < units; u += Line)
            {
                Span<T> target = destination[u..Math.Min(u + Line, units)];
                new ReadOnlySpan<T>(panels + CellIndex(slots, slot, u), target.Length).CopyTo(target);
            }
        }
    }
}
