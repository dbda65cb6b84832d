using Lstm.Sequences;

namespace Lstm.Kernels.Products;

/// <summary>
/// The order in which a weight gradient takes its rows: last step of the walk first, rows ascending within a step; as few
/// runs of consecutive rows as that order allows.
/// </summary>
internal sealed class RowRuns
{
    private Run[] _runs = [];
    private int _count;

    /// <summary>Rows in all runs.</summary>
    public int RowCount { get; private set; }

    public ReadOnlySpan<Run> All => _runs.AsSpan(0, _count);

    /// <summary>Sets the order of rows that have no recurrence of their own: that of a layer reading forward.</summary>
    public void Set(SequenceShape shape) => Set(shape, 0, shape.StepCount);

    /// <summary>The same for the steps [first, end) alone, rows counted from the first of theirs.</summary>
    public void Set(SequenceShape shape, int first, int end)
    {
        _count = RowCount = 0;
        for (int t = end - 1; t >= first; t--)
        {
            int row = shape.Offset(t) - shape.Offset(first);
            Add(row, row, shape.Live(t));
        }
    }

    /// <summary>Sets the order of some rows of one step.</summary>
    public void Set(int rows)
    {
        _count = RowCount = 0;
        Add(0, 0, rows);
    }

    /// <summary>Sets the order of one direction, each row with the slot of the state before it.</summary>
    public void Set(RecurrencePlan plan)
    {
        _count = RowCount = 0;
        for (int s = plan.StepCount - 1; s >= 0; s--)
        {
            foreach (ref readonly RecurrenceBlock block in plan.Step(s))
            {
                Add(block.Previous, block.Row, block.Count);
            }
        }
    }

    private void Add(int slot, int row, int count)
    {
        RowCount += count;
        if (_count > 0)
        {
            ref Run last = ref _runs[_count - 1];
            int next = last.Count * last.Step;
            if (last.Step == 1 && slot == last.Slot + next && row == last.Row + next)
            {
                last = last with { Count = last.Count + count };
                return;
            }

            // Single rows walked backwards make one descending run.
            bool descends = count == 1 && (last.Step == -1 || last.Count == 1);
            if (descends && slot == last.Slot - last.Count && row == last.Row - last.Count)
            {
                last = last with { Count = last.Count + 1, Step = -1 };
                return;
            }
        }

        if (_count == _runs.Length)
        {
            Array.Resize(ref _runs, Math.Max(16, 2 * _count));
        }

        _runs[_count++] = new Run(slot, row, count, 1);
    }

    /// <summary>Rows Row, Row + Step, … and the slots Slot, Slot + Step, … of the states before them (without a recurrence, the rows again).</summary>
    internal readonly record struct Run(int Slot, int Row, int Count, int Step)
    {
        /// <summary>The rows [first, first + count) of the run, in its order.</summary>
        public Run Part(int first, int count) => new(Slot + (first * Step), Row + (first * Step), count, Step);
    }
}
