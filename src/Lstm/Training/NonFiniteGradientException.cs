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

    /// <summary>The first parameter whose gradient is not finite.</summary>
    public string ParameterName { get; }

    /// <summary>The norm found there: infinite or NaN.</summary>
    public double Norm { get; }
}
