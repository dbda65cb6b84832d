namespace Lstm;

/// <summary>A gradient is infinite or NaN; nothing has been changed.</summary>
public sealed class NonFiniteGradientException : ArithmeticException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="parameterName">The first parameter whose gradient is not finite.</param>
    /// <param name="norm">The norm found there.</param>
    public NonFiniteGradientException(string parameterName, double norm)
        : base($"The gradient of '{parameterName}' is not finite (its norm is {norm}).")
    {
        ParameterName = parameterName;
        Norm = norm;
    }

    internal NonFiniteGradientException(NonFiniteGradientException found, NonFiniteValue origin)
        : base($"{found.Message} The first value of the pass that is not finite: {origin}.", found)
    {
        ParameterName = found.ParameterName;
        Norm = found.Norm;
        Origin = origin;
    }

    /// <summary>The first parameter whose gradient is not finite.</summary>
    public string ParameterName { get; }

    /// <summary>The norm found there: infinite or NaN.</summary>
    public double Norm { get; }

    /// <summary>
    /// Where the pass first left the finite numbers, as <see cref="NonFinite.Find"/> says; null when it was not looked for
    /// (a <see cref="Trainer{T}"/> looks) or every value of the pass is finite and their sums are not.
    /// </summary>
    public NonFiniteValue? Origin { get; }
}
