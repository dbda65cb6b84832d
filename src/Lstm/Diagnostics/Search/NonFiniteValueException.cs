namespace Lstm.Diagnostics;

/// <summary>
/// The exception for an infinite or NaN value in a prediction whose workspace has <see cref="Workspace{T}.ChecksFinite"/> set.
/// </summary>
public sealed class NonFiniteValueException : ArithmeticException
{
    /// <summary>Creates the exception for the first value that is not finite.</summary>
    /// <param name="origin">The first value of the pass that is not finite.</param>
    public NonFiniteValueException(NonFiniteValue origin)
        : base($"The prediction has values that are not finite. The first of the pass: {origin}. The state is unchanged.")
        => Origin = origin;

    /// <summary>The first value of the pass that is not finite.</summary>
    public NonFiniteValue Origin { get; }
}
