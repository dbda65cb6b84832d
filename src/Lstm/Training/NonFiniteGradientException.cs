



using Lstm.Diagnostics;
using Lstm.Texts;

namespace Lstm.Training;

/// <summary>A gradient is infinite or NaN; nothing has been changed.</summary>
public sealed class NonFiniteGradientException : ArithmeticException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="parameterName">The first parameter whose gradient is not finite.</param>
    /// <param name="norm">The norm found there.</param>
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

    /// <summary>The norm found there: infinite or NaN.</summary>
    public double Norm { get; }

    /// <summary>
    /// Where the pass first left the finite numbers, as <see cref="NonFinite.Find{T}(Tape{T}, NetworkTarget{T})"/> says; null
    /// when it was not looked for (a <see cref="Trainer{T}"/> looks) or every value of the pass is finite and their sums are not.
    /// </summary>
    public NonFiniteValue? Origin { get; }

    /// <summary>
    /// The index of the batch in the list that Fit of a <see cref="Trainer{T}"/> was given, or its number in the epoch; null
    /// without a trainer, and where several batches share the step and the loss of each is finite.
    /// </summary>
    public int? BatchIndex { get; }

    private static string Text(NonFiniteGradientException found, NonFiniteValue? origin, int? batchIndex)
    {
        string batch = batchIndex is null ? string.Empty : $" It comes from batch {batchIndex} of the training batches.";
        string value = origin is null ? string.Empty : $" The first value of the pass that is not finite: {origin}.";
        return found.Message + batch + value;
    }
}
