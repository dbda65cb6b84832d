using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;
using Lstm.Tests.Support;

namespace Lstm.Tests.Kernels;

/// <summary>
/// The products over whole matrices (inputs, rows, weight gradients): equal bits at every width and number of workers.
/// </summary>
public abstract unsafe class MatrixKernelTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static int Line => PanelLayout.LineOf<T>();

    [Fact]
    public void InputProduct_of_some_rows_equals_loops()
    {
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            foreach ((int hidden, int features, int rows, int first, int end) in
                ((int, int, int, int, int)[])[
                (1, 1, 1, 0, 1), (Line, 3, 9, 2, 9), (Line + 1, 5, 14, 0, 13), ((2 * Line) + 3, 33, 7, 3, 3)])
            {
                for (int workers = 1; workers <= 3; workers++)
                {
                    CheckInputProduct(width, guard, hidden, features, rows, first, end, workers);
                }
            }
        }
    }

    [Fact]
    public void RowProduct_of_every_number_of_columns_equals_loops()
    {
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            for (int columns = 1; columns <= (5 * Line) + 1; columns += columns < (2 * Line) + 2 ? 1 : 7)
            {
                for (int rows = 0; rows <= 7; rows += 1 + (columns % 3))
                {
                    CheckRowProduct(
                        width, guard, columns, rows, features: 1 + (columns % 7), workers: 1 + (columns % 3), start: rows % 3);
                }
            }
        }
    }

    [Fact]
    public void RowProduct_of_few_columns_equals_loops()
    {
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            for (int columns = 1; columns <= 5; columns++)
            {
                for (int rows = Line - 1; rows <= (4 * Line) + 3; rows += Line / 2)
                {
                    CheckRowProduct(
                        width, guard, columns, rows, features: 1 + ((rows + columns) % 11), workers: 1 + (columns % 2),
                        start: (rows + columns) % 3);
                }
            }
        }
    }

    [Fact]
    public void WeightGradient_takes_the_rows_in_their_order()
    {
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            foreach (bool reverse in (bool[])[false, true])
            {
                foreach (int[] lengths in
                    (int[][])[[0], [1], [9], [2, 5, 0, 3, 5], [1, 1, 1, 1, 1, 1, 1], [70, 90, 3], [129], [257, 250]])
                {
                    CheckWeightGradient(
                        width, guard, reverse, lengths, units: 1 + (lengths.Length * 5), features: lengths.Length, bias: false,
                        workers: lengths.Length % 3 + 1);
                    CheckWeightGradient(width, guard, reverse, lengths, units: Line, features: 1, bias: true, workers: 2);
                }

                foreach (int sequences in (int[])[64, 65, 128, 130, 191, 192, 321])
                {
                    int[] lengths = [.. Enumerable.Range(0, sequences).Select(b => 3 - (b % 64 / 63))];
                    CheckWeightGradient(width, guard, reverse, lengths, units: 1, features: 2, bias: false, workers: 1);
                }
            }
        }
    }

    [Fact]
    public void WeightGradient_divides_many_features_among_workers()
    {
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            CheckWeightGradient(width, guard, reverse: false, [9, 2], units: 5, features: 100, bias: false, workers: 2);
        }
    }

    [Theory]
    [InlineData(289, 1)]
    [InlineData(300, 100)]
    [InlineData(600, 20)]
    public void WeightGradient_of_all_factors_at_once_equals_each_alone(int inputs, int units)
    {
        using Operands<T> operands = new(Guard.AfterEnd, units);
        SequenceShape shape = new();
        shape.Set([3, 2]);
        RecurrencePlan plan = new(reverse: false);
        plan.Set(shape);
        RowRuns runs = new();
        runs.Set(shape, plan);
        PanelLayout columns = PanelLayout.Gates<T>(units);
        T* one = operands.Copy([T.One]);
        WeightFactor<T>[] factors =
        [
            new() { A = operands.Random(shape.RowCount * inputs), Stride = inputs, Features = inputs },
            new() { A = operands.Random((shape.Count + shape.RowCount) * units), Stride = units, Features = units,
                BySlot = true },
            new() { A = one, Features = 1 },
            new() { A = one, Features = 1 },
        ];
        WeightGradient<T> job = new()
        {
            Width = SimdDispatch.Best,
            Runs = runs,
            Columns = columns,
            Factors = null,
            FactorCount = 0,
            Gates = operands.Packed(columns, shape.RowCount),
            GateRows = shape.RowCount,
            Strips = operands.Unset(3 * WeightGradient<T>.MaxStripsLength),
            StripsLength = WeightGradient<T>.MaxStripsLength,
        };
        T[][] Run(bool together, int workers)
        {
            WeightFactor<T>[] used = [.. factors];
            fixed (WeightFactor<T>* pointer = used)
            {
                for (int f = 0; f < used.Length; f++)
                {
                    int length = columns.PaddedColumns * used[f].Features;
                    used[f].Gradient = operands.Copy(Sample.Values<T>(f, length));
                }

                for (int f = 0; f < (together ? 1 : used.Length); f++)
                {
                    WeightGradient<T> divided = job;
                    divided.Factors = pointer + f;
                    divided.FactorCount = together ? used.Length : 1;
                    Divide(divided, workers);
                }

                return [.. used.Select(f => new ReadOnlySpan<T>(f.Gradient, columns.PaddedColumns * f.Features).ToArray())];
            }
        }

        T[][] alone = Run(together: false, 1);
        for (int workers = 1; workers <= 3; workers++)
        {
            T[][] together = Run(together: true, workers);
            for (int f = 0; f < factors.Length; f++)
            {
                Close.SameBits<T>(alone[f], together[f], $"factor {f}, {workers} workers");
            }
        }
    }

    private static void CheckInputProduct(
        SimdWidth width, Guard guard, int hidden, int features, int rows, int first, int end, int workers)
    {
        using Operands<T> operands = new(guard, hidden + rows);
        PanelLayout columns = PanelLayout.Gates<T>(hidden);
        T* x = operands.Random(rows * features);
        T* w = operands.Packed(columns, features);
        T* bias = workers == 2 ? null : operands.Packed(columns, 1);
        T* z = operands.Unset(columns.PaddedColumns * (end - first));
        InputProduct<T> job = new()
        {
            Width = width,
            Input = new ProductTerm<T>
            {
                A = x,
                ARowStride = features,
                B = w,
                PanelRows = features,
                RowStep = 1,
                Count = features,
            },
            Bias = bias,
            Columns = columns,
            FirstRow = first,
            EndRow = end,
            Output = z,
            OutputRows = end - first,
        };
        Divide(job, workers);
        var expected = new T[columns.PaddedColumns * (end - first)];
        for (int row = first; row < end; row++)
        {
            for (int column = 0; column < columns.PaddedColumns; column++)
            {
                T sum = bias == null ? T.Zero : bias[columns.IndexOf(column, 0, 1)];
                for (int k = 0; k < features; k++)
                {
                    sum = Operands<T>.MultiplyAdd(x[(row * features) + k], w[columns.IndexOf(column, k, features)], sum);
                }

                expected[columns.IndexOf(column, row - first, end - first)] = sum;
            }
        }

        Close.SameBits<T>(
            expected, new ReadOnlySpan<T>(z, expected.Length),
            $"{width} {guard} H {hidden}, {features} features, rows {first}..{end}, {workers} workers");
    }

    private static void CheckRowProduct(SimdWidth width, Guard guard, int columns, int rows, int features, int workers, int start)
    {
        using Operands<T> operands = new(guard, columns + rows);
        PanelLayout layout = PanelLayout.Plain<T>(columns);
        ProductTerm<T>* terms = operands.Terms(
            Term(operands.Random(rows * features), operands.Packed(layout, features)),
            Term(operands.Random(rows * features), operands.Packed(layout, features)));
        T* y = operands.Random(rows * columns);
        T* from = start switch { 0 => null, 1 => operands.Random(columns), _ => y };
        int stride = start == 2 ? columns : 0;
        var expected = new T[rows * columns];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                T sum = from == null ? T.Zero : from[(row * stride) + column];
                for (int k = 0; k < 2 * features; k++)
                {
                    ProductTerm<T> term = terms[k / features];
                    sum = Operands<T>
                        .MultiplyAdd(
                        term.A[(row * features) + (k % features)], term.B[layout.IndexOf(column, k % features, features)], sum);
                }

                expected[(row * columns) + column] = sum;
            }
        }

        RowProduct<T> job = new()
        {
            Width = width,
            Terms = terms,
            TermCount = 2,
            Columns = layout,
            Rows = rows,
            Start = from,
            StartStride = stride,
            Output = y,
            OutputStride = columns,
        };
        Divide(job, workers);
        Close.SameBits<T>(
            expected, new ReadOnlySpan<T>(y, expected.Length),
            $"{width} {guard} {columns} columns, {rows} rows, start {start}, {workers} workers");

        ProductTerm<T> Term(T* a, T* b) => new()
        {
            A = a,
            ARowStride = features,
            B = b,
            PanelRows = features,
            RowStep = 1,
            Count = features,
        };
    }

    private static void CheckWeightGradient(
        SimdWidth width, Guard guard, bool reverse, int[] lengths, int units, int features, bool bias, int workers)
    {
        using Operands<T> operands = new(guard, units);
        SequenceShape shape = new();
        shape.Set(lengths);
        RecurrencePlan plan = new(reverse);
        plan.Set(shape);
        RowRuns runs = new();
        runs.Set(shape, plan);
        PanelLayout columns = PanelLayout.Gates<T>(units);
        T* dz = operands.Packed(columns, shape.RowCount);
        T* a;
        if (bias)
        {
            // One 1 for every row.
            a = operands.Copy([T.One]);
        }
        else
        {
            a = operands.Random((shape.Count + shape.RowCount) * features);
        }

        T* dw = operands.Packed(columns, features);
        T[] expected = new ReadOnlySpan<T>(dw, columns.PaddedColumns * features).ToArray();
        (int Slot, int Row)[][] blocks = [.. BlockOrder.Of(shape, reverse)];
        for (int column = 0; column < columns.PaddedColumns; column++)
        {
            for (int k = 0; k < features; k++)
            {
                ref T total = ref expected[columns.IndexOf(column, k, features)];
                total = BlockOrder.Sum(total, blocks, (at, sum) => Operands<T>.MultiplyAdd(
                    bias ? T.One : a[(at.Slot * features) + k], dz[columns.IndexOf(column, at.Row, shape.RowCount)], sum));
            }
        }

        // As little room as the largest block needs.
        int rowsPerBlock = blocks.Max(rows => (int?)rows.Length) ?? 1;
        WeightFactor<T> factor = new()
        {
            A = a,
            Stride = bias ? 0 : features,
            Features = features,
            BySlot = !bias,
            Gradient = dw,
        };
        WeightGradient<T> job = new()
        {
            Width = width,
            Runs = runs,
            Columns = columns,
            Factors = &factor,
            FactorCount = 1,
            Gates = dz,
            GateRows = shape.RowCount,
            Strips = operands.Unset(workers * features * rowsPerBlock),
            StripsLength = features * rowsPerBlock,
        };
        Divide(job, workers);
        Close.SameBits<T>(expected, new ReadOnlySpan<T>(dw, expected.Length),
            $"{width} {guard} reverse {reverse}, lengths {string.Join(' ', lengths)}, H {units}, {features} features, "
                + $"{workers} workers");
    }

    private static void Divide<TJob>(TJob job, int workers)
        where TJob : struct, IJob
    {
        for (int worker = 0; worker < workers; worker++)
        {
            TJob own = job;
            own.Run(new WorkShare(worker, workers, worker));
        }
    }
}

public sealed class MatrixKernelDoubleTests : MatrixKernelTests<double>;

public sealed class MatrixKernelFloatTests : MatrixKernelTests<float>;
