



using Lstm.Diagnostics;
using Lstm.Texts;

namespace Lstm.Training;

/// <summary>The exception that is thrown when a gradient is infinite or NaN. Nothing is changed.</summary>
public sealed class NonFiniteGradientException : ArithmeticException
{
    /// <summary>Initializes the exception.</summary>
    /// <param name="parameterName">The first parameter whose gradient is not finite.</param>
    /// <param name="norm">The norm of that gradient, infinite or NaN.</param>
    public NonFiniteGradientException(string parameterName, double norm)
        : base(InvariantText.Of($"The gradient of '{parameterName}' is not finite (its norm is {norm})."))
    {
        ParameterName = parameterName;
        Norm = norm;
    }

    internal NonFiniteGradientException(NonFiniteGradientException found, NonFiniteValue? origin, int? batchIndex)
        : base(Text(found, origin, batchIndex), found)
    {
        ParameterName = found.ParameterName;
        Norm = found.Norm;
        Origin = origin;
        BatchIndex = batchIndex;
    }

    /// <summary>The first parameter whose gradient is not finite.</summary>
    public string ParameterName { get; }

    /// <summary>The norm of the gradient of <see cref="ParameterName"/>, infinite or NaN.</summary>
    public double Norm { get; }

    /// <summary>
    /// The first value of the pass that is not finite, as found by <see cref="NonFinite.Find{T}(Tape{T}, NetworkTarget{T})"/>.
    /// Null if there was no search (a <see cref="Trainer{T}"/> always searches), or if all values are finite and a sum of them is
    /// not.
    /// </summary>
    public NonFiniteValue? Origin { get; }

    /// <summary>
    /// The index of the batch in the list that was passed to Fit of a <see cref="Trainer{T}"/>, or the batch's number in the
    /// epoch. Null without a trainer, or if several batches share the step and the loss of each is finite.
    /// </summary>
    public int? BatchIndex { get; }

    private static string Text(NonFiniteGradientException found, NonFiniteValue? origin, int? batchIndex)
    {
        string batch = batchIndex is null ? string.Empty : $" It comes from batch {batchIndex} of the training batches.";
        string value = origin is null ? string.Empty : $" The first value of the pass that is not finite: {origin}.";
        return found.Message + batch + value;
    }
}
