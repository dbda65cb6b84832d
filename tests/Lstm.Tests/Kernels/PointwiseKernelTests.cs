using System.Numerics;
using Lstm.Cells;
using Lstm.Kernels.Elementwise;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Tests.Support;

namespace Lstm.Tests.Kernels;

/// <summary>The kernels without a sum: activations, the cell's equations, the turning of weights.</summary>
public abstract unsafe class PointwiseKernelTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static int Line => PanelLayout.LineOf<T>();

    [Theory]
    [InlineData(Activation.None)]
    [InlineData(Activation.Sigmoid)]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Relu)]
    public void ActivationForward_of_every_length_gives_the_scalar_bits(Activation activation)
    {
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            for (int count = 0; count <= (2 * Line) + 1; count++)
            {
                using Operands<T> operands = new(guard, count);
                T* values = operands.Copy(Sample.Values<T>(count, count, 8));
                T[] expected = [.. new ReadOnlySpan<T>(values, count).ToArray().Select(x => Forward(activation, x))];
                ActivationForward<T>.Run(width, activation, values, count);
                Close.SameBits<T>(expected, new ReadOnlySpan<T>(values, count), $"{width} {guard} {count}");
            }
        }
    }

    [Theory]
    [InlineData(Activation.None)]
    [InlineData(Activation.Sigmoid)]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Relu)]
    public void ActivationBackward_of_every_number_of_columns_clears_the_padding(Activation activation)
    {
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            for (int columns = 1; columns <= (5 * Line) + 1; columns += columns <= 2 * Line ? 1 : 5)
            {
                int rows = columns % 4;
                using Operands<T> operands = new(guard, columns);
                PanelLayout layout = PanelLayout.Plain<T>(columns);
                T* y = operands.Random(rows * columns), dy = operands.Random(rows * columns),
                    dz = operands.Unset(rows * layout.PaddedColumns);
                var expected = new T[rows * layout.PaddedColumns];
                for (int i = 0; i < rows * columns; i++)
                {
                    expected[layout.IndexOf(i % columns, i / columns, rows)] = Backward(activation, y[i], dy[i]);
                }

                ActivationBackward<T> job = new()
                {
                    Width = width,
                    Activation = activation,
                    Columns = layout,
                    Rows = rows,
                    Output = y,
                    OutputGradient = dy,
                    Gradient = dz,
                };
                for (int worker = 0; worker < 2; worker++)
                {
                    ActivationBackward<T> own = job;
                    own.Run(new WorkShare(worker, 2, worker));
                }

                Close.SameBits<T>(
                    expected, new ReadOnlySpan<T>(dz, expected.Length), $"{width} {guard} {columns} columns, {rows} rows");
            }
        }
    }

    [Fact]
    public void Relu_of_NaN_is_NaN()
    {
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            using Operands<T> operands = new(guard, 0);
            T* values = operands.Unset(Line + 1);
            ActivationForward<T>.Run(width, Activation.Relu, values, Line + 1);
            Assert.All(new ReadOnlySpan<T>(values, Line + 1).ToArray(), value => Assert.True(T.IsNaN(value)));
        }
    }

    [Fact]
    public void CellEpilogue_of_every_number_of_units_gives_the_scalar_bits()
    {
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            for (int units = 1; units <= Line; units++)
            {
                CheckCell(width, guard, units, rows: units % 4, inPlace: units % 2 == 0);
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TransposedWeights_Update_places_every_element_and_zeros_the_padding(bool gates)
    {
        using WorkerTeam team = SharingAll.Team(2);
        foreach (Guard guard in Enum.GetValues<Guard>())
        {
            foreach (int outputs in (int[])[1, Line - 1, Line, Line + 1, (5 * Line) + 2])
            {
                foreach (int inputs in (int[])[1, 3, Line, Line + 1, (9 * Line) - 1])
                {
                    using Operands<T> operands = new(guard, outputs + inputs);
                    PanelLayout layout = gates ? PanelLayout.Gates<T>(outputs) : PanelLayout.Plain<T>(outputs);
                    T* w = operands.Packed(layout, inputs);
                    TransposedWeights<T> turned = new(layout, inputs);
                    turned.Update(w, version: 7, team);
                    var expected = new T[turned.Columns.PaddedColumns * layout.PaddedColumns];
                    for (int i = 0; i < inputs * layout.PaddedColumns; i++)
                    {
                        (int input, int output) = Math.DivRem(i, layout.PaddedColumns);
                        expected[turned.Columns.IndexOf(input, output, layout.PaddedColumns)] =
                            w[layout.IndexOf(output, input, inputs)];
                    }

                    Close.SameBits<T>(
                        expected, new ReadOnlySpan<T>(turned.Pointer, expected.Length), $"{outputs} outputs, {inputs} inputs");
                    turned.Update(null, version: 7, team);
                }
            }
        }
    }

    private static void CheckCell(SimdWidth width, Guard guard, int units, int rows, bool inPlace)
    {
        using Operands<T> operands = new(guard, units);
        Cell cell = new()
        {
            Z = operands.Random(rows * 4 * Line),
            CPrevious = operands.Random(rows * Line),
            C = operands.Random(rows * Line),
            H = operands.Random(rows * units),
            Dh = operands.Random(rows * Line),
            Dc = operands.Random(rows * Line),
            Rows = rows,
            Units = units,
        };
        if (inPlace)
        {
            cell.C = cell.CPrevious;
        }

        T[] z = new ReadOnlySpan<T>(cell.Z, rows * 4 * Line).ToArray(), c = new T[rows * Line], h = new T[rows * units];
        T[] dc = new ReadOnlySpan<T>(cell.Dc, rows * Line).ToArray();
        T[] dz = (T[])z.Clone();
        for (int i = 0; i < rows * Line; i++)
        {
            (int row, int u) = Math.DivRem(i, Line);
            int at = (row * 4 * Line) + u;
            T before = cell.CPrevious[i];
            c[i] = default(StandardCell<T>).Forward<SimdScalar<T>, T>(
                null, null, default, T.One, ref z[at], ref z[at + Line], ref z[at + (2 * Line)], ref z[at + (3 * Line)], before);
            if (u < units)
            {
                h[(row * units) + u] = default(StandardCell<T>).Output<SimdScalar<T>, T>(default, z[at + (3 * Line)], c[i]);
            }

            (dz[at], dz[at + Line], dz[at + (2 * Line)], dz[at + (3 * Line)]) =
                (z[at], z[at + Line], z[at + (2 * Line)], z[at + (3 * Line)]);
            dc[i] += default(StandardCell<T>)
                .OutputBackward<SimdScalar<T>, T>(default, z[at + (3 * Line)], c[i], cell.Dh[i], out T dO);
            default(StandardCell<T>).Backward<SimdScalar<T>, T>(
                null, null, default, null, T.One, ref dz[at], ref dz[at + Line], ref dz[at + (2 * Line)], ref dz[at + (3 * Line)],
                inPlace ? c[i] : before, c[i], dO, ref dc[i]);
        }

        string what = $"{width} {guard} {units} units, {rows} rows";
        SimdDispatch.Run<T, Cell>(width, ref cell);
        Close.SameBits<T>(z, new ReadOnlySpan<T>(cell.Z, z.Length), $"{what}: gates");
        Close.SameBits<T>(c, new ReadOnlySpan<T>(cell.C, c.Length), $"{what}: c");
        Close.SameBits<T>(h, new ReadOnlySpan<T>(cell.H, h.Length), $"{what}: h");
        cell.Backwards = true;
        SimdDispatch.Run<T, Cell>(width, ref cell);
        Close.SameBits<T>(dz, new ReadOnlySpan<T>(cell.Z, dz.Length), $"{what}: dz");
        Close.SameBits<T>(dc, new ReadOnlySpan<T>(cell.Dc, dc.Length), $"{what}: dc");
    }

    private static T Forward(Activation activation, T x) => activation switch
    {
        Activation.Sigmoid => Elementary<SimdScalar<T>, T, T>.Sigmoid(x),
        Activation.Tanh => Elementary<SimdScalar<T>, T, T>.Tanh(x),
        Activation.Relu => x > T.Zero ? x : T.Zero,
        _ => x,
    };

    private static T Backward(Activation activation, T y, T dy) => activation switch
    {
        Activation.Sigmoid => dy * Operands<T>.MultiplyAdd(-y, y, y),
        Activation.Tanh => dy * Operands<T>.MultiplyAdd(-y, y, T.One),
        Activation.Relu => y > T.Zero ? dy : T.Zero,
        _ => dy,
    };

    private struct Cell : IKernel<T>
    {
        public T* Z;
        public T* CPrevious;
        public T* C;
        public T* H;
        public T* Dh;
        public T* Dc;
        public int Rows;
        public int Units;
        public bool Backwards;

        public readonly void Invoke<TSimd, TVec>()
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged
        {
            StandardCell<T> cell = default;
            if (Backwards)
            {
                CellEpilogue<TSimd, TVec, T, StandardCell<T>>
                    .Backward(ref cell, null, null, default, null, Z, CPrevious, C, Dh, Line, Dc, Rows);
            }
            else
            {
                CellEpilogue<TSimd, TVec, T, StandardCell<T>>
                    .Forward(ref cell, null, null, default, Z, CPrevious, C, H, Units, Rows, Units);
            }
        }
    }
}

public sealed class PointwiseKernelDoubleTests : PointwiseKernelTests<double>;

public sealed class PointwiseKernelFloatTests : PointwiseKernelTests<float>;
