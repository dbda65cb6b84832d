



using Lstm.Texts;

namespace Lstm.Diagnostics;

/// <summary>The comparison of one tensor's analytic gradient with its numeric gradient.</summary>
/// <param name="Name">The tensor.</param>
/// <param name="Error">
/// The largest |a − n| / max(|a|, |n|, 10⁻³ of the tensor's largest) over its elements, less what rounding may do to n; see <see cref="GradientCheck"/>.
/// </param>
/// <param name="Index">Where that error is, in PyTorch's layout.</param>
/// <param name="Analytic">The analytic value there.</param>
/// <param name="Numeric">The numeric value there.</param>
public sealed record GradientCheckEntry(string Name, double Error, int Index, double Analytic, double Numeric)
{
    /// <summary>All members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(GradientCheckEntry), PrintMembers);
}
