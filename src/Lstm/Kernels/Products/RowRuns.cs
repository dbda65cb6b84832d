using Lstm.Sequences;

namespace Lstm.Kernels.Products;

/// <summary>
/// The order in which a weight gradient takes its rows: last step of the walk first, rows ascending within a step; in the blocks
/// of <see cref="RowBlocks"/>, each of as few runs of consecutive rows as that order allows.
/// </summary>
internal sealed class RowRuns
{
    private readonly RowBlocks _blocks = new();
    private Run[] _runs = [];
    private int _count;

    /// <summary>The end of each block's runs.</summary>
    private int[] _ends = [];

    /// <summary>Rows that the block at hand still takes, and those of its large step that come after them.</summary>
    private int _left;
    private int _later;

    /// <summary>Rows in all runs.</summary>
    public int RowCount { get; private set; }

    public ReadOnlySpan<Run> All => _runs.AsSpan(0, _count);

    /// <summary>Number of blocks, parts of large steps counted.</summary>
    public int BlockCount { get; private set; }

    /// <summary>The runs of a block.</summary>
    public ReadOnlySpan<Run> Block(int block) => _runs.AsSpan((block == 0 ? 0 : _ends[block - 1])..(_ends[block]));

    /// <summary>Sets the order of rows without a recurrence: that of a layer that reads forward.</summary>
    public void Set(SequenceShape shape) => Set(shape, 0, shape.StepCount);

    /// <summary>
    /// Sets the order of the steps [first, end), whole blocks of a shape, rows counted from the first of theirs.
    /// </summary>
    public void Set(SequenceShape shape, int first, int end)
    {
        Begin(shape, first, end);
        for (int b = _blocks.Count - 1; b >= 0; b--)
        {
            BeginBlock(shape.Offset(_blocks.Start(b + 1)) - shape.Offset(_blocks.Start(b)));
            for (int t = _blocks.Start(b + 1) - 1; t >= _blocks.Start(b); t--)
            {
                int row = shape.Offset(t) - shape.Offset(first);
                Add(row, row, shape.Live(t));
            }
        }
    }

    /// <summary>Sets the order of some rows of one step: whole parts of it.</summary>
    public void Set(int rows)
    {
        _count = RowCount = BlockCount = 0;
        BeginBlock(rows);
        Add(0, 0, rows);
    }

    /// <summary>Sets the order of one direction over a shape, each row with the slot of the state before it.</summary>
    public void Set(SequenceShape shape, RecurrencePlan plan)
    {
        Begin(shape, 0, shape.StepCount);
        for (int i = 0; i < _blocks.Count; i++)
        {
            int b = plan.Reverse ? i : _blocks.Count - 1 - i;
            BeginBlock(shape.Offset(_blocks.Start(b + 1)) - shape.Offset(_blocks.Start(b)));
            (int first, int end) = plan.WalkSteps(_blocks.Start(b), _blocks.Start(b + 1));
            for (int s = end - 1; s >= first; s--)
            {
                foreach (ref readonly RecurrenceBlock rows in plan.Step(s))
                {
                    Add(rows.Previous, rows.Row, rows.Count);
                }
            }
        }
    }

    private void Begin(SequenceShape shape, int first, int end)
    {
        _blocks.Set(shape, first, end);
        _count = RowCount = BlockCount = 0;
    }

    // All rows of a block of steps, or of a large step, which is a block a part.
    private void BeginBlock(int rows)
    {
        _left = RowBlocks.PartsOf(rows) == 1 ? rows : RowBlocks.StepRows;
        _later = rows - _left;
        if (BlockCount == _ends.Length)
        {
            Array.Resize(ref _ends, Math.Max(16, 2 * BlockCount));
        }

        _ends[BlockCount++] = _count;
    }

    private void Add(int slot, int row, int count)
    {
        while (count > 0)
        {
            if (_left == 0)
            {
                BeginBlock(_later);
            }

            int taken = Math.Min(count, _left);
            AddRun(slot, row, taken);
            (slot, row, count) = (slot + taken, row + taken, count - taken);
            _left -= taken;
        }
    }

    private void AddRun(int slot, int row, int count)
    {
        RowCount += count;
        if (!TryContinue(slot, row, count))
        {
            if (_count == _runs.Length)
            {
                Array.Resize(ref _runs, Math.Max(16, 2 * _count));
            }

            _runs[_count++] = new Run(slot, row, count, 1);
        }

        _ends[BlockCount - 1] = _count;
    }

    private bool TryContinue(int slot, int row, int count)
    {
        if (_count == (BlockCount == 1 ? 0 : _ends[BlockCount - 2]))
        {
            return false;
        }

        ref Run last = ref _runs[_count - 1];
        int next = last.Count * last.Step;
        if (last.Step == 1 && slot == last.Slot + next && row == last.Row + next)
        {
            last = last with { Count = last.Count + count };
            return true;
        }

        // Single rows walked backwards make one descending run.
        bool descends = count == 1 && (last.Step == -1 || last.Count == 1);
        if (descends && slot == last.Slot - last.Count && row == last.Row - last.Count)
        {
            last = last with { Count = last.Count + 1, Step = -1 };
            return true;
        }

        return false;
    }

    /// <summary>
    /// Rows Row, Row + Step, … and the slots Slot, Slot + Step, … of the states before them (without a recurrence, the rows
    /// again).
    /// </summary>
    internal readonly record struct Run(int Slot, int Row, int Count, int Step);
}
