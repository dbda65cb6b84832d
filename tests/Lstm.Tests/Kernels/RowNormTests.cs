using System.Numerics;
using Lstm.Kernels.Normalization;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;
using Lstm.Tests.Support;

namespace Lstm.Tests.Kernels;

/// <summary>
/// The normalisation of rows against plain loops in the order it promises: equal bits at every width, on any number of workers.
/// </summary>
public abstract unsafe class RowNormTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double Epsilon = 1e-3;

    private static int Line => PanelLayout.LineOf<T>();

    [Fact]
    public void Normalisation_and_its_gradients_equal_loops()
    {
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            foreach (int units in (int[])[1, Line - 1, Line, Line + 1, (3 * Line) - 1])
            {
                foreach (int lines in (int[])[1, 4])
                {
                    Check(width, guard, units, lines, [3, 0, 5, 1], workers: 1);
                    Check(width, guard, units, lines, [2, 2], workers: 2);
                    Check(width, guard, units, lines, [140, 3], workers: 1);
                }
            }
        }
    }

    private static void Check(SimdWidth width, Guard guard, int units, int lines, int[] lengths, int workers)
    {
        using Operands<T> operands = new(guard, units);
        SequenceShape shape = new();
        shape.Set(lengths);
        RecurrencePlan plan = new(reverse: true);
        plan.Set(shape);
        RowRuns runs = new();
        runs.Set(shape, plan);
        int rows = shape.RowCount, panels = (units + Line - 1) / Line, all = panels * lines * Line;
        T* ones = operands.Copy([.. Enumerable.Range(0, 2 * Line).Select(i => i < Line + (units % Line) ? T.One : T.Zero)]);
        Measure job = new()
        {
            Rows = rows,
            Norm = new RowNorm<T>
            {
                Units = units,
                Lines = lines,
                Epsilon = T.CreateChecked(Epsilon),
                Mask = ones,
                Gamma = Padded(operands, units, lines, 1),
                Values = Padded(operands, units, lines, rows),
                ValueRows = rows,
                Mean = operands.Unset(rows),
                Scale = operands.Unset(rows),
                SlopeMean = operands.Unset(rows),
                ProductMean = operands.Unset(rows),
                Sums = operands.Unset(rows * 2 * Line),
            },
            Beta = Padded(operands, units, lines, 1),
            Output = operands.Unset(all * rows),
            OutputGradient = Padded(operands, units, lines, rows),
            Sum = Padded(operands, units, lines, rows),
        };
        NormGradient<T> gradient = new()
        {
            Width = width,
            Runs = runs,
            Norm = job.Norm,
            OutputGradient = job.OutputGradient,
            OutputRows = rows,
            Gradient = Padded(operands, units, lines, 1),
            BiasGradient = Padded(operands, units, lines, 1),
            Replaces = true,
        };
        Loops loops = new(units, lines, rows, job, gradient);
        loops.Run(shape);
        SimdDispatch.Run<T, Measure>(width, ref job);
        using WorkerTeam team = SharingAll.Team(workers);
        team.Run(ref gradient);
        string what = $"{width}, {units} units, {lines} lines";
        Close.SameBits<T>(loops.Output, new ReadOnlySpan<T>(job.Output, all * rows), $"{what}: y");
        Close.SameBits<T>(loops.Sum, new ReadOnlySpan<T>(job.Sum, all * rows), $"{what}: added dv");
        Close.SameBits<T>(loops.Slope, new ReadOnlySpan<T>(gradient.Norm.Values, all * rows), $"{what}: dv");
        Close.SameBits<T>(loops.GammaGradient, new ReadOnlySpan<T>(gradient.Gradient, all), $"{what}: dγ");
        Close.SameBits<T>(loops.BetaGradient, new ReadOnlySpan<T>(gradient.BiasGradient, all), $"{what}: dβ");
    }

    // [panels, rows, lines], zero in the padding.
    private static T* Padded(Operands<T> operands, int units, int lines, int rows)
    {
        int panels = (units + Line - 1) / Line;
        T* values = operands.Random(panels * rows * lines * Line);
        for (int i = 0; i < panels * rows * lines * Line; i++)
        {
            values[i] = IsReal(units, i / (rows * lines * Line), i) ? values[i] : T.Zero;
        }

        return values;
    }

    private static bool IsReal(int units, int panel, int index) => (panel * Line) + (index % Line) < units;

    private struct Measure : IKernel<T>
    {
        public required int Rows;
        public required RowNorm<T> Norm;
        public required T* Beta;
        public required T* Output;
        public required T* OutputGradient;
        public required T* Sum;

        public readonly void Invoke<TSimd, TVec>()
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged
        {
            Norm.Measure<TSimd, TVec>(0, 0, 0, Rows);
            Norm.MeasureGradient<TSimd, TVec>(OutputGradient, Rows, 0, 0, Rows);
            for (nint panel = 0; panel < Norm.Panels; panel++)
            {
                nint place = panel * Rows * Norm.Width;
                Norm.Forward<TSimd, TVec>(panel, 0, 0, Beta, Output + place, Rows);
                Norm.Backward<TSimd, TVec>(panel, OutputGradient + place, 0, Sum + place, true, Rows);
            }
        }
    }

    /// <summary>The same, value by value.</summary>
    private sealed class Loops(int units, int lines, int rows, Measure job, NormGradient<T> gradient)
    {
        private readonly int panels = (units + Line - 1) / Line;
        private readonly T count = T.CreateChecked(lines * units);

        public T[] Output { get; } = new T[(units + Line - 1) / Line * lines * Line * rows];

        public T[] Slope { get; } = new T[(units + Line - 1) / Line * lines * Line * rows];

        public T[] Sum { get; } = new ReadOnlySpan<T>(job.Sum, (units + Line - 1) / Line * lines * Line * rows).ToArray();

        public T[] GammaGradient { get; } = new ReadOnlySpan<T>(gradient.Gradient, (units + Line - 1) / Line * lines * Line)
            .ToArray();

        public T[] BetaGradient { get; } = new ReadOnlySpan<T>(gradient.BiasGradient, (units + Line - 1) / Line * lines * Line)
            .ToArray();

        public void Run(SequenceShape shape)
        {
            T[] normal = new T[Output.Length];
            for (int row = 0; row < rows; row++)
            {
                T mean = Total((_, i, sum) => sum + job.Norm.Values[i], row) / count;
                T variance = Total(
                    (real, i, sum) => real ? Operands<T>.MultiplyAdd(job.Norm.Values[i] - mean, job.Norm.Values[i] - mean, sum)
                    : sum, row) / count;
                T scale = T.One / T.Sqrt(variance + T.CreateChecked(Epsilon));
                ForEach(row, (_, i, _) => normal[i] = (job.Norm.Values[i] - mean) * scale);
                T slopes = Total((_, i, sum) => sum + A(i), row) / count;
                T products = Total((_, i, sum) => Operands<T>.MultiplyAdd(A(i), normal[i], sum), row) / count;
                ForEach(row, (real, i, _) =>
                {
                    Output[i] = Operands<T>.MultiplyAdd(job.Norm.Gamma[Column(i)], normal[i], job.Beta[Column(i)]);
                    Slope[i] = Operands<T>.MultiplyAdd(-normal[i], products, A(i) - slopes) * scale * (real ? T.One : T.Zero);
                    Sum[i] += Slope[i];
                });
            }

            foreach ((int Slot, int Row)[] block in BlockOrder.Of(shape, reverse: true))
            {
                T[] gamma = new T[GammaGradient.Length], beta = new T[BetaGradient.Length];
                foreach ((int _, int row) in block)
                {
                    ForEach(row, (_, i, _) =>
                    {
                        T dy = job.OutputGradient[i];
                        gamma[Column(i)] = Operands<T>.MultiplyAdd(dy, normal[i], gamma[Column(i)]);
                        beta[Column(i)] += dy;
                    });
                }

                for (int column = 0; column < gamma.Length; column++)
                {
                    GammaGradient[column] += gamma[column];
                    BetaGradient[column] += beta[column];
                }
            }
        }

        private T A(int i) => job.Norm.Gamma[Column(i)] * job.OutputGradient[i];

        private int Column(int i) => (i / (rows * lines * Line) * lines * Line) + (i % (lines * Line));

        private void ForEach(int row, Action<bool, int, int> use)
        {
            for (int index = 0; index < panels * lines * Line; index++)
            {
                (int panel, int place) = Math.DivRem(index, lines * Line);
                use(IsReal(units, panel, index), (((panel * rows) + row) * lines * Line) + place, index % Line);
            }
        }

        // A chain for each place in a line, then halves.
        private T Total(Func<bool, int, T, T> add, int row)
        {
            T[] sums = new T[Line];
            ForEach(row, (real, i, place) => sums[place] = add(real, i, sums[place]));
            for (int half = Line / 2; half > 0; half /= 2)
            {
                sums = [.. Enumerable.Range(0, half).Select(i => sums[i] + sums[i + half])];
            }

            return sums[0];
        }
    }
}

public sealed class RowNormDoubleTests : RowNormTests<double>;

public sealed class RowNormFloatTests : RowNormTests<float>;
