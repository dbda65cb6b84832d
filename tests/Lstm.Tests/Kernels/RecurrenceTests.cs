using System.Numerics;
using Lstm.Cells;
using Lstm.Kernels;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;
using Lstm.Tests.Support;

namespace Lstm.Tests.Kernels;

/// <summary>
/// The recurrent steps, forward and backward, against one sequence at a time in plain loops: equal bits at every width.
/// </summary>
public abstract class RecurrenceTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly RecurrenceChecks<T, StandardCell<T>> standard = new(default);

    private readonly RecurrenceChecks<T, VariantCell<T, StandardActivations<T>>> variant = new(
        new(new LstmEquations { Peephole = true, CoupledGates = true, CellClip = 0.5, PreActivationClip = 0.5 }, false, default));

    [Fact]
    public void Forward_with_kept_states_equals_loops()
    {
        standard.ForwardWithKeptStates();
        variant.ForwardWithKeptStates();
    }

    [Fact]
    public void Forward_by_stretches_without_kept_states_equals_loops()
    {
        standard.ForwardByStretches();
        variant.ForwardByStretches();
    }

    [Fact]
    public void Backward_equals_loops()
    {
        standard.Backward();
        variant.Backward();
    }

    [Fact]
    public void Step_of_one_sequence_equals_loops()
    {
        standard.Step();
        variant.Step();
    }
}

/// <summary>The checks of one cell.</summary>
internal sealed unsafe class RecurrenceChecks<T, TCell>(TCell cell)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : unmanaged, ICell<T>
{
    private static readonly int[][] Shapes =
        [[0], [1], [3, 0, 5, 5, 1], [4, 4, 4, 4, 4, 4, 4, 4], [6, 1, 2, 2, 0, 3, 7, 7, 7, 5, 4, 1, 1]];

    private static int Line => PanelLayout.LineOf<T>();

    public void ForwardWithKeptStates() => ForAll((width, guard, lengths, units, reverse, variant) =>
        CheckForward(new Case(guard, lengths, units, reverse), width, inputs: variant % 3 * 2, workers: 1 + (variant % 3)));

    public void ForwardByStretches() => ForAll((width, guard, lengths, units, reverse, variant) =>
        CheckStretches(
        new Case(guard, lengths, units, reverse), width, inputs: 1 + (variant % 3), stretch: 1 + (variant % 2), workers: 1
        + (variant % 2)));

    public void Backward() => ForAll((width, guard, lengths, units, reverse, variant) =>
        CheckBackward(new Case(guard, lengths, units, reverse), width, workers: 1 + (variant % 3)));

    public void Step()
    {
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            for (int units = 1; units <= (7 * Line) + 1; units += units <= Line ? 1 : Line - 1)
            {
                for (int inputs = 1; inputs <= 3; inputs++)
                {
                    CheckStep(new Case(guard, [1], units, false), width, inputs);
                }
            }
        }
    }

    private void ForAll(Action<SimdWidth, Guard, int[], int, bool, int> check)
    {
        int variant = 0;
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            foreach (int[] lengths in Shapes)
            {
                foreach (int units in (int[])[1, 3, Line - 1, Line, Line + 1, (2 * Line) + 1])
                {
                    check(width, guard, lengths, units, false, variant);
                    check(width, guard, lengths, units, true, variant++);
                }
            }
        }
    }

    private void CheckForward(Case c, SimdWidth width, int inputs, int workers)
    {
        using Operands<T> operands = new(c.Guard, c.Units);
        RecurrentForward<T> job = ForwardJob(c, operands, width, inputs);
        int slots = c.Shape.Count + c.Shape.RowCount;
        job.Gates = inputs == 0 ? operands.Random(c.Gates.PaddedColumns * c.Shape.RowCount)
            : operands.Unset(c.Gates.PaddedColumns * c.Shape.RowCount);
        job.GateRows = c.Shape.RowCount;
        job.EndStep = c.Plan.StepCount;
        job.KeepCells = true;
        job.CellSlots = slots;
        job.Cells = operands.Random(c.PaddedUnits * slots);
        T* hidden = operands.Random(slots * (int)job.HiddenStride);
        job.Hidden = job.Seen = hidden + (c.Direction * c.Units);
        T[] z = Values(job.Gates, c.Gates.PaddedColumns * c.Shape.RowCount);
        T[] cells = Values(job.Cells, c.PaddedUnits * slots);
        T[] h = Values(hidden, slots * (int)job.HiddenStride);
        Naive(c, job, inputs, z, cells, h);
        Divide(job, workers);
        string what = $"{width} {c} {inputs} inputs, {workers} workers";
        Close.SameBits(z, Values(job.Gates, z.Length), $"{what}: gates");
        Close.SameBits(cells, Values(job.Cells, cells.Length), $"{what}: c");
        Close.SameBits(h, Values(hidden, h.Length), $"{what}: h");
    }

    private void CheckStretches(Case c, SimdWidth width, int inputs, int stretch, int workers)
    {
        using Operands<T> operands = new(c.Guard, c.Units);
        RecurrentForward<T> job = ForwardJob(c, operands, width, inputs);
        int slots = c.Shape.Count + c.Shape.RowCount;
        T* hidden = operands.Random(slots * (int)job.HiddenStride);
        job.Hidden = job.Seen = hidden + (c.Direction * c.Units);
        job.KeepCells = false;
        job.CellSlots = c.Shape.Count;
        job.Cells = operands.Random(c.PaddedUnits * c.Shape.Count);
        T[] h = Values(hidden, slots * (int)job.HiddenStride);
        T[] cells = new T[c.PaddedUnits * slots];
        for (int u = 0; u < c.PaddedUnits; u++)
        {
            for (int rank = 0; rank < c.Shape.Count; rank++)
            {
                cells[c.CellIndex(u, rank, slots)] = job.Cells[c.CellIndex(u, rank, c.Shape.Count)];
            }
        }

        Naive(c, job, inputs, new T[c.Gates.PaddedColumns * c.Shape.RowCount], cells, h);
        for (int step = 0; step < c.Plan.StepCount; step += stretch)
        {
            job.FirstStep = step;
            job.EndStep = Math.Min(step + stretch, c.Plan.StepCount);
            (int firstStep, int endStep) = c.Plan.SequenceSteps(step, job.EndStep);
            job.Split = new SequenceSplit(c.Shape, firstStep, endStep);
            int first = Math.Min(c.StepRow(step), c.StepRow(job.EndStep - 1));
            int last = Math.Max(c.StepRow(step) + c.StepLive(step), c.StepRow(job.EndStep - 1) + c.StepLive(job.EndStep - 1));
            job.FirstGateRow = first;
            job.GateRows = last - first;
            job.Gates = operands.Unset(c.Gates.PaddedColumns * (last - first));
            Divide(job, workers);
        }

        string what = $"{width} {c} {inputs} inputs, stretches of {stretch}";
        Close.SameBits(h, Values(hidden, h.Length), $"{what}: h");
        for (int u = 0; u < c.Units; u++)
        {
            for (int rank = 0; rank < c.Shape.Count; rank++)
            {
                Close.SameBits<T>(
                    [cells[c.CellIndex(u, c.FinalSlot(rank), slots)]], [job.Cells[c.CellIndex(u, rank, c.Shape.Count)]],
                    $"{what}: c of rank {rank}, unit {u}");
            }
        }
    }

    private void CheckBackward(Case c, SimdWidth width, int workers)
    {
        using Operands<T> operands = new(c.Guard, c.Units);
        int slots = c.Shape.Count + c.Shape.RowCount, rows = c.Shape.RowCount, stride = c.Units + 3;
        PanelLayout columns = PanelLayout.Plain<T>(c.Units);
        T* gates = operands.Random(c.Gates.PaddedColumns * rows);
        T* transposed = operands.Packed(columns, c.Gates.PaddedColumns);
        T* dy = operands.Random(Math.Max(0, (rows * stride) - 3));
        T* dh = operands.Unset(c.Shape.Count * c.PaddedUnits);
        T[] dhValues = Values(dh, c.Shape.Count * c.PaddedUnits);
        for (int i = 0; i < dhValues.Length; i++)
        {
            dhValues[i] = i % c.PaddedUnits < c.Units ? T.CreateChecked(0.1 * (i % 7)) : T.Zero;
        }

        dhValues.CopyTo(new Span<T>(dh, dhValues.Length));
        RecurrentBackward<T> job = new()
        {
            Width = width,
            Plan = c.Plan,
            Split = new SequenceSplit(c.Shape),
            Units = c.Units,
            Sequences = c.Shape.Count,
            Size = c.Units,
            OutputGradient = dy,
            OutputStride = stride,
            Transposed = transposed,
            Columns = columns,
            GateTerms =
                operands.Terms(
                [.. Enumerable.Range(0, c.Gates.PanelCount).Select(p => GateTerm(c, (nint)gates, (nint)transposed, p))]),
            GateTermCount = c.Gates.PanelCount,
            HiddenGradient = dh,
            UnitWeights = UnitWeights(c, operands),
            Gates = gates,
            GateRows = rows,
            Cells = operands.Random(c.PaddedUnits * slots),
            CellSlots = slots,
            CellGradient = operands.Random(c.PaddedUnits * c.Shape.Count),
        };
        T[] z = Values(gates, c.Gates.PaddedColumns * rows);
        T[] dc = Values(job.CellGradient, c.PaddedUnits * c.Shape.Count);
        NaiveBackward(c, job, z, dc, dhValues);
        Divide(job, workers);
        string what = $"{width} {c} {workers} workers";
        Close.SameBits(z, Values(gates, z.Length), $"{what}: dz");
        Close.SameBits(dc, Values(job.CellGradient, dc.Length), $"{what}: dc");
        Close.SameBits(dhValues, Values(dh, dhValues.Length), $"{what}: dh");
    }

    private void CheckStep(Case c, SimdWidth width, int inputs)
    {
        using Operands<T> operands = new(c.Guard, c.Units);
        RecurrentForward<T> job = ForwardJob(c, operands, width, inputs);
        int shift = c.Direction * c.Units;
        using WorkerTeam team = new(1);
        RecurrentStep<T> step = new()
        {
            Inputs = inputs,
            Units = c.Units,
            Input = job.Input.B,
            Recurrent = job.Recurrent,
            Bias = job.Bias,
            SecondBias = null,
            UnitWeights = job.UnitWeights,
            Hidden = operands.Random(c.PaddedUnits),
            Cell = operands.Random(c.PaddedUnits),
            Team = team,
        };
        T* y = operands.Unset(c.Units);
        T[] z = new T[c.Gates.PaddedColumns], cells = new T[2 * c.PaddedUnits], h = new T[4 * c.Units];
        Values(step.Hidden, c.Units).CopyTo(h, shift);
        for (int u = 0; u < c.PaddedUnits; u++)
        {
            cells[c.CellIndex(u, 0, 2)] = step.Cell[u];
        }

        Naive(c, job, inputs, z, cells, h);
        new CellKernels<T, TCell>(cell).Bind(width, step).Run(job.Input.A, y);
        string what = $"{width} {c} {inputs} inputs";
        Close.SameBits(h[((2 * c.Units) + shift)..((3 * c.Units) + shift)], Values(y, c.Units), $"{what}: output");
        Close.SameBits(Values(y, c.Units), Values(step.Hidden, c.Units), $"{what}: h");
        Close.SameBits(
            Enumerable.Range(0, c.PaddedUnits).Select(u => cells[c.CellIndex(u, 1, 2)]).ToArray(),
            Values(step.Cell, c.PaddedUnits), $"{what}: c");
    }

    private RecurrentForward<T> ForwardJob(Case c, Operands<T> operands, SimdWidth width, int inputs) => new()
    {
        Width = width,
        Plan = c.Plan,
        Split = new SequenceSplit(c.Shape),
        FirstStep = 0,
        EndStep = 0,
        Units = c.Units,
        Sequences = c.Shape.Count,
        Recurrent = operands.Packed(c.Gates, c.Units),
        Input = inputs == 0 ? default : new ProductTerm<T>
        {
            A = operands.Random(c.Shape.RowCount * inputs),
            ARowStride = inputs,
            B = operands.Packed(c.Gates, inputs),
            PanelRows = inputs,
            RowStep = 1,
            Count = inputs,
        },
        Bias = inputs == 2 ? null : operands.Packed(c.Gates, 1),
        UnitWeights = UnitWeights(c, operands),
        Gates = null,
        GateRows = 0,
        FirstGateRow = 0,
        Cells = null,
        CellSlots = 0,
        KeepCells = false,
        Hidden = null,
        HiddenStride = 2 * c.Units,
        Size = c.Units,
        Seen = null,
        SeenStride = 2 * c.Units,
    };

    private static T* UnitWeights(Case c, Operands<T> operands)
        => TCell.UnitWeightLines == 0 ? null : operands.Packed(PanelLayout.Peepholes(c.Units, Line), 1);

    private static T* UnitWeightsOf(T* own, int unit)
        => own == null ? null : own + (unit / Line * TCell.UnitWeightLines * Line) + (unit % Line);

    private static ProductTerm<T> GateTerm(Case c, nint gates, nint transposed, int panel) => new()
    {
        A = (T*)gates + (panel * c.Shape.RowCount * 4 * Line),
        ARowStride = 4 * Line,
        B = (T*)transposed,
        PanelRows = c.Gates.PaddedColumns,
        FirstRow = panel * 4 * Line,
        RowStep = 1,
        Count = 4 * Line,
    };

    // z, cells by slot and h by slot are in the job's layouts and are overwritten.
    private void Naive(Case c, RecurrentForward<T> job, int inputs, T[] z, T[] cells, T[] h)
    {
        int stride = 2 * c.Units, shift = c.Direction * c.Units, slots = c.Shape.Count + c.Shape.RowCount,
            rows = c.Shape.RowCount;
        for (int rank = 0; rank < c.Shape.Count; rank++)
        {
            int previous = rank;
            foreach (int row in c.Walk(rank))
            {
                for (int column = 0; column < c.Gates.PaddedColumns; column++)
                {
                    ref T sum = ref z[c.Gates.IndexOf(column, row, rows)];
                    if (inputs > 0)
                    {
                        sum = job.Bias == null ? T.Zero : job.Bias[c.Gates.IndexOf(column, 0, 1)];
                    }

                    for (int k = 0; k < inputs; k++)
                    {
                        sum = Operands<T>
                            .MultiplyAdd(job.Input.A[(row * inputs) + k], job.Input.B[c.Gates.IndexOf(column, k, inputs)], sum);
                    }

                    for (int k = 0; k < c.Units; k++)
                    {
                        sum = Operands<T>
                            .MultiplyAdd(
                            h[(previous * stride) + shift + k], job.Recurrent[c.Gates.IndexOf(column, k, c.Units)], sum);
                    }
                }

                int slot = c.Shape.Count + row;
                for (int u = 0; u < c.PaddedUnits; u++)
                {
                    ref T o = ref z[c.GateIndex(3, u, row)];
                    ref T state = ref cells[c.CellIndex(u, slot, slots)];
                    state = cell.Forward<SimdScalar<T>, T>(
                        UnitWeightsOf(job.UnitWeights, u), null, default, T.One, ref z[c.GateIndex(0, u, row)],
                        ref z[c.GateIndex(1, u, row)], ref z[c.GateIndex(2, u, row)], ref o,
                            cells[c.CellIndex(u, previous, slots)]);
                    if (u < c.Units)
                    {
                        h[(slot * stride) + shift + u] = cell.Output<SimdScalar<T>, T>(default, o, state);
                    }
                }

                previous = slot;
            }
        }
    }

    // z (gates → dz), dc [panels, B, line] and dh [B, padded H] are overwritten.
    private void NaiveBackward(Case c, RecurrentBackward<T> job, T[] z, T[] dc, T[] dh)
    {
        int slots = c.Shape.Count + c.Shape.RowCount, rows = c.Shape.RowCount;
        for (int rank = 0; rank < c.Shape.Count; rank++)
        {
            int[] walk = [.. c.Walk(rank)];
            for (int s = walk.Length - 1; s >= 0; s--)
            {
                int row = walk[s], previous = s == 0 ? rank : c.Shape.Count + walk[s - 1];
                for (int u = 0; u < c.Units && s == walk.Length - 1; u++)
                {
                    dh[(rank * c.PaddedUnits) + u] += job.OutputGradient[(row * job.OutputStride) + u];
                }

                for (int u = 0; u < c.PaddedUnits; u++)
                {
                    T after = job.Cells[c.CellIndex(u, c.Shape.Count + row, slots)];
                    dc[c.CellIndex(u, rank, c.Shape.Count)] += cell.OutputBackward<SimdScalar<T>, T>(
                        default, z[c.GateIndex(3, u, row)], after, dh[(rank * c.PaddedUnits) + u], out T dO);
                    cell.Backward<SimdScalar<T>, T>(
                        UnitWeightsOf(job.UnitWeights, u), null, default, null, T.One, ref z[c.GateIndex(0, u, row)],
                        ref z[c.GateIndex(1, u, row)], ref z[c.GateIndex(2, u, row)], ref z[c.GateIndex(3, u, row)],
                        job.Cells[c.CellIndex(u, previous, slots)], after, dO, ref dc[c.CellIndex(u, rank, c.Shape.Count)]);
                }

                for (int u = 0; u < c.Units; u++)
                {
                    T sum = s == 0 ? T.Zero : job.OutputGradient[(walk[s - 1] * job.OutputStride) + u];
                    for (int column = 0; column < c.Gates.PaddedColumns; column++)
                    {
                        sum = Operands<T>
                            .MultiplyAdd(
                            z[c.Gates.IndexOf(column, row, rows)],
                            job.Transposed[job.Columns.IndexOf(u, column, c.Gates.PaddedColumns)], sum);
                    }

                    dh[(rank * c.PaddedUnits) + u] = sum;
                }
            }
        }
    }

    private static T[] Values(T* pointer, int count) => new ReadOnlySpan<T>(pointer, count).ToArray();

    private void Divide<TWork>(TWork work, int workers)
        where TWork : struct, ICellWork<T>
    {
        for (int worker = 0; worker < workers; worker++)
        {
            CellJob<T, TWork, TCell> own = new(work, cell);
            own.Run(new WorkShare(worker, workers, worker));
        }
    }

    private sealed class Case
    {
        private readonly bool reverse;

        public Case(Guard guard, int[] lengths, int units, bool reverse)
        {
            Guard = guard;
            Units = units;
            this.reverse = reverse;
            Shape.Set(lengths);
            Plan = new RecurrencePlan(reverse);
            Plan.Set(Shape);
            Gates = PanelLayout.Gates<T>(units);
        }

        public Guard Guard { get; }

        public int Units { get; }

        public SequenceShape Shape { get; } = new();

        public RecurrencePlan Plan { get; }

        public PanelLayout Gates { get; }

        public int PaddedUnits => Gates.PaddedColumns / 4;

        /// <summary>The half of the output that touches the guarded edge.</summary>
        public int Direction => Guard == Guard.AfterEnd ? 1 : 0;

        public int CellIndex(int unit, int slot, int slots) => (((unit / Line * slots) + slot) * Line) + (unit % Line);

        public int GateIndex(int gate, int unit, int row)
            => Gates.IndexOf((unit / Line * 4 * Line) + (gate * Line) + (unit % Line), row, Shape.RowCount);

        public int FinalSlot(int rank)
        {
            int[] walk = [.. Walk(rank)];
            return walk.Length == 0 ? rank : Shape.Count + walk[^1];
        }

        /// <summary>The rows of a sequence in reading order.</summary>
        public IEnumerable<int> Walk(int rank)
        {
            int length = Shape.Lengths[Shape.RankToCaller[rank]];
            return Enumerable.Range(0, length).Select(s => Shape.Offset(reverse ? length - 1 - s : s) + rank);
        }

        public int StepRow(int step) => Shape.Offset(reverse ? Shape.StepCount - 1 - step : step);

        public int StepLive(int step) => Shape.Live(reverse ? Shape.StepCount - 1 - step : step);

        public override string ToString()
            => $"{Guard} lengths {string.Join(' ', Shape.Lengths.ToArray())}, H {Units}, reverse {reverse}";
    }
}

public sealed class RecurrenceDoubleTests : RecurrenceTests<double>;

public sealed class RecurrenceFloatTests : RecurrenceTests<float>;
