using System.Numerics;

namespace Lstm.Texts;

/// <summary>Whether a number that is given in double keeps its meaning in the type that is computed in.</summary>
internal static class NumberCheck<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// The reason why a number has no meaning in the type, to follow "it is": 0 or infinite; null if the number is only rounded.
    /// </summary>
    public static string? WhyNot(double value)
    {
        T number = T.CreateTruncating(value);
        string? what = value != 0 && T.IsZero(number) ? "0" : double.IsFinite(value) && !T.IsFinite(number) ? "infinite" : null;
        double most = typeof(T) == typeof(float) ? float.MaxValue : double.MaxValue;
        return what is null
            ? null
            : InvariantText.Of($"{what} in {TypeName.Of(typeof(T))}, which has sizes from {T.Epsilon} to {most}");
    }

    /// <summary>The number, if it keeps its meaning.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It does not.</exception>
    public static double Check(double value, string argument)
        => WhyNot(value) is { } problem ? throw new ArgumentOutOfRangeException(argument, value, $"It is {problem}.") : value;

    /// <summary>Checks and converts a weight of a loss.</summary>
    /// <exception cref="ArgumentException">It is negative, not finite, or becomes 0.</exception>
    public static T Weight(double value, string what, int index, string argument)
    {
        string? problem = double.IsFinite(value) && value >= 0 ? WhyNot(value) : "out of range";
        return problem is null
            ? T.CreateTruncating(value)
            : throw new ArgumentException(
                InvariantText.Of($"{what} {index} is {value}, which is {problem}; it has to be finite and at least 0."),
                argument);
    }
}
