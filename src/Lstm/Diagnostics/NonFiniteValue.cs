



using Lstm.Texts;

namespace Lstm.Diagnostics;

/// <summary>The first infinite or NaN value of a pass: <see cref="NonFinite.Find{T}(Tape{T}, NetworkTarget{T})"/>.</summary>
/// <param name="Place">
/// Where: a parameter's name, <c>input</c>, <c>target</c>, <c>weights</c>, a layer's name (within a stack of several with its place, e.g. <c>lstm.l1</c>), or a
/// recurrent direction's, e.g. <c>lstm.l0_reverse</c>.
/// </param>
/// <param name="Quantity">
/// What: <c>parameter</c>, <c>input</c>, <c>target</c>, <c>weight</c>, <c>initial hidden</c>, <c>initial cell</c>, <c>output</c>, <c>input gate</c>,
/// <c>forget gate</c>, <c>candidate</c>, <c>output gate</c>, <c>cell</c>, <c>hidden</c>, or the gradient of one of them.
/// </param>
/// <param name="Sequence">The caller's index of the sequence; null for a parameter.</param>
/// <param name="Step">Its step, counted from the start of the whole sequence where a trainer cuts it; null for a parameter or an initial state.</param>
/// <param name="Index">The unit or feature; for a parameter the element, in PyTorch's layout.</param>
/// <param name="Value">NaN or an infinity.</param>
public sealed record NonFiniteValue(string Place, string Quantity, int? Sequence, int? Step, int Index, double Value)
{
    /// <summary>All of it in one phrase.</summary>
    public override string ToString()
    {
        string what = Place == Quantity ? Quantity : $"{Quantity} of {Place}";
        string step = Step is null ? string.Empty : $"step {Step} of ";
        return InvariantText.Of(Sequence is null
            ? $"{what}, element {Index}, is {Value}"
            : (FormattableString)$"{what}, {step}sequence {Sequence}, {(Quantity is "input" or "output" or "target" or "weight" ? "feature" : "unit")} {Index}, is {Value}");
    }
}
