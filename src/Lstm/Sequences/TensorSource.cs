using System.Numerics.Tensors;

namespace Lstm.Sequences;

/// <summary>A tensor from which a batch is filled: [T, B, F], or [B, T, F] with the batch first; strides are allowed.</summary>
internal readonly ref struct TensorSource<T>
    where T : unmanaged
{
    private readonly ReadOnlyTensorSpan<T> _tensor;
    private readonly int _featureSize;
    private readonly bool _batchFirst;

    /// <summary>Takes a tensor.</summary>
    /// <exception cref="ArgumentException">The tensor's rank or sizes do not fit the feature size.</exception>
    public TensorSource(in ReadOnlyTensorSpan<T> tensor, bool batchFirst, int featureSize)
    {
        if (tensor.Rank != 3 && !(tensor.Rank == 2 && featureSize == 1))
        {
            throw new ArgumentException(
                $"The tensor has rank {tensor.Rank}; a batch of feature size {featureSize} needs rank 3: [T, B, {featureSize}], "
                + $"or [B, T, {featureSize}] with batchFirst.", nameof(tensor));
        }

        if (tensor.Lengths[0] > int.MaxValue || tensor.Lengths[1] > int.MaxValue)
        {
            throw new ArgumentException(
                $"The tensor is [{tensor.Lengths[0]}, {tensor.Lengths[1]}, …]; a batch has at most {int.MaxValue} sequences and "
                + "steps.", nameof(tensor));
        }

        if (tensor.Rank == 3 && tensor.Lengths[2] != featureSize)
        {
            throw new ArgumentException(
                $"The tensor has {tensor.Lengths[2]} features, its last dimension; the batch has {featureSize}. "
                + "SequenceBatch.FromTensor makes a batch of the tensor's own size.", nameof(tensor));
        }

        _tensor = tensor;
        _batchFirst = batchFirst;
        _featureSize = featureSize;
        Steps = (int)tensor.Lengths[batchFirst ? 1 : 0];
        Count = (int)tensor.Lengths[batchFirst ? 0 : 1];
    }

    /// <summary>Number of sequences.</summary>
    public int Count { get; }

    /// <summary>Steps that the tensor has of each sequence.</summary>
    public int Steps { get; }

    /// <summary>Requires one length per sequence, or none.</summary>
    /// <exception cref="ArgumentException">There are another number of lengths.</exception>
    public void RequireCountOf(ReadOnlySpan<int> lengths)
    {
        if (lengths.Length != 0 && lengths.Length != Count)
        {
            throw new ArgumentException(
                $"There are {lengths.Length} lengths for {Count} sequences, dimension {(_batchFirst ? 0 : 1)} of the tensor; " +
                $"give "
                + $"one for each, or none. Is batchFirst = {_batchFirst} right?", nameof(lengths));
        }
    }

    /// <summary>Writes the length of each sequence: the given one, or the tensor's steps when none are given.</summary>
    /// <exception cref="ArgumentException">A length is negative or more than the tensor's steps.</exception>
    public void ReadLengths(ReadOnlySpan<int> given, Span<int> lengths)
    {
        for (int b = 0; b < Count; b++)
        {
            int length = given.Length == 0 ? Steps : given[b];
            if ((uint)length > (uint)Steps)
            {
                throw new ArgumentException(
                    $"Length {length} of sequence {b} is outside 0 … {Steps}, the tensor's steps.", nameof(lengths));
            }

            lengths[b] = length;
        }
    }

    /// <summary>Copies the values of these lengths into content that has them; values beyond a length are not read.</summary>
    public void CopyTo(SequenceContent<T> content, ReadOnlySpan<int> lengths)
    {
        Span<T> rows = content.Rows;
        Span<nint> index = stackalloc nint[_tensor.Rank];
        for (int b = 0; b < Count; b++)
        {
            for (int t = 0; t < lengths[b]; t++)
            {
                Span<T> row = rows.Slice(content.Shape.Row(b, t) * _featureSize, _featureSize);
                index[_batchFirst ? 0 : 1] = b;
                index[_batchFirst ? 1 : 0] = t;
                for (int f = 0; f < row.Length; f++)
                {
                    if (index.Length == 3)
                    {
                        index[2] = f;
                    }

                    row[f] = _tensor[index];
                }
            }
        }
    }
}
