



using Lstm.Texts;

namespace Lstm.Diagnostics;

/// <summary>
/// The place of the first infinite or NaN value of a pass; see <see cref="NonFinite.Find{T}(Tape{T}, NetworkTarget{T})"/>.
/// </summary>
/// <param name="Place">
/// The place: a parameter's name, <c>input</c>, <c>target</c>, <c>weights</c>, a layer's name (in a stack with its place, such as
/// <c>lstm.l1</c>), or a recurrent direction's name, such as <c>lstm.l0_reverse</c>.
/// </param>
/// <param name="Quantity">
/// The quantity: <c>parameter</c>, <c>input</c>, <c>target</c>, <c>weight</c>, <c>initial hidden</c>, <c>initial cell</c>,
/// <c>output</c>, <c>input gate</c>, <c>forget gate</c>, <c>candidate</c>, <c>output gate</c>, <c>cell</c>, <c>hidden</c>, or the
/// gradient of one of them.
/// </param>
/// <param name="Sequence">The index of the sequence in the caller's order; null for a parameter.</param>
/// <param name="Step">
/// The step, counted from the start of the whole sequence where a trainer cuts it; null for a parameter or an initial state.
/// </param>
/// <param name="Index">The index of the unit or feature; for a parameter the index of the element, in PyTorch's layout.</param>
/// <param name="Value">The value, NaN or an infinity.</param>
public sealed record NonFiniteValue(string Place, string Quantity, int? Sequence, int? Step, int Index, double Value)
{
    /// <summary>The quantity, the place and the value in one phrase.</summary>
    public override string ToString()
    {
        string what = Place == Quantity ? Quantity : $"{Quantity} of {Place}";
        string step = Step is null ? string.Empty : $"step {Step} of ";
        string unit = Quantity is "input" or "output" or "target" or "weight" ? "feature" : "unit";
        return Sequence is null
            ? InvariantText.Of($"{what}, element {Index}, is {Value}")
            : InvariantText.Of($"{what}, {step}sequence {Sequence}, {unit} {Index}, is {Value}");
    }
}
