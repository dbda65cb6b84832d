using Lstm.Formats.Safetensors;
using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>
/// A tensor in a file: its name, type and shape. <see cref="TensorFile.Read{T}(FileTensor)"/> reads its values.
/// </summary>
public sealed class FileTensor
{
    private readonly long[] _shape;

    internal FileTensor(string name, string type, long[] shape, Func<Stream> open)
    {
        Name = name;
        ElementType = type;
        _shape = shape;
        Open = open;
        Count = 1;
        foreach (long size in shape)
        {
            Count *= size;
        }
    }

    /// <summary>
    /// The name, e.g. <c>lstm.weight_ih_l0</c>. A tensor in containers within a PyTorch file has their keys in front of its own,
    /// e.g. <c>state_dict.lstm.weight_ih_l0</c>. The only array of a <c>.npy</c> file is <c>arr_0</c>.
    /// </summary>
    public string Name { get; }

    /// <summary>
    /// The type of the values by its name in the safetensors format: <c>F64</c>, <c>F32</c>, <c>F16</c>, <c>BF16</c>,
    /// <c>I64</c>, <c>I32</c>, <c>I16</c>, <c>I8</c>, <c>U64</c>, <c>U32</c>, <c>U16</c>, <c>U8</c>, <c>BOOL</c>, or one whose
    /// values cannot be read: <c>C64</c>, <c>F8_E4M3</c>, <c>F8_E5M2</c>, <c>F8_E8M0</c>.
    /// </summary>
    public string ElementType { get; }

    /// <summary>The size of each dimension. The last one changes fastest in the values that are read.</summary>
    public IReadOnlyList<long> Shape => _shape;

    /// <summary>The number of values.</summary>
    public long Count { get; }

    /// <summary>Opens the bytes that hold the values.</summary>
    internal Func<Stream> Open { get; }

    /// <summary>The sizes, without a copy.</summary>
    internal ReadOnlySpan<long> Sizes => _shape;

    /// <summary>The index of the first value among those that are opened.</summary>
    internal long Offset { get; init; }

    /// <summary>How far values that follow each other in a dimension are apart; null for row by row.</summary>
    internal long[]? Strides { get; init; }

    /// <summary>Whether all bytes in front of the first value have to be unpacked to reach it.</summary>
    internal bool IsSequential { get; init; }

    /// <summary>
    /// The name of the container that the tensor is an item of, without the tensor's own; empty for the outermost.
    /// </summary>
    internal string Container { get; init; } = string.Empty;

    /// <summary>The number of values between the first and the last one, both included.</summary>
    internal long Extent
    {
        get
        {
            long extent = Count == 0 ? 0 : 1;
            for (int d = 0; d < _shape.Length && extent > 0 && Strides is not null; d++)
            {
                extent += (_shape[d] - 1) * Strides[d];
            }

            return Strides is null ? Count : extent;
        }
    }

    /// <summary>The name, the type and the shape: <c>'fc.weight' F32 [2, 8]</c>.</summary>
    public override string ToString() => TextOf(Name, ElementType, _shape);

    /// <summary>A tensor as messages name it.</summary>
    internal static string TextOf(string name, string type, ReadOnlySpan<long> shape)
        => $"'{Shortened.Text(name)}' {type} [{string.Join(", ", shape.ToArray())}]";

    /// <summary>
    /// Whether values of a type and a shape take less than a long's worth of bytes. <see cref="Count"/> overflows for others.
    /// </summary>
    internal static bool IsPossible(string type, ReadOnlySpan<long> shape)
        => !shape.ContainsAnyInRange(long.MinValue, -1) && SafetensorsTensor.TryGetBytes(type, shape, out _);
}
