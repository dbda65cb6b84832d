namespace Lstm.Tests.Support;

public class IlBodyTests
{
    [Theory]
    [InlineData(nameof(For), true)]
    [InlineData(nameof(While), true)]
    [InlineData(nameof(Branches), false)]
    public void Method_with_or_without_a_loop_is_told_apart(string method, bool expected)
        => Assert.Equal(expected, new IlBody(typeof(IlBodyTests).GetMethod(method)!).HasLoop);

    [Fact]
    public void Calls_of_a_method_are_found()
        => Assert.Equal(
            [nameof(For), nameof(Math.Sqrt)],
            new IlBody(typeof(IlBodyTests).GetMethod(nameof(Calling))!).Calls.Select(call => call.Name));

    public static double Calling(int n) => Math.Sqrt(For(n));

    public static int For(int n)
    {
        int sum = 0;
        for (int i = 0; i < n; i++)
        {
            sum += i;
        }

        return sum;
    }

    public static double While(double x)
    {
        while (x < 1e300)
        {
            x *= x > 2 ? 4 : 5.5;
        }

        return x;
    }

    public static int Branches(int n) => n switch
    {
        0 => 5,
        1 => 7,
        2 => n > 3 ? 9 : 11,
        3 => 13,
        _ => n < 0 ? -1 : 100_000,
    };
}
