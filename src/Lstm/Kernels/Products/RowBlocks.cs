using Lstm.Sequences;

namespace Lstm.Kernels.Products;

/// <summary>
/// The steps of a batch in blocks of whole steps: the rows that a parameter's gradient sums by themselves, from zero, before
/// their sum is added to what is there.
/// </summary>
/// <remarks>
/// From the first step on, each block takes as many steps as have <see cref="StepRows"/> rows together, at least one. A step of
/// more rows is cut every <see cref="StepRows"/> rows (<see cref="PartsOf"/>). So a block's ends depend on nothing but the
/// lengths of the sequences; and any stretch of whole blocks, cut by itself, has the same blocks, so that passes may go over a
/// batch in such stretches. A longer block sums less exactly; a shorter one reads and writes the gradient more often.
/// </remarks>
internal sealed class RowBlocks
{
    /// <summary>Most rows of a block of several steps.</summary>
    public const int StepRows = 128;

    /// <summary>Most rows of a block: the last part of a large step.</summary>
    public const int MaxRows = StepRows + (StepRows / 2) - 1;

    private int[] _starts = new int[16];

    /// <summary>Number of blocks.</summary>
    public int Count { get; private set; }

    /// <summary>The first step of a block; of <see cref="Count"/>, the end of the last one.</summary>
    public int Start(int block) => _starts[block];

    /// <summary>
    /// Cuts the steps [first, end) of a shape; each piece is as many whole blocks as have <paramref name="steps"/> steps or more.
    /// </summary>
    public void Set(SequenceShape shape, int first, int end, int steps = 1)
    {
        Count = 0;
        _starts[0] = first;
        while (first < end)
        {
            first = EndOf(shape, first, end, steps);
            if (++Count == _starts.Length)
            {
                Array.Resize(ref _starts, 2 * Count);
            }

            _starts[Count] = first;
        }
    }

    /// <summary>
    /// The end of the whole blocks from step <paramref name="first"/>, the first of one, that have <paramref name="steps"/> steps
    /// or more.
    /// </summary>
    public static int EndOf(SequenceShape shape, int first, int end, int steps)
    {
        int next = first;
        while (next < end && (next == first || next - first < steps))
        {
            int start = shape.Offset(next++);
            while (next < end && shape.Offset(next + 1) - start <= StepRows)
            {
                next++;
            }
        }

        return next;
    }

    /// <summary>
    /// How many parts a block has: more than one if it is a large step. All parts but the last have <see cref="StepRows"/> rows;
    /// that has half as many at least, and up to <see cref="MaxRows"/>.
    /// </summary>
    public static int PartsOf(int rows) => Math.Max(1, (rows + (StepRows / 2)) / StepRows);
}
