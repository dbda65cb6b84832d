



using Lstm.Sequences;

namespace Lstm.Tests.Sequences;

public class SequenceShapeTests
{
    [Theory]
    [InlineData(new[] { 3, 0, 5, 5, 1, 4, 2 })]
    [InlineData(new[] { 0, 0 })]
    [InlineData(new[] { 4, 4, 4 })]
    [InlineData(new[] { 1 })]
    [InlineData(new[] { 1, 2, 3 })]
    [InlineData(new[] { 9, 1 })]
    public void Set_lays_the_steps_out_longest_first(int[] lengths)
    {
        SequenceShape shape = new();
        shape.SetDense(20, 30);
        shape.Set(lengths);
        Assert.Equal(lengths.Length, shape.Count);
        Assert.Equal(lengths.Max(), shape.StepCount);
        Assert.Equal(lengths.Sum(), shape.RowCount);
        Assert.Equal(lengths, shape.Lengths.ToArray());
        Assert.Equal(Enumerable.Range(0, lengths.Length).OrderByDescending(b => lengths[b]), shape.RankToCaller.ToArray());
        Assert.All(Enumerable.Range(0, lengths.Length), b => Assert.Equal(b, shape.RankToCaller[shape.CallerToRank[b]]));
        int row = 0;
        for (int t = 0; t < shape.StepCount; t++)
        {
            Assert.Equal(row, shape.Offset(t));
            Assert.Equal(lengths.Count(length => length > t), shape.Live(t));
            for (int rank = 0; rank < shape.Live(t); rank++)
            {
                Assert.Equal(row++, shape.Row(shape.RankToCaller[rank], t));
            }
        }

        Assert.Equal(row, shape.Offset(shape.StepCount));
        Assert.Equal(0, shape.Live(shape.StepCount));
        Assert.Equal(0, shape.Live(shape.StepCount + 5));
    }

    [Fact]
    public void Set_of_more_than_a_few_hundred_sequences_keeps_the_order_of_equals()
    {
        int[] lengths = [.. Enumerable.Range(0, 1000).Select(b => b * 7 % 13)];
        SequenceShape shape = new();
        shape.Set(lengths);
        Assert.Equal(Enumerable.Range(0, 1000).OrderByDescending(b => lengths[b]), shape.RankToCaller.ToArray());
    }

    [Fact]
    public void SetDense_equals_Set_of_equal_lengths()
    {
        SequenceShape dense = new(), ragged = new();
        dense.SetDense(3, 4);
        ragged.Set([4, 4, 4]);
        Assert.True(dense.Matches(ragged));
        Assert.Equal(12, dense.RowCount);
        Assert.Equal(1, dense.Version);
        dense.SetDense(3, 5);
        Assert.False(dense.Matches(ragged));
        Assert.Equal(2, dense.Version);
    }

    [Fact]
    public void SetSteps_keeps_all_sequences_in_their_ranks()
    {
        SequenceShape whole = new(), part = new(), rest = new();
        whole.Set([3, 0, 5, 5, 1]);
        part.SetSteps(whole, 2, 2);
        Assert.Equal([1, 0, 2, 2, 0], part.Lengths.ToArray());
        Assert.Equal(whole.RankToCaller.ToArray(), part.RankToCaller.ToArray());
        Assert.Equal((2, 5, 2), (part.StepCount, part.RowCount, part.FirstStep));
        for (int t = 0; t < 2; t++)
        {
            Assert.Equal(whole.Offset(2 + t) - whole.Offset(2), part.Offset(t));
        }

        rest.SetSteps(whole, 4, 10);
        Assert.Equal([0, 0, 1, 1, 0], rest.Lengths.ToArray());
        rest.SetSteps(part, 1, 1);
        Assert.Equal(3, rest.FirstStep);
        rest.SetSteps(whole, 5, 2);
        Assert.Equal((5, 0, 0), (rest.Count, rest.StepCount, rest.RowCount));
    }

    [Fact]
    public void Set_of_more_rows_than_an_int_throws_and_changes_nothing()
    {
        SequenceShape shape = new();
        shape.Set([2, 1]);
        ArgumentException error = Assert.Throws<ArgumentException>("lengths", () => shape.Set([int.MaxValue, 1]));
        Assert.Contains("2147483648", error.Message);
        Assert.Equal([2, 1], shape.Lengths.ToArray());
        Assert.Equal((1, 3), (shape.Version, shape.RowCount));
    }
}
