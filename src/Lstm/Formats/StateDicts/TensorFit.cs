



using Lstm.Formats.Safetensors;
using Lstm.Parameters;
using Lstm.Texts;

namespace Lstm.Formats.StateDicts;

/// <summary>Whether a file's tensor can become a parameter.</summary>
internal static class TensorFit
{
    /// <summary>The parameter with its shape, as messages name it.</summary>
    public static string Text(Parameter parameter)
        => $"'{Shortened.Text(parameter.Name)}' [{string.Join(", ", parameter.Shape)}]";

    /// <summary>
    /// Why it cannot, beginning with the tensor: another shape, no floating-point type, or another precision; null if it can.
    /// </summary>
    public static string? WhyNot<T>(SafetensorsTensor tensor, Parameter parameter, bool allowPrecisionChange)
        where T : unmanaged
    {
        string type = SafetensorsTensor.TypeOf<T>();
        return !HasShape(tensor, parameter) ? $"{tensor} has another shape than the parameter {Text(parameter)}"
            : tensor.Type is not ("F64" or "F32" or "F16" or "BF16")
                ? $"{tensor} is no floating-point tensor; the network is {type}"
            : tensor.Type != type && !allowPrecisionChange
                ? $"{tensor} is not {type} as the network is; AllowPrecisionChange converts it"
            : null;
    }

    /// <summary>Whether the tensor has the parameter's shape.</summary>
    public static bool HasShape(SafetensorsTensor tensor, Parameter parameter)
    {
        bool fits = tensor.Shape.Length == parameter.Shape.Count;
        for (int d = 0; fits && d < tensor.Shape.Length; d++)
        {
            fits = tensor.Shape[d] == parameter.Shape[d];
        }

        return fits;
    }
}
