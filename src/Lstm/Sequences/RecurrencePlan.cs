namespace Lstm.Sequences;

/// <summary>Rows of one step that continue rows lying next to each other: the unit of the recurrence.</summary>
/// <remarks>
/// States stand in slots: slot b &lt; B is the initial state of rank b, slot B + row the state after that row.
/// </remarks>
internal readonly record struct RecurrenceBlock
{
    /// <summary>Rank of the first sequence.</summary>
    public required int First { get; init; }

    /// <summary>Number of sequences.</summary>
    public required int Count { get; init; }

    /// <summary>Row of the first sequence.</summary>
    public required int Row { get; init; }

    /// <summary>Slot of the first sequence's previous state.</summary>
    public required int Previous { get; init; }

    /// <summary>Ranks below this have a later step; the others end here.</summary>
    public required int Continuing { get; init; }
}

/// <summary>The order in which one direction walks the rows of a batch.</summary>
/// <remarks>
/// Forward reading takes the steps in order, rows dropping out as sequences end; reverse reading takes them from the
/// last to the first, rows joining at their own last step. A reverse step has two blocks: the sequences under way, and
/// those that join.
/// </remarks>
internal sealed class RecurrencePlan(bool reverse)
{
    private RecurrenceBlock[] _blocks = [];

    /// <summary>Index of the first block of each step in walking order, and the number of blocks at the end.</summary>
    private int[] _steps = [0];

    public bool Reverse => reverse;

    public int StepCount { get; private set; }

    /// <summary>The blocks of the walk's step s.</summary>
    public ReadOnlySpan<RecurrenceBlock> Step(int s) => _blocks.AsSpan(_steps[s], _steps[s + 1] - _steps[s]);

    /// <summary>Returns the steps [first, end) of the sequences at the walk's steps [step, endStep).</summary>
    public (int First, int End) SequenceSteps(int step, int endStep)
        => reverse ? (StepCount - endStep, StepCount - step) : (step, endStep);

    /// <summary>Returns the walk's steps [first, end) at the steps [first, end) of the sequences.</summary>
    public (int First, int End) WalkSteps(int first, int end) => SequenceSteps(first, end);

    /// <summary>Returns the step of the sequences at the walk's step s.</summary>
    public int SequenceStep(int s) => reverse ? StepCount - 1 - s : s;

    /// <summary>
    /// The slot of rank 0 after the walk's last step; <paramref name="sequences"/> slots come before that of the first row.
    /// </summary>
    public int LastSlot(int sequences) => sequences + Step(StepCount - 1)[0].Row;

    /// <summary>Sets the walk over a shape.</summary>
    /// <param name="shape">The rows.</param>
    /// <param name="continuing">How many of the first ranks have a later step beyond the walk's last one.</param>
    public void Set(SequenceShape shape, int continuing = 0)
    {
        int steps = shape.StepCount;
        if (_steps.Length < steps + 1)
        {
            _steps = new int[steps + 1];
            _blocks = new RecurrenceBlock[2 * steps];
        }

        StepCount = steps;
        int count = 0;
        for (int s = 0; s < steps; s++)
        {
            _steps[s] = count;
            int t = SequenceStep(s);
            count += reverse ? AddReverse(shape, t, continuing, count) : AddForward(shape, t, continuing, count);
        }

        _steps[steps] = count;
    }

    // Each sequence at a step read forward had the step before, at the same rank: one block.
    private int AddForward(SequenceShape shape, int t, int continuing, int index)
    {
        _blocks[index] = new RecurrenceBlock
        {
            First = 0,
            Count = shape.Live(t),
            Row = shape.Offset(t),
            Previous = t == 0 ? 0 : shape.Count + shape.Offset(t - 1),
            Continuing = t == shape.StepCount - 1 ? continuing : shape.Live(t + 1),
        };
        return 1;
    }

    // Read in reverse, some sequences are under way and the others begin at their last step, from their initial state.
    private int AddReverse(SequenceShape shape, int t, int continuing, int index)
    {
        int live = shape.Live(t), underWay = shape.Live(t + 1);
        int earlier = t == 0 ? continuing : live;
        int added = 0;
        if (underWay > 0)
        {
            _blocks[index + added++] = new RecurrenceBlock
            {
                First = 0,
                Count = underWay,
                Row = shape.Offset(t),
                Previous = shape.Count + shape.Offset(t + 1),
                Continuing = earlier,
            };
        }

        if (live > underWay)
        {
            _blocks[index + added++] = new RecurrenceBlock
            {
                First = underWay,
                Count = live - underWay,
                Row = shape.Offset(t) + underWay,
                Previous = underWay,
                Continuing = earlier,
            };
        }

        return added;
    }
}
