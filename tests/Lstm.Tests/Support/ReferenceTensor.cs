using System.Numerics;
using System.Text.Json;

namespace Lstm.Tests.Support;

/// <summary>A tensor of another implementation, row-major, as double whatever its type was.</summary>
internal sealed record ReferenceTensor(int[] Shape, double[] Values)
{
    public static ReferenceTensor From(TensorFile file, string name) => new(file.Shape(name), file.Doubles(name));

    /// <summary>Either {dims, data} or arrays within arrays, all of one size on each level.</summary>
    public static ReferenceTensor From(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Object)
        {
            return new(
                [.. json.GetProperty("dims").EnumerateArray().Select(size => size.GetInt32())],
                From(json.GetProperty("data")).Values);
        }

        List<int> shape = [];
        for (JsonElement level = json; level.ValueKind == JsonValueKind.Array; level = level[0])
        {
            shape.Add(level.GetArrayLength());
        }

        return new([.. shape], [.. Flat(json)]);
    }

    /// <summary>Tensors of one shape one after the other, along their first axis.</summary>
    public static ReferenceTensor Concatenate(params IReadOnlyList<ReferenceTensor> parts)
        => new([parts.Sum(part => part.Shape[0]), .. parts[0].Shape[1..]], [.. parts.SelectMany(part => part.Values)]);

    public T[] To<T>()
        where T : IBinaryFloatingPointIeee754<T> => Array.ConvertAll(Values, T.CreateChecked);

    /// <summary>The axes in another order: axis i of the result is axis <paramref name="axes"/>[i] of this.</summary>
    public ReferenceTensor Permute(params int[] axes)
    {
        int[] shape = [.. axes.Select(axis => Shape[axis])];
        double[] values = new double[Values.Length];
        int[] index = new int[shape.Length];
        for (int i = 0; i < values.Length; i++)
        {
            for (int axis = shape.Length - 1, rest = i; axis >= 0; rest /= shape[axis], axis--)
            {
                index[axes[axis]] = rest % shape[axis];
            }

            int from = 0;
            for (int axis = 0; axis < shape.Length; axis++)
            {
                from = (from * Shape[axis]) + index[axis];
            }

            values[i] = Values[from];
        }

        return new(shape, values);
    }

    private static IEnumerable<double> Flat(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Array => json.EnumerateArray().SelectMany(Flat),
        JsonValueKind.True => [1],
        JsonValueKind.False => [0],
        _ => [json.GetDouble()],
    };
}
