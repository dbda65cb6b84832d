namespace Lstm.Formats.Tensors;

/// <summary>A tensor of a PyTorch file: a view of a storage, which has been checked to lie within it.</summary>
/// <param name="Storage">The storage.</param>
/// <param name="Type">The type by its name in the safetensors format.</param>
/// <param name="Offset">The index of the first value in the storage.</param>
/// <param name="Shape">The sizes.</param>
/// <param name="Strides">How far values that follow each other in a dimension are apart; null for row by row.</param>
internal sealed record TorchTensor(TorchStorage Storage, string Type, long Offset, long[] Shape, long[]? Strides)
{
    private const int MaxDimensions = 64;

    /// <summary>Makes a tensor of the numbers of a pickle.</summary>
    /// <exception cref="InvalidDataException">It does not lie within the storage.</exception>
    public static TorchTensor Of(TorchStorage storage, string type, object? offset, object? size, object? stride)
    {
        if (offset is not long first || first < 0 || Numbers(size) is not { } shape || Numbers(stride) is not { } strides
            || shape.Length != strides.Length)
        {
            throw new InvalidDataException(
                "makes a tensor whose offset, shape or strides are no whole numbers from 0 on, at most "
                + $"{MaxDimensions} of each, as many sizes as strides");
        }

        if (shape.Contains(0))
        {
            return new TorchTensor(storage, type, 0, shape, null);
        }

        Int128 last = first, count = 1;
        bool isRowByRow = true;
        for (int d = shape.Length - 1; d >= 0; d--)
        {
            isRowByRow &= shape[d] == 1 || strides[d] == count;
            last += (Int128)(shape[d] - 1) * strides[d];
            count *= shape[d];

            // In each dimension, so that no product overflows.
            if (last >= storage.Count || count > storage.Count)
            {
                throw Outside(storage, first, shape, strides);
            }
        }

        return last < storage.Count
            ? new TorchTensor(storage, type, first, shape, isRowByRow ? null : strides)
            : throw Outside(storage, first, shape, strides);
    }

    private static long[]? Numbers(object? tuple)
    {
        if (tuple is not object?[] { Length: <= MaxDimensions } items)
        {
            return null;
        }

        long[] numbers = new long[items.Length];
        for (int i = 0; i < items.Length; i++)
        {
            if (items[i] is not long number || number < 0)
            {
                return null;
            }

            numbers[i] = number;
        }

        return numbers;
    }

    private static InvalidDataException Outside(TorchStorage storage, long offset, long[] shape, long[] strides) => new(
        $"makes a tensor [{string.Join(", ", shape)}] with the strides [{string.Join(", ", strides)}] from value {offset} on of "
        + $"a storage of {storage.Count} values: it does not lie within them, or uses values several times. Save it after "
        + "tensor.clone()");
}
