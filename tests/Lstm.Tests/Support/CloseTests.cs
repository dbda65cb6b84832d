namespace Lstm.Tests.Support;

public class CloseTests
{
    [Fact]
    public void Relative_error_beyond_tolerance_names_the_place()
    {
        string message = Assert.ThrowsAny<Exception>(() => Close.Relative([1.0, 2, 3], [1, 2.2, 3], 1e-3, "w")).Message;
        Assert.Contains("w: relative error", message);
        Assert.Contains("[1] of 3: expected 2, actual 2.2", message);
    }

    [Fact]
    public void Relative_error_within_tolerance_passes() => Close.Relative([1f, 2f], [1f, 2.00001f], 1e-4, "w");

    [Fact]
    public void Relative_different_lengths_fail() =>
        Assert.ThrowsAny<Exception>(() => Close.Relative([1f, 2f], [1f], 1, "w"));

    [Theory]
    [InlineData(1, 0.5, 0.5)]
    [InlineData(1, double.NaN, double.PositiveInfinity)]
    [InlineData(double.NaN, 1, double.PositiveInfinity)]
    [InlineData(double.PositiveInfinity, 1e300, double.PositiveInfinity)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity, 0)]
    [InlineData(double.NaN, double.NaN, 0)]
    [InlineData(0.0, -0.0, 0)]
    public void RelativeError_of_two_numbers(double expected, double actual, double error) =>
        Assert.Equal(error, Close.RelativeError<double>([expected], [actual]).Error);

    [Fact]
    public void RelativeError_of_small_element_is_relative_to_the_largest() =>
        Assert.Equal((1e-3, 1), Close.RelativeError<double>([1000, 0], [1000, 1e-3]));

    [Theory]
    [InlineData(100, 100.2, true)]
    [InlineData(100, 100.22, false)]
    [InlineData(-1, -1.111, true)]
    [InlineData(-1, -1.112, false)]
    [InlineData(0, 0.11, true)]
    [InlineData(0, 0.1101, false)]
    [InlineData(0, double.NaN, false)]
    [InlineData(double.NaN, double.NaN, false)]
    public void Within_adds_the_parts_of_the_tolerance(double expected, double actual, bool close)
    {
        // 0.1 for the largest value, 0.01, and a thousandth of the value itself.
        Exception? failure =
            Record.Exception(() => Close.Within<double>([100, expected], [100, actual], new(0.01, 1e-3, 1e-3), "y"));
        Assert.Equal(close, failure is null);
        Assert.True(close || failure!.Message.Contains("[1] of 2", StringComparison.Ordinal));
    }

    [Fact]
    public void Within_different_lengths_fail() =>
        Assert.ThrowsAny<Exception>(() => Close.Within<float>([1, 2], [1], new(1), "y"));

    [Fact]
    public void SameBits_names_first_difference_in_bits()
    {
        string message = Assert.ThrowsAny<Exception>(() => Close.SameBits([1f, 0f, 2f], [1f, -0f, 3f], "h")).Message;
        Assert.Contains("h: first different bits at [1] of 3: expected 0 (0x00000000), actual -0 (0x80000000).", message);
    }

    [Fact]
    public void SameBits_of_equal_values_passes() => Close.SameBits([1.0, double.NaN], [1.0, double.NaN], "h");
}
