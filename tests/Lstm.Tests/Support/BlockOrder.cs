using System.Numerics;
using Lstm.Sequences;

namespace Lstm.Tests.Support;

/// <summary>
/// The order table's blocks of rows, from its words alone: whole steps of 128 rows together, from the first step on; a larger
/// step is cut every 128 rows, and a rest of less than 64 stays with the rows before it.
/// </summary>
internal static class BlockOrder
{
    /// <summary>The blocks' steps, [first, end), in the sequences' order.</summary>
    public static List<(int First, int End)> Steps(SequenceShape shape)
    {
        List<(int First, int End)> blocks = [];
        int rows = 0;
        for (int t = 0; t < shape.StepCount; t++)
        {
            rows += shape.Live(t);
            if (t > 0 && rows <= 128)
            {
                blocks[^1] = (blocks[^1].First, t + 1);
                continue;
            }

            blocks.Add((t, t + 1));
            rows = shape.Live(t);
        }

        return blocks;
    }

    /// <summary>Each block's rows with the slots of the states before them, in the order in which they are summed.</summary>
    public static IEnumerable<(int Slot, int Row)[]> Of(SequenceShape shape, bool reverse)
    {
        List<(int First, int End)> blocks = Steps(shape);
        if (!reverse)
        {
            blocks.Reverse();
        }

        foreach ((int first, int end) in blocks)
        {
            IEnumerable<int> steps = Enumerable.Range(first, end - first);
            (int Slot, int Row)[] rows = [.. (reverse ? steps : steps.Reverse()).SelectMany(t => RowsOf(shape, t, reverse))];
            while (rows.Length >= 192 && end - first == 1)
            {
                yield return rows[..128];
                rows = rows[128..];
            }

            yield return rows;
        }
    }

    /// <summary>Adds to a value what each block sums from 0.</summary>
    public static T Sum<T>(T start, IEnumerable<(int Slot, int Row)[]> blocks, Func<(int Slot, int Row), T, T> add)
        where T : IBinaryFloatingPointIeee754<T>
        => blocks.Aggregate(start, (total, rows) => total + rows.Aggregate(T.Zero, (sum, row) => add(row, sum)));

    private static IEnumerable<(int Slot, int Row)> RowsOf(SequenceShape shape, int t, bool reverse)
    {
        int before = reverse ? t + 1 : t - 1;
        for (int rank = 0; rank < shape.Live(t); rank++)
        {
            bool starts = reverse ? rank >= shape.Live(t + 1) : t == 0;
            yield return (starts ? rank : shape.Count + shape.Offset(before) + rank, shape.Offset(t) + rank);
        }
    }
}
