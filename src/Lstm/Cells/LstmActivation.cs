



using Lstm.Texts;

namespace Lstm.Cells;

/// <summary>An activation within an LSTM cell: ONNX's functions, with the parameters α and β that some of them have.</summary>
/// <param name="Function">Which function.</param>
/// <param name="Alpha">α, where the function has one; |α| ≤ 10³⁰.</param>
/// <param name="Beta">β, where the function has one; |β| ≤ 10³⁰.</param>
public sealed record LstmActivation(LstmActivationFunction Function, double Alpha = 0, double Beta = 0)
{
    /// <summary>All members by name, in the same text in every culture.</summary>
    public override string ToString() => InvariantText.OfRecord(nameof(LstmActivation), PrintMembers);
}
