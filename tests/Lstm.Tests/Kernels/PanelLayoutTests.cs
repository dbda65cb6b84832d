using Lstm.Kernels.Products;
using Lstm.Parameters;

namespace Lstm.Tests.Kernels;

public class PanelLayoutTests
{
    [Fact]
    public void Plain_of_every_size_has_panels_of_one_to_four_whole_lines()
    {
        for (int columns = 1; columns <= 200; columns++)
        {
            PanelLayout layout = PanelLayout.Plain<float>(columns);
            Assert.InRange(layout.PaddedColumns, columns, columns + 15);
            Assert.All(Enumerable.Range(0, layout.PanelCount), q => Assert.InRange(layout.Width(q), 16, 64));
            Assert.All(Enumerable.Range(0, layout.PanelCount), q => Assert.Equal(0, layout.Width(q) % 16));
            CheckIndices(layout, columns, Enumerable.Range(0, columns));
        }
    }

    [Fact]
    public void Gates_of_every_size_puts_the_four_gates_of_a_line_of_units_into_one_panel()
    {
        for (int hidden = 1; hidden <= 70; hidden++)
        {
            PanelLayout layout = PanelLayout.Gates<double>(hidden);
            Assert.Equal((hidden + 7) / 8, layout.PanelCount);
            for (int index = 0; index < 4 * hidden; index++)
            {
                (int gate, int unit) = Math.DivRem(index, hidden);
                Assert.Equal((32 * (unit / 8)) + (8 * gate) + (unit % 8), layout.ColumnOf(index));
            }

            CheckIndices(layout, 4 * hidden, Enumerable.Range(0, 4 * hidden).Select(layout.ColumnOf));
        }
    }

    [Fact]
    public void Pack_then_Unpack_returns_the_tensor_and_leaves_the_padding()
    {
        foreach (int rows in (int[])[1, 7, 8, 9, 33])
        {
            foreach (int columns in (int[])[1, 2, 5])
            {
                Check(new Parameter("plain", [rows, columns], 16, PanelLayout.Plain<double>(rows)));
                Check(new Parameter("gates", [4 * rows, columns], 16, PanelLayout.Gates<double>(rows)));
                Check(new Parameter("rows", [rows, columns], 16));
                Check(new Parameter("bias", [4 * rows], 16, PanelLayout.Gates<double>(rows)));
            }
        }
    }

    private static void Check(Parameter parameter)
    {
        double[] values = [.. Enumerable.Range(1, parameter.Count).Select(i => (double)i)], back = new double[values.Length];
        double[] flat = new double[16 + parameter.PackedLength + 8];
        parameter.Pack<double>(values, flat);
        parameter.Unpack<double>(flat, back);
        Assert.Equal(values, back);
        Assert.Equal(flat.Length - values.Length, flat.Count(value => value == 0));
        Assert.All(flat[..16].Concat(flat[^8..]), value => Assert.Equal(0, value));
    }

    // Distinct places inside the panel-packed matrix, each in its own panel's stretch.
    private static void CheckIndices(PanelLayout layout, int count, IEnumerable<int> columns)
    {
        const int Rows = 3;
        var seen = new HashSet<int>();
        foreach (int column in columns)
        {
            int panel = Enumerable.Range(0, layout.PanelCount)
                .Single(q => layout.Start(q) <= column && column < layout.Start(q + 1));
            for (int k = 0; k < Rows; k++)
            {
                int index = layout.IndexOf(column, k, Rows);
                Assert.InRange(index, layout.Start(panel) * Rows, (layout.Start(panel + 1) * Rows) - 1);
                Assert.True(seen.Add(index));
            }
        }

        Assert.Equal(Rows * count, seen.Count);
    }
}
