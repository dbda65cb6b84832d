namespace Lstm.Tests.Support;

public class AllocationTests
{
    [Fact]
    public void InChild_of_plain_arithmetic_is_zero() => Assert.Equal(0, Allocation.InChild("support.allocates-nothing"));

    [Fact]
    public void InChild_of_thousand_arrays_counts_each() =>
        Assert.InRange(Allocation.InChild("support.allocates-arrays"), 1000 * 124, 1000 * 128 + 1000);

    [Fact]
    public void InChild_counts_other_threads() =>
        Assert.InRange(Allocation.InChild("support.allocates-elsewhere"), 10 * 10_000, 10 * 20_000);
}
