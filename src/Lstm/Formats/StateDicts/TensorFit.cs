



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
        => WhyNot<T>(tensor.ToString(), tensor.Type, tensor.Shape, parameter, allowPrecisionChange);

    /// <inheritdoc cref="WhyNot{T}(SafetensorsTensor, Parameter, bool)"/>
    public static string? WhyNot<T>(FileTensor tensor, Parameter parameter, bool allowPrecisionChange)
        where T : unmanaged
        => WhyNot<T>(tensor.ToString(), tensor.ElementType, tensor.Sizes, parameter, allowPrecisionChange);

    /// <summary>Whether the tensor has the parameter's shape.</summary>
    public static bool HasShape(FileTensor tensor, Parameter parameter) => HasShape(tensor.Sizes, parameter.Shape);

    /// <summary>Whether a shape is another one.</summary>
    public static bool HasShape(ReadOnlySpan<long> shape, IReadOnlyList<int> expected)
    {
        bool fits = shape.Length == expected.Count;
        for (int d = 0; fits && d < shape.Length; d++)
        {
            fits = shape[d] == expected[d];
        }

        return fits;
    }

    private static string? WhyNot<T>(
        string tensor, string elements, ReadOnlySpan<long> shape, Parameter parameter, bool allowPrecisionChange)
        where T : unmanaged
    {
        string type = SafetensorsTensor.TypeOf<T>();
        return !HasShape(shape, parameter.Shape) ? $"{tensor} has another shape than the parameter {Text(parameter)}"
            : !TensorValues.IsFloatingPoint(elements) ? $"{tensor} is no floating-point tensor; the network is {type}"
            : elements != type && !allowPrecisionChange
                ? $"{tensor} is not {type} as the network is; AllowPrecisionChange converts it"
            : null;
    }
}
