using Lstm.Texts;

namespace Lstm.Cells;

/// <summary>An activation within an LSTM cell: one of ONNX's functions and its parameters α and β.</summary>
/// <param name="Function">The activation function.</param>
/// <param name="Alpha">The parameter α, with |α| ≤ 10³⁰. It has no effect for functions without α. Default 0.</param>
/// <param name="Beta">The parameter β, with |β| ≤ 10³⁰. It has no effect for functions without β. Default 0.</param>
public sealed record LstmActivation(LstmActivationFunction Function, double Alpha = 0, double Beta = 0)
{
    /// <summary>Returns the activation as C#, without trailing parameters that are 0.</summary>
    public override string ToString() => Beta != 0 ? new CodeText(nameof(LstmActivation), Function, Alpha, Beta).ToString()
        : Alpha != 0 ? new CodeText(nameof(LstmActivation), Function, Alpha).ToString()
        : new CodeText(nameof(LstmActivation), Function).ToString();
}
