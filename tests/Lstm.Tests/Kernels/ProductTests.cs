using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Simd;
using Lstm.Tests.Support;

namespace Lstm.Tests.Kernels;

/// <summary>The register tiles against plain loops: equal bits at every width, and no access beyond an operand.</summary>
public abstract unsafe class ProductTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static int Line => PanelLayout.LineOf<T>();

    [Fact]
    public void Panel_of_every_tile_shape_equals_one_chain_per_element()
    {
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            for (int lines = 1; lines <= 4; lines++)
            {
                for (int rows = 0; rows <= 13; rows++)
                {
                    for (int count = 0; count <= 9; count++)
                    {
                        Check(width, guard, lines, rows, count, lines * Line);
                    }
                }
            }
        }
    }

    [Fact]
    public void PanelEdge_of_every_number_of_columns_touches_no_other_column()
    {
        foreach ((SimdWidth width, Guard guard) in Operands<T>.Setups)
        {
            for (int columns = 1; columns <= 4 * Line; columns++)
            {
                int lines = (columns + Line - 1) / Line;
                foreach (int rows in (int[])[0, 1, 2, 3, 4, 7])
                {
                    Check(width, guard, lines, rows, columns % 5, columns);
                    Check(width, guard, 4, rows, 3, columns);
                }
            }
        }
    }

    // a₁ [rows, count], with b's rows perhaps backwards, then a₂ [rows, 3]; both stored by rows, or both in strips, whose
    // sum is added to c.
    private static void Check(SimdWidth width, Guard guard, int lines, int rows, int count, int columns)
    {
        int variant = lines + rows + count + columns;
        int panel = lines * Line, panelStart = variant % 2 * 5 * Line;
        using Operands<T> operands = new(guard, variant);
        bool backwards = variant % 3 == 0;
        bool inStrips = columns == panel && variant % 5 < 2;
        T* strips = operands.Random(rows * (count + 3));
        ProductTerm<T>* terms = operands.Terms(
            new ProductTerm<T>
            {
                A = inStrips ? strips : operands.Random(rows * count),
                ARowStride = inStrips ? count + 3 : count,
                B = operands.Random(count * panel) - (panelStart * count),
                PanelRows = count,
                FirstRow = backwards ? count - 1 : 0,
                RowStep = backwards ? -1 : 1,
                Count = count,
            },
            new ProductTerm<T>
            {
                A = inStrips ? strips : operands.Random(rows * 3),
                ARowStride = inStrips ? count + 3 : 3,
                FirstK = count,
                B = operands.Random(3 * panel) - (panelStart * 3),
                PanelRows = 3,
                RowStep = 1,
                Count = 3,
            });
        int termCount = count % 3;
        T* c = operands.Unset(rows * columns);
        int from = inStrips ? 3 : variant % 4;
        (nint start, int stride) = from switch
        {
            0 => ((nint)0, 0),
            1 => ((nint)operands.Random(rows * columns), columns),
            2 => ((nint)operands.Random(columns), 0),
            _ => ((nint)c, columns),
        };
        if (start == (nint)c)
        {
            Sample.Values<T>(variant, rows * columns).CopyTo(new Span<T>(c, rows * columns));
        }

        var expected = new T[rows * columns];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                T before = start == 0 ? T.Zero : ((T*)start)[(row * stride) + column];
                T sum = inStrips ? T.Zero : before;
                for (int term = 0; term < termCount; term++)
                {
                    sum = Chain(terms[term], inStrips ? Strip(width, rows, row) : null, row, panelStart, panel, column, sum);
                }

                expected[(row * columns) + column] = inStrips ? before + sum : sum;
            }
        }

        Call call = new()
        {
            C = c,
            Start = (T*)start,
            StartStride = stride,
            Terms = terms,
            TermCount = termCount,
            Rows = rows,
            PanelStart = panelStart,
            Panel = panel,
            Columns = columns,
            Strips = inStrips,
        };
        SimdDispatch.Run<T, Call>(width, ref call);
        Close.SameBits<T>(expected, new ReadOnlySpan<T>(c, expected.Length),
            $"{width} {guard} {lines} lines, {rows} rows, {columns} columns, {termCount} terms of {count}, start {from}");
    }

    private static T Chain(
        ProductTerm<T> term, (int First, int Rows)? strip, int row, int panelStart, int panel, int column, T sum)
    {
        for (nint k = 0; k < term.Count; k++)
        {
            T a = strip is var (first, rows)
                ? term.A[(first * term.ARowStride) + ((term.FirstK + k) * rows) + row - first]
                : term.A[(row * term.ARowStride) + k];
            T b = term.B[(panelStart * term.PanelRows) + ((term.FirstRow + (k * term.RowStep)) * panel) + column];
            sum = Operands<T>.MultiplyAdd(a, b, sum);
        }

        return sum;
    }

    // The strip that a row is in.
    private static (int First, int Rows) Strip(SimdWidth width, int rows, int row)
    {
        TileRows most = default;
        SimdDispatch.Run<T, TileRows>(width, ref most);
        TileCut cut = new(rows, most.Value);
        int tile = 0;
        while (cut.Start(tile) + cut.Height(tile) <= row)
        {
            tile++;
        }

        return (cut.Start(tile), cut.Height(tile));
    }

    private struct TileRows : IKernel<T>
    {
        public int Value;

        public void Invoke<TSimd, TVec>()
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged => Value = TSimd.TileRows;
    }

    private struct Call : IKernel<T>
    {
        public T* C;
        public T* Start;
        public int StartStride;
        public ProductTerm<T>* Terms;
        public int TermCount;
        public int Rows;
        public int PanelStart;
        public int Panel;
        public int Columns;
        public bool Strips;

        public readonly void Invoke<TSimd, TVec>()
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged
        {
            if (Columns < Panel)
            {
                PanelProduct<T> product = Product();
                Product<TSimd, TVec, T>.PanelEdge(ref product, Columns);
            }
            else if (Strips)
            {
                Full<TSimd, TVec, InStrips>();
            }
            else
            {
                Full<TSimd, TVec, AlongSum>();
            }
        }

        private readonly void Full<TSimd, TVec, TAdjacent>()
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged
            where TAdjacent : struct, IConstant
        {
            PanelProduct<T> product = Product();
            if (Rows > 0 && Rows <= TSimd.TileRows)
            {
                Product<TSimd, TVec, T>.Tile<TAdjacent>(ref product, Rows);
            }
            else
            {
                Product<TSimd, TVec, T>.Panel<TAdjacent>(ref product);
            }
        }

        private readonly PanelProduct<T> Product()
        {
            PanelProduct<T> product = new()
            {
                C = C,
                CStride = Columns,
                Start = Start,
                StartStride = StartStride,
                Terms = Terms,
                TermCount = TermCount,
                Rows = Rows,
                PanelStart = PanelStart,
                Width = Panel,
            };

            // Whatever is fetched ahead, results and bounds stay the same.
            product.Fetch(C, Rows);
            return product;
        }
    }
}

public sealed class ProductDoubleTests : ProductTests<double>;

public sealed class ProductFloatTests : ProductTests<float>;
