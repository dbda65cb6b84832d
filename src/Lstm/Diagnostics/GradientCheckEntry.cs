



using Lstm.Texts;

namespace Lstm.Diagnostics;

/// <summary>The comparison of one tensor's analytic gradient with its numeric gradient.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Error">
/// The largest |a − n| / max(|a|, |n|, 10⁻³ of the tensor's largest) over the elements, without the effect of rounding on n; see
/// <see cref="GradientCheck"/>.
/// </param>
/// <param name="Index">The index of the element with this error, in PyTorch's layout.</param>
/// <param name="Analytic">The analytic gradient of that element.</param>
/// <param name="Numeric">The numeric gradient of that element.</param>
public sealed record GradientCheckEntry(string Name, double Error, int Index, double Analytic, double Numeric)
{
    /// <summary>The members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(GradientCheckEntry), PrintMembers);
}
