namespace Lstm.Tests.Support;

/// <summary>Deliberate steps over the edge: a guard that lets them pass guards nothing.</summary>
public unsafe class GuardedMemoryTests
{
    [Theory]
    [InlineData(Guard.AfterEnd, 7, 7, "read")]
    [InlineData(Guard.AfterEnd, 7, 7, "write")]
    [InlineData(Guard.AfterEnd, 1024, 1024, "read")]
    [InlineData(Guard.AfterEnd, 1024, -1, "read")]
    [InlineData(Guard.AfterEnd, 0, 0, "read")]
    [InlineData(Guard.BeforeStart, 7, -1, "read")]
    [InlineData(Guard.BeforeStart, 7, -1, "write")]
    [InlineData(Guard.BeforeStart, 0, -1, "read")]
    public void Touching_one_element_over_the_edge_ends_the_process(Guard guard, int length, int index, string how)
    {
        ChildResult result = ChildProcess.Run("support.touch", [$"{guard}", $"{length}", $"{index}", how]);
        Assert.True(result.Crashed, $"exit code {result.ExitCode}: {result.Error}");
        Assert.Equal(["before"], result.Output.Take(1));
        Assert.DoesNotContain("after", result.Output);
    }

    [Theory]
    [InlineData(Guard.AfterEnd)]
    [InlineData(Guard.BeforeStart)]
    public void Touching_every_element_inside_is_allowed(Guard guard)
    {
        foreach (int length in (int[])[0, 1, 2, 15, 16, 17, 1023, 1024, 1025, 5000])
        {
            using var memory = new GuardedMemory<float>(length, guard);
            Assert.Equal(length, memory.Span.Length);
            foreach (ref float value in memory.Span)
            {
                Assert.True(float.IsNaN(value));
                value = 1;
            }
        }
    }

    [Fact]
    public void Constructor_with_values_copies_them()
    {
        using var memory = new GuardedMemory<double>([1, 2, 3]);
        Assert.Equal([1, 2, 3], memory.Span);
        Assert.Equal(3, memory.Pointer[2]);
    }

    [Fact]
    public void Dispose_after_write_before_the_first_element_throws()
    {
        var memory = new GuardedMemory<float>(5, Guard.AfterEnd);
        memory.Pointer[-2] = 1;
        Assert.Contains("before the first of 5", Assert.Throws<InvalidOperationException>(memory.Dispose).Message);
        memory.Dispose();
    }

    [Fact]
    public void Dispose_after_write_beyond_the_last_element_throws()
    {
        var memory = new GuardedMemory<float>(5, Guard.BeforeStart);
        memory.Pointer[5] = 1;
        Assert.Contains("beyond the last of 5", Assert.Throws<InvalidOperationException>(memory.Dispose).Message);
    }
}
