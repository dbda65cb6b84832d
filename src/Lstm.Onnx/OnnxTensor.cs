using System.Numerics;
using Lstm.Onnx.Files;

namespace Lstm.Onnx;

/// <summary>A named tensor of an ONNX file, or one to run an import with.</summary>
public sealed class OnnxTensor
{
    private readonly Array _values;

    internal OnnxTensor(string name, int[] shape, Array values)
    {
        Name = name;
        Shape = shape;
        _values = values;
    }

    /// <summary>The name of the graph's input, output or constant.</summary>
    public string Name { get; }

    /// <summary>The shape; empty for a single number.</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>Number of values.</summary>
    public int Count => _values.Length;

    /// <summary>Whether the values are integers (or truth values), not floating-point numbers.</summary>
    public bool IsInteger => _values is long[];

    /// <summary>Whether the values are <see cref="double"/>.</summary>
    internal bool IsDouble => _values is double[];

    /// <summary>Makes a tensor.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/>, <see cref="int"/> or <see cref="long"/>.</typeparam>
    /// <param name="name">The name of the graph's input.</param>
    /// <param name="values">The values, row by row.</param>
    /// <param name="shape">The shape.</param>
    /// <exception cref="ArgumentException">
    /// There are more or fewer values than the shape has, or they are of another type.
    /// </exception>
    public static OnnxTensor Create<T>(string name, ReadOnlySpan<T> values, params ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(name);
        long count = 1;
        foreach (int size in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(size, nameof(shape));
            count *= size;
        }

        if (count != values.Length)
        {
            throw new ArgumentException(
                $"There are {values.Length} values; the shape [{string.Join(", ", shape.ToArray())}] has {count}.",
                nameof(values));
        }

        Array copy = (Array)values.ToArray() switch
        {
            float[] or double[] or long[] => values.ToArray(),
            int[] ids => Array.ConvertAll(ids, id => (long)id),
            _ => throw new ArgumentException(
                $"A tensor has values of float, double, int or long, not of {typeof(T).Name}.", nameof(values)),
        };
        return new OnnxTensor(name, shape.ToArray(), copy);
    }

    /// <summary>Reads a file with one serialized tensor, such as the <c>input_0.pb</c> of ONNX's own tests.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">
    /// The file is broken, or has another type than float, double, integers or truth values.
    /// </exception>
    public static OnnxTensor Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = File.OpenRead(path);
        return TensorReader.ReadFile(stream);
    }

    /// <summary>The values as another type, row by row: exact if it is as wide, else rounded to the nearest.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/>, or <see cref="long"/> for integers.</typeparam>
    public T[] To<T>()
        where T : unmanaged, INumberBase<T> => _values switch
        {
            T[] same => (T[])same.Clone(),
            float[] values => Array.ConvertAll(values, T.CreateTruncating),
            double[] values => Array.ConvertAll(values, T.CreateTruncating),
            _ => Array.ConvertAll((long[])_values, T.CreateTruncating),
        };

    /// <inheritdoc/>
    public override string ToString() => $"'{Name}' [{string.Join(", ", Shape)}]";

    /// <summary>The same values under another name or in another shape.</summary>
    internal OnnxTensor With(int[] shape) => new(Name, shape, _values);

    /// <summary>A value as a double.</summary>
    internal double this[int index] => _values switch
    {
        float[] values => values[index],
        double[] values => values[index],
        _ => ((long[])_values)[index],
    };

    /// <summary>The values at places, in a new shape.</summary>
    internal OnnxTensor Pick(int[] shape, Func<int, int> place)
    {
        int count = shape.Aggregate(1, (product, size) => checked(product * size));
        return new OnnxTensor(Name, shape, _values switch
        {
            float[] values => Picked(values, count, place),
            double[] values => Picked(values, count, place),
            _ => Picked((long[])_values, count, place),
        });
    }

    private static T[] Picked<T>(T[] values, int count, Func<int, int> place)
    {
        T[] picked = new T[count];
        for (int i = 0; i < picked.Length; i++)
        {
            picked[i] = values[place(i)];
        }

        return picked;
    }
}
