



using Lstm.Kernels.Products;

namespace Lstm.Tests.Kernels;

public sealed class TileCutTests
{
    [Fact]
    public void Tiles_cover_all_rows_once_are_as_few_as_can_be_and_differ_by_one_row_at_most()
    {
        for (int highest = 1; highest <= 6; highest++)
        {
            for (int rows = 0; rows <= 40; rows++)
            {
                TileCut cut = new(rows, highest);
                int[] heights = [.. Enumerable.Range(0, cut.Count).Select(cut.Height)];
                Assert.Equal((rows + highest - 1) / highest, cut.Count);
                Assert.Equal(rows, heights.Sum());
                Assert.All(heights, height => Assert.InRange(height, 1, highest));
                Assert.True(
                    rows == 0 || heights.Max() - heights.Min() <= 1, $"{rows} rows in tiles of {string.Join(' ', heights)}");
                Assert.Equal(
                    heights.Select((_, tile) => heights.Take(tile).Sum()), Enumerable.Range(0, cut.Count).Select(cut.Start));
            }
        }
    }
}
