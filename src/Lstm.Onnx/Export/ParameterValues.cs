using System.Numerics;

namespace Lstm.Onnx.Export;

/// <summary>Values of parameters, as graphs need them.</summary>
internal static class ParameterValues
{
    /// <summary>A parameter's values, in PyTorch's layout.</summary>
    public static T[] Read<T>(this Network<T> network, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] values = new T[network.Parameters.Single(parameter => parameter.Name == name).Count];
        network.ReadParameter(name, values);
        return values;
    }

    /// <summary>[rows, columns] as [columns, rows].</summary>
    public static T[] Transposed<T>(T[] values, int columns)
    {
        T[] transposed = new T[values.Length];
        int rows = values.Length / columns;
        for (int i = 0; i < values.Length; i++)
        {
            transposed[(i % columns * rows) + (i / columns)] = values[i];
        }

        return transposed;
    }
}
