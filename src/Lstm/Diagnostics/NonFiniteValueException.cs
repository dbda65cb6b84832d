namespace Lstm.Diagnostics;

/// <summary>A prediction met a value that is infinite or NaN, and its <see cref="Workspace{T}.ChecksFinite"/> asked to be told.</summary>
public sealed class NonFiniteValueException : ArithmeticException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="origin">The first value of the pass that is not finite.</param>
    public NonFiniteValueException(NonFiniteValue origin)
        : base($"The prediction has values that are not finite. The first of the pass: {origin}. The state is left as it was.") => Origin = origin;

    /// <summary>The first value of the pass that is not finite.</summary>
    public NonFiniteValue Origin { get; }
}
