using System.Numerics.Tensors;
using Lstm.Texts;

namespace Lstm.Parameters;

/// <summary>Named tensors in and out of the flat buffers.</summary>
internal static class ParameterTensors
{
    /// <summary>A copy of one parameter, in PyTorch's layout.</summary>
    public static Tensor<T> Read<T>(this ParameterLayout layout, string name, ReadOnlySpan<T> flat)
    {
        Parameter parameter = layout.Find(name);
        T[] values = new T[parameter.Count];
        parameter.Unpack(flat, values);
        return Tensor.Create(values, [.. parameter.Shape.Select(n => (nint)n)]);
    }

    /// <summary>Overwrites one parameter from PyTorch's layout.</summary>
    public static void Write<T>(this ParameterLayout layout, string name, in ReadOnlyTensorSpan<T> tensor, Span<T> flat)
    {
        Parameter parameter = layout.Find(name);
        bool fits = tensor.Rank == parameter.Shape.Count;
        for (int d = 0; fits && d < tensor.Rank; d++)
        {
            fits = tensor.Lengths[d] == parameter.Shape[d];
        }

        if (!fits)
        {
            throw new ArgumentException(
                $"The tensor is [{Shortened.List([.. tensor.Lengths.ToArray().Select(length => $"{length}")])}]; parameter " +
                $"'{Shortened.Text(name)}' is "
                + $"[{string.Join(", ", parameter.Shape)}]. Give it in PyTorch's layout, [outputs, inputs].",
                nameof(tensor));
        }

        T[] values = new T[parameter.Count];
        tensor.FlattenTo(values);
        parameter.Pack(values, flat);
    }

    /// <summary>Copies one parameter, in PyTorch's layout.</summary>
    public static void Read<T>(this ParameterLayout layout, string name, ReadOnlySpan<T> flat, Span<T> destination)
        => FindOf(layout, name, destination.Length, nameof(destination)).Unpack(flat, destination);

    /// <summary>Overwrites one parameter from PyTorch's layout, row by row.</summary>
    public static void Write<T>(this ParameterLayout layout, string name, ReadOnlySpan<T> values, Span<T> flat)
        => FindOf(layout, name, values.Length, nameof(values)).Pack(values, flat);

    private static Parameter FindOf(ParameterLayout layout, string name, int length, string argument)
    {
        Parameter parameter = layout.Find(name);
        return length == parameter.Count ? parameter : throw new ArgumentException(
            $"The span has {length} values; parameter '{Shortened.Text(name)}' is [{string.Join(", ", parameter.Shape)}], " +
            $"{parameter.Count} values. "
            + "Give all of them in PyTorch's layout, row by row.", argument);
    }
}
