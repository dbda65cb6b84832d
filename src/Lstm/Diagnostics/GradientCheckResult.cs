



using Lstm.Texts;

namespace Lstm.Diagnostics;

/// <summary>The result of a <see cref="GradientCheck"/>.</summary>
public sealed class GradientCheckResult
{
    internal GradientCheckResult(IReadOnlyList<GradientCheckEntry> entries) => Entries = entries;

    /// <summary>The comparison of each tensor.</summary>
    public IReadOnlyList<GradientCheckEntry> Entries { get; }

    /// <summary>The largest error of all tensors; NaN if an error is NaN.</summary>
    public double Error => Entries.Aggregate(0.0, (worst, entry) => Math.Max(worst, entry.Error));

    /// <summary>Throws an exception if an error is above a tolerance.</summary>
    /// <param name="tolerance">
    /// The largest allowed error. Default 10⁻⁶, which a correct gradient in double reaches away from kinks.
    /// </param>
    /// <exception cref="InvalidOperationException">
    /// An error is above the tolerance, or NaN. The message names the tensor and the element.
    /// </exception>
    public void ThrowIfAbove(double tolerance = 1e-6)
    {
        foreach (GradientCheckEntry entry in Entries)
        {
            if (!(entry.Error <= tolerance))
            {
                throw new InvalidOperationException(
                    InvariantText.Of($"The gradient of '{entry.Name}' is off by {entry.Error:g3} (> {tolerance:g3}) ")
                    + InvariantText.Of($"at element {entry.Index}: analytic {entry.Analytic:g17}, numeric {entry.Numeric:g17}."));
            }
        }
    }

    /// <summary>A text with one line per tensor: the name and the error.</summary>
    public override string ToString()
        => string.Join(Environment.NewLine, Entries.Select(e => InvariantText.Of($"{e.Name}: {e.Error:g3}")));
}
