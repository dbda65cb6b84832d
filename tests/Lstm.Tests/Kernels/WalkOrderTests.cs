using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Tests.Support;
using Lstm.Training.Losses;

namespace Lstm.Tests.Kernels;

/// <summary>The orders in which rows are walked and divided: plans, runs and splits.</summary>
public class WalkOrderTests
{
    public static TheoryData<int[]> Shapes { get; } = new()
    {
        new[] { 0 }, new[] { 1 }, new[] { 0, 0, 3 }, new[] { 4, 4, 4 }, new[] { 1, 2, 3, 4, 5 },
        new[] { 6, 1, 2, 2, 0, 3, 7, 7, 7, 5, 4, 1, 1 }, new[] { 100, 1, 1, 1, 1, 1, 1, 1 }, new[] { 3, 0, 5, 5, 1, 4, 2 },
        new[] { 300, 140 }, Enumerable.Range(0, 500).Select(b => 1 + (b % 3)).ToArray(),
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Plan_walks_each_sequence_in_its_own_order(int[] lengths)
    {
        foreach (bool reverse in (bool[])[false, true])
        {
            SequenceShape shape = Shape(lengths);
            RecurrencePlan plan = new(reverse);
            plan.Set(Shape(9, 9, 9));
            plan.Set(shape);
            var state = Enumerable.Range(0, shape.Count).ToArray();
            var rows = new List<int>[shape.Count];
            foreach (ref List<int> list in rows.AsSpan())
            {
                list = [];
            }

            Assert.Equal(shape.StepCount, plan.StepCount);
            for (int s = 0; s < plan.StepCount; s++)
            {
                foreach (RecurrenceBlock block in plan.Step(s))
                {
                    Assert.True(block.Count > 0);
                    for (int i = 0; i < block.Count; i++)
                    {
                        int rank = block.First + i;
                        Assert.Equal(state[rank], block.Previous + i);
                        state[rank] = shape.Count + block.Row + i;
                        rows[rank].Add(block.Row + i);
                        int length = lengths[shape.RankToCaller[rank]];
                        Assert.Equal(rows[rank].Count < length, rank < block.Continuing);
                    }
                }
            }

            for (int rank = 0; rank < shape.Count; rank++)
            {
                int caller = shape.RankToCaller[rank];
                IEnumerable<int> steps = Enumerable.Range(0, lengths[caller]);
                Assert.Equal((reverse ? steps.Reverse() : steps).Select(t => shape.Row(caller, t)), rows[rank]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Runs_take_the_last_step_first_and_rows_ascending(int[] lengths)
    {
        SequenceShape shape = Shape(lengths);
        RowRuns runs = new();
        runs.Set(Shape(2, 2));
        runs.Set(shape);
        IEnumerable<int> expected = Enumerable.Range(0, shape.StepCount).Reverse()
            .SelectMany(t => Enumerable.Range(shape.Offset(t), shape.Live(t)));
        Assert.Equal(expected, Rows(runs, run => run.Row));
        Assert.Equal(expected, Rows(runs, run => run.Slot));

        foreach (bool reverse in (bool[])[false, true])
        {
            RecurrencePlan plan = new(reverse);
            plan.Set(shape);
            IEnumerable<int> steps = Enumerable.Range(0, shape.StepCount);
            expected = (reverse ? steps : steps.Reverse()).SelectMany(t => Enumerable.Range(shape.Offset(t), shape.Live(t)));
            runs.Set(shape, plan);
            Assert.Equal(expected, Rows(runs, run => run.Row));
            Assert.Equal(Slots(plan), Rows(runs, run => run.Slot));
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Runs_of_whole_blocks_have_the_same_blocks_as_all(int[] lengths)
    {
        SequenceShape shape = Shape(lengths);
        RowRuns runs = new();
        foreach (bool reverse in (bool[])[false, true])
        {
            RecurrencePlan plan = new(reverse);
            plan.Set(shape);
            runs.Set(shape, plan);
            Assert.Equal(BlockOrder.Of(shape, reverse).Select(block => block.Select(at => at.Row)), Blocks(runs));
            Assert.Equal(runs.All.Length, Enumerable.Range(0, runs.BlockCount).Sum(b => runs.Block(b).Length));
        }

        List<(int First, int End)> steps = BlockOrder.Steps(shape);
        runs.Set(shape);
        int[][] all = Blocks(runs);
        for (int size = 1; size <= steps.Count; size++)
        {
            List<int[]> pieces = [];
            for (int end = steps.Count; end > 0; end -= size)
            {
                (int first, int last) = (steps[Math.Max(0, end - size)].First, steps[end - 1].End);
                runs.Set(shape, first, last);
                pieces.AddRange(Blocks(runs).Select(block => block.Select(row => row + shape.Offset(first)).ToArray()));
            }

            Assert.Equal(all, pieces);
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Pieces_are_as_many_whole_blocks_as_have_the_steps(int[] lengths)
    {
        SequenceShape shape = Shape(lengths);
        List<(int First, int End)> steps = BlockOrder.Steps(shape);
        RowBlocks blocks = new();
        foreach (int least in (int[])[1, 2, 50, 200, int.MaxValue])
        {
            blocks.Set(shape, 0, shape.StepCount, least);
            int block = 0;
            for (int i = 0; i < blocks.Count; i++)
            {
                Assert.Equal(steps[block].First, blocks.Start(i));
                do
                {
                    block++;
                }
                while (block < steps.Count && steps[block].First - blocks.Start(i) < least);

                Assert.Equal(steps[block - 1].End, blocks.Start(i + 1));
            }

            Assert.Equal(steps.Count, block);
        }
    }

    // 500, 333 and 167 rows a step are several parts.
    [Fact]
    public void Chunks_are_whole_blocks()
    {
        foreach (int[] lengths in
            (int[][])
            [
                [300, 140], [.. Enumerable.Range(0, 500).Select(b => 1 + (b % 3))], [.. Enumerable.Repeat(2, 100)], [], [0],
            ])
        {
            SequenceShape shape = Shape(lengths);
            RowRuns runs = new(), part = new();
            runs.Set(shape);
            foreach (int most in (int[])[1, 64, 128, 200, 256, 300, 100_000])
            {
                BackwardChunks chunks = new(shape, new RowBlocks(), most);
                List<int[]> pieces = [];
                int largest = 0;
                while (chunks.Next(part))
                {
                    int row = chunks.Row;
                    largest = Math.Max(largest, chunks.Rows);
                    Assert.Equal(chunks.Rows, part.RowCount);
                    pieces.AddRange(Blocks(part).Select(block => block.Select(r => r + row).ToArray()));
                }

                Assert.Equal(Blocks(runs), pieces);
                Assert.InRange(largest, 0, Math.Max(most, RowBlocks.MaxRows));
            }
        }
    }

    [Fact]
    public void Runs_of_one_sequence_or_one_step_are_a_single_run()
    {
        RowRuns runs = new();
        runs.Set(Shape(50));
        Assert.Equal([new RowRuns.Run(49, 49, 50, -1)], runs.All.ToArray());
        runs.Set(Shape([.. Enumerable.Repeat(1, 50)]));
        Assert.Equal([new RowRuns.Run(0, 0, 50, 1)], runs.All.ToArray());
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Shares_cover_every_sequence_once_and_balance_the_steps(int[] lengths)
    {
        SequenceShape shape = Shape(lengths);
        for (int workers = 1; workers <= 5; workers++)
        {
            CheckShares(shape, new SequenceSplit(shape), workers, 0, shape.StepCount);
            for (int step = 0; step < shape.StepCount; step += 3)
            {
                int end = Math.Min(step + 3, shape.StepCount);
                CheckShares(shape, new SequenceSplit(shape, step, end), workers, step, end);
            }
        }
    }

    [Fact]
    public void Shares_of_equal_units_cover_each_once()
    {
        for (int count = 0; count < 20; count++)
        {
            for (int workers = 1; workers < 6; workers++)
            {
                int next = 0;
                for (int worker = 0; worker < workers; worker++)
                {
                    (int first, int end) = new WorkShare(worker, workers, 0).Of(count);
                    Assert.Equal(next, first);
                    Assert.InRange(end - first, count / workers, (count / workers) + 1);
                    next = end;
                }

                Assert.Equal(count, next);
            }
        }

        Assert.Equal((int.MaxValue / 2, int.MaxValue), new WorkShare(1, 2, 0).Of(int.MaxValue));
    }

    private static void CheckShares(SequenceShape shape, SequenceSplit split, int workers, int firstStep, int endStep)
    {
        int next = 0;
        int total = shape.Offset(endStep) - shape.Offset(firstStep);
        for (int worker = 0; worker < workers; worker++)
        {
            (int first, int end) = split.Of(new WorkShare(worker, workers, 0));
            Assert.Equal(next, first);
            Assert.True(end >= first);
            next = end;
            int steps = Enumerable.Range(first, end - first)
                .Sum(rank => Math.Clamp(shape.Lengths[shape.RankToCaller[rank]], firstStep, endStep) - firstStep);
            Assert.True(
                steps <= (total / workers) + endStep - firstStep, $"worker {worker} of {workers} has {steps} of {total} steps");
        }

        Assert.Equal(shape.Count, next);
    }

    private static IEnumerable<int> Rows(RowRuns runs, Func<RowRuns.Run, int> of) =>
        runs.All.ToArray().SelectMany(run => Enumerable.Range(0, run.Count).Select(i => of(run) + (i * run.Step)));

    private static int[][] Blocks(RowRuns runs) =>
        [.. Enumerable.Range(0, runs.BlockCount)
            .Select(b => runs.Block(b).ToArray()
                .SelectMany(run => Enumerable.Range(0, run.Count).Select(i => run.Row + (i * run.Step))).ToArray())];

    private static IEnumerable<int> Slots(RecurrencePlan plan) => Enumerable.Range(0, plan.StepCount).Reverse()
        .SelectMany(s => plan.Step(s).ToArray()).SelectMany(block => Enumerable.Range(block.Previous, block.Count));

    private static SequenceShape Shape(params int[] lengths)
    {
        SequenceShape shape = new();
        shape.Set(lengths);
        return shape;
    }
}
