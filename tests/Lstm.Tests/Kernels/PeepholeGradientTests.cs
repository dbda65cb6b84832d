using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;
using Lstm.Tests.Support;

namespace Lstm.Tests.Kernels;

/// <summary>
/// The peepholes' gradient against plain loops in the order it promises: equal bits at every width, on any number of workers.
/// </summary>
public abstract unsafe class PeepholeGradientTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static int Line => PanelLayout.LineOf<T>();

    [Fact]
    public void Gradient_equals_loops()
    {
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            foreach (int units in (int[])[1, Line, Line + 1, (3 * Line) - 1])
            {
                foreach (int[] lengths in (int[][])[[0], [1], [7], [3, 0, 5, 5, 1], [6, 1, 2, 2, 0, 3, 7], [300, 3]])
                {
                    Check(width, guard, units, lengths, reverse: false, workers: 1);
                    Check(width, guard, units, lengths, reverse: true, workers: 2);
                }
            }
        }
    }

    private static void Check(SimdWidth width, Guard guard, int units, int[] lengths, bool reverse, int workers)
    {
        using Operands<T> operands = new(guard, units);
        SequenceShape shape = new();
        shape.Set(lengths);
        RecurrencePlan plan = new(reverse);
        plan.Set(shape);
        RowRuns runs = new();
        runs.Set(shape, plan);
        PanelLayout gates = PanelLayout.Gates<T>(units), peepholes = PanelLayout.Peepholes(units, Line);
        int rows = shape.RowCount, slots = shape.Count + rows;
        PeepholeGradient<T> job = new()
        {
            Width = width,
            Runs = runs,
            Panels = gates.PanelCount,
            Sequences = shape.Count,
            Gates = operands.Random(gates.PaddedColumns * rows),
            GateRows = rows,
            Cells = operands.Random(gates.PaddedColumns / 4 * slots),
            CellSlots = slots,
            Gradient = operands.Packed(peepholes, 1),
        };
        T[] expected = new ReadOnlySpan<T>(job.Gradient, peepholes.PaddedColumns).ToArray();
        (int Slot, int Row)[][] blocks = [.. BlockOrder.Of(shape, reverse)];
        for (int unit = 0; unit < gates.PaddedColumns / 4; unit++)
        {
            (int panel, int u) = Math.DivRem(unit, Line);
            for (int line = 0; line < 3; line++)
            {
                int gate = line == 2 ? 3 : line;
                ref T total = ref expected[(((panel * 3) + line) * Line) + u];
                total = BlockOrder.Sum(total, blocks, (at, sum) =>
                {
                    int slot = line == 2 ? shape.Count + at.Row : at.Slot;
                    T c = job.Cells[(((panel * slots) + slot) * Line) + u];
                    return Operands<T>.MultiplyAdd(job.Gates[(((((panel * rows) + at.Row) * 4) + gate) * Line) + u], c, sum);
                });
            }
        }

        for (int worker = 0; worker < workers; worker++)
        {
            PeepholeGradient<T> own = job;
            own.Run(new WorkShare(worker, workers, worker));
        }

        Close.SameBits<T>(
            expected, new ReadOnlySpan<T>(job.Gradient, expected.Length),
            $"{width} {guard} {units} units, {string.Join(' ', lengths)}");
    }
}

public sealed class PeepholeGradientDoubleTests : PeepholeGradientTests<double>;

public sealed class PeepholeGradientFloatTests : PeepholeGradientTests<float>;
