using Lstm.Texts;

namespace Lstm.Cells;

/// <summary>An activation within an LSTM cell: ONNX's functions, with the parameters α and β that some of them have.</summary>
/// <param name="Function">Which function.</param>
/// <param name="Alpha">α, where the function has one; |α| ≤ 10³⁰.</param>
/// <param name="Beta">β, where the function has one; |β| ≤ 10³⁰.</param>
public sealed record LstmActivation(LstmActivationFunction Function, double Alpha = 0, double Beta = 0)
{
    /// <summary>The activation as C#, without parameters that are 0 at the end.</summary>
    public override string ToString() => Beta != 0 ? new CodeText(nameof(LstmActivation), Function, Alpha, Beta).ToString()
        : Alpha != 0 ? new CodeText(nameof(LstmActivation), Function, Alpha).ToString()
        : new CodeText(nameof(LstmActivation), Function).ToString();
}
