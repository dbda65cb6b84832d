


using Lstm.Data;

namespace Lstm.Tests.Sequences;

public class SlidingWindowsTests
{
    private static readonly float[] Series = [.. Enumerable.Range(0, 10).SelectMany(t => new float[] { t, 100 + t })];

    [Fact]
    public void ToBatches_many_to_one_gives_the_value_after_the_window()
    {
        List<TrainingBatch<float>> batches = new SlidingWindows(3) { Stride = 2 }.ToBatches<float>(Series, 2, 3, 1);
        Assert.Equal([3, 1], batches.Select(b => b.Input.Features!.Count));
        Assert.Equal([0, 100, 1, 101, 2, 102], batches[0].Input.Features!.GetSequence(0));
        Assert.Equal([103], batches[0].Target.Values!.GetSequence(0));
        Assert.Equal([6, 106, 7, 107, 8, 108], batches[1].Input.Features!.GetSequence(0));
        Assert.Equal([109], batches[1].Target.Values!.GetSequence(0));
    }

    [Fact]
    public void ToBatches_many_to_many_gives_the_value_after_each_step()
    {
        List<TrainingBatch<float>> batches =
            new SlidingWindows(4) { Horizon = 2, Target = WindowTarget.ManyToMany }.ToBatches<float>(Series, 2, 100);
        TrainingBatch<float> batch = Assert.Single(batches);
        Assert.Equal(5, batch.Input.Features!.Count);
        Assert.Equal([6, 106, 7, 107, 8, 108, 9, 109], batch.Target.Values!.GetSequence(4));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(4, 0)]
    [InlineData(5, 1)]
    [InlineData(7, 1)]
    [InlineData(8, 2)]
    public void Count_leaves_out_what_fills_no_window(int steps, int expected) =>
        Assert.Equal(expected, new SlidingWindows(4) { Stride = 3 }.Count(steps));

    [Fact]
    public void ToBatches_of_a_series_shorter_than_a_window_with_its_target_throws_and_names_both_lengths()
    {
        ArgumentException e =
            Assert.Throws<ArgumentException>(
            "series", () => new SlidingWindows(9) { Horizon = 2 }.ToBatches<float>(Series, 2, 1));
        Assert.Contains("The series has 10 steps; a window of 9 steps with a target 2 steps later needs 11.", e.Message);
        Assert.Single(new SlidingWindows(9).ToBatches<float>(Series, 2, 1));
    }

    [Fact]
    public void Bad_input_throws()
    {
        Assert.Throws<ArgumentException>("series", () => new SlidingWindows(2).ToBatches<float>(Series, 3, 1));
        Assert.Throws<ArgumentException>("targetFeatures", () => new SlidingWindows(2).ToBatches<float>(Series, 2, 1, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SlidingWindows(2).ToBatches<float>(Series, 2, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SlidingWindows(0).Count(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => (new SlidingWindows(1) { Stride = 0 }).Count(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => (new SlidingWindows(1) { Horizon = -1 }).Count(5));
    }
}
