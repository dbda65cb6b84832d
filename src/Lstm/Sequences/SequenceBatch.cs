using System.Buffers;
using System.Numerics.Tensors;
using Lstm.Kernels;
using Lstm.Sequences;

namespace Lstm;

/// <summary>A batch of sequences of any lengths, zero included: what a network reads and writes.</summary>
/// <remarks>
/// The sequences are stored time-major, longest first and without padding: R = Σ lengths rows of
/// <see cref="FeatureSize"/> values, so that work follows the real steps. Every public index is the caller's: sequence 0
/// is the first one given. A batch can be refilled: its buffers grow once and are then reused.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/> for features, <see cref="int"/> for ids and labels.</typeparam>
public sealed unsafe class SequenceBatch<T>
    where T : unmanaged
{
    private AlignedBuffer<T> _buffer = new();
    private int _start;

    /// <summary>Whether the buffer is somebody else's.</summary>
    private bool _isView;

    /// <summary>Makes an empty batch, to be filled.</summary>
    /// <param name="featureSize">Values per step, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="featureSize"/> is under 1.</exception>
    public SequenceBatch(int featureSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(featureSize, 1);
        FeatureSize = featureSize;
    }

    /// <summary>Values per step.</summary>
    public int FeatureSize { get; }

    /// <summary>Number of sequences B.</summary>
    public int Count => Shape.Count;

    /// <summary>Length of the longest sequence, T.</summary>
    public int StepCount => Shape.StepCount;

    /// <summary>Number of steps of all sequences together, R.</summary>
    public int RowCount => Shape.RowCount;

    /// <summary>The lengths, in the caller's order.</summary>
    public ReadOnlySpan<int> Lengths => Shape.Lengths;

    /// <summary>All values in storage order: [R, FeatureSize], step by step, within a step longest sequence first.</summary>
    public Span<T> Rows => _buffer.Span.Slice(_start, checked(RowCount * FeatureSize));

    /// <summary>Always this batch's own, so that what happens to another batch cannot change it.</summary>
    internal SequenceShape Shape { get; } = new();

    internal T* RowPointer => _buffer.Pointer + _start;

    /// <summary>The values of one step of one sequence; writable.</summary>
    /// <param name="sequence">The caller's index, 0 … <see cref="Count"/> − 1.</param>
    /// <param name="step">0 … length − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sequence or step.</exception>
    public Span<T> this[int sequence, int step]
    {
        get
        {
            CheckSequence(sequence);
            if ((uint)step >= (uint)Shape.Lengths[sequence])
            {
                throw new ArgumentOutOfRangeException(nameof(step), step, Shape.Lengths[sequence] == 0 ? $"Sequence {sequence} has no steps." : $"Sequence {sequence} has {Shape.Lengths[sequence]} steps, 0 … {Shape.Lengths[sequence] - 1}.");
            }

            return Rows.Slice(Shape.Row(sequence, step) * FeatureSize, FeatureSize);
        }
    }

    /// <summary>Refills the batch from sequences, each a run of steps of <see cref="FeatureSize"/> values.</summary>
    /// <param name="sequences">One or more sequences; each of a length that is a multiple of <see cref="FeatureSize"/>, zero included.</param>
    /// <exception cref="ArgumentException">There are no sequences, or one's length is no multiple of <see cref="FeatureSize"/>.</exception>
    public void Fill(IReadOnlyList<T[]> sequences)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        using Scratch lengths = new(sequences.Count, nameof(sequences));
        for (int b = 0; b < sequences.Count; b++)
        {
            T[] sequence = sequences[b] ?? throw new ArgumentException($"Sequence {b} of {sequences.Count} is null; one without steps is an empty array.", nameof(sequences));
            if (sequence.Length % FeatureSize != 0)
            {
                throw new ArgumentException(
                    $"Sequence {b} has {sequence.Length} values, which is no multiple of the feature size {FeatureSize}. Give whole steps of {FeatureSize} values, or make the batch with the featureSize that the steps have.", nameof(sequences));
            }

            lengths.Span[b] = sequence.Length / FeatureSize;
        }

        SetShape(lengths.Span);
        for (int b = 0; b < sequences.Count; b++)
        {
            ReadOnlySpan<T> rest = sequences[b];
            if (rest.Length != Shape.Lengths[b] * FeatureSize)
            {
                throw new ArgumentException($"Sequence {b} has changed its length to {rest.Length} while it was read.", nameof(sequences));
            }

            for (int t = 0; rest.Length > 0; t++)
            {
                rest[..FeatureSize].CopyTo(new Span<T>(RowPointer + ((long)Shape.Row(b, t) * FeatureSize), FeatureSize));
                rest = rest[FeatureSize..];
            }
        }
    }

    /// <summary>Refills the batch from a tensor [T, B, F], or [B, T, F] when <paramref name="batchFirst"/>; strided is fine.</summary>
    /// <param name="tensor">Rank 3 with F = <see cref="FeatureSize"/>, or rank 2 ([T, B] or [B, T]) when <see cref="FeatureSize"/> is 1.</param>
    /// <param name="batchFirst">Whether the first dimension is the batch.</param>
    /// <param name="lengths">Length of each sequence, 0 … T; empty means T for all. Values beyond a length are not read.</param>
    /// <exception cref="ArgumentException">The tensor's shape or a length does not fit.</exception>
    public void Fill(in ReadOnlyTensorSpan<T> tensor, bool batchFirst = false, ReadOnlySpan<int> lengths = default)
    {
        if (tensor.Rank != 3 && !(tensor.Rank == 2 && FeatureSize == 1))
        {
            throw new ArgumentException($"The tensor has rank {tensor.Rank}; a batch of feature size {FeatureSize} needs rank 3: [T, B, {FeatureSize}], or [B, T, {FeatureSize}] with batchFirst.", nameof(tensor));
        }

        int steps = checked((int)tensor.Lengths[batchFirst ? 1 : 0]);
        int count = checked((int)tensor.Lengths[batchFirst ? 0 : 1]);
        if (tensor.Rank == 3 && tensor.Lengths[2] != FeatureSize)
        {
            throw new ArgumentException($"The tensor has {tensor.Lengths[2]} features, its last dimension; the batch has {FeatureSize}. SequenceBatch.FromTensor makes a batch of the tensor's own size.", nameof(tensor));
        }

        if (lengths.Length != 0 && lengths.Length != count)
        {
            throw new ArgumentException($"There are {lengths.Length} lengths for {count} sequences, dimension {(batchFirst ? 0 : 1)} of the tensor; give one for each, or none. Is batchFirst = {batchFirst} right?", nameof(lengths));
        }

        using Scratch all = new(count, nameof(tensor));
        for (int b = 0; b < count; b++)
        {
            int length = lengths.Length == 0 ? steps : lengths[b];
            if ((uint)length > (uint)steps)
            {
                throw new ArgumentException($"Length {length} of sequence {b} is outside 0 … {steps}, the tensor's steps.", nameof(lengths));
            }

            all.Span[b] = length;
        }

        SetShape(all.Span);
        Span<nint> index = stackalloc nint[tensor.Rank];
        for (int b = 0; b < count; b++)
        {
            for (int t = 0; t < Shape.Lengths[b]; t++)
            {
                T* row = RowPointer + ((long)Shape.Row(b, t) * FeatureSize);
                index[batchFirst ? 0 : 1] = b;
                index[batchFirst ? 1 : 0] = t;
                for (int f = 0; f < FeatureSize; f++)
                {
                    if (index.Length == 3)
                    {
                        index[2] = f;
                    }

                    row[f] = tensor[index];
                }
            }
        }
    }

    /// <summary>Reshapes the batch to the given lengths; the values are then undefined until written.</summary>
    /// <param name="lengths">One length per sequence, each at least 0.</param>
    /// <exception cref="ArgumentException">There are no lengths, or one is negative.</exception>
    public void Reshape(ReadOnlySpan<int> lengths)
    {
        if (lengths.IsEmpty)
        {
            throw new ArgumentException("A batch has at least one sequence; there are 0 lengths.", nameof(lengths));
        }

        for (int b = 0; b < lengths.Length; b++)
        {
            if (lengths[b] < 0)
            {
                throw new ArgumentException($"Length {lengths[b]} of sequence {b} is negative; a length is at least 0.", nameof(lengths));
            }
        }

        SetShape(lengths);
    }

    /// <summary>Copies one sequence out: [length, FeatureSize].</summary>
    /// <param name="sequence">The caller's index.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sequence.</exception>
    public T[] GetSequence(int sequence)
    {
        CheckSequence(sequence);
        T[] values = new T[checked(Shape.Lengths[sequence] * FeatureSize)];
        for (int t = 0; t < Shape.Lengths[sequence]; t++)
        {
            this[sequence, t].CopyTo(values.AsSpan(t * FeatureSize));
        }

        return values;
    }

    /// <summary>Copies all sequences out, in the caller's order.</summary>
    public List<T[]> ToList()
    {
        List<T[]> sequences = new(Count);
        for (int b = 0; b < Count; b++)
        {
            sequences.Add(GetSequence(b));
        }

        return sequences;
    }

    /// <summary>Copies the batch to a tensor [T, B, F], or [B, T, F] when <paramref name="batchFirst"/>.</summary>
    /// <param name="batchFirst">Whether the first dimension is the batch.</param>
    /// <param name="padding">The value of the steps beyond a sequence's length.</param>
    public Tensor<T> ToTensor(bool batchFirst = false, T padding = default)
    {
        T[] values = new T[checked(StepCount * Count * FeatureSize)];
        Array.Fill(values, padding);
        for (int b = 0; b < Count; b++)
        {
            for (int t = 0; t < Shape.Lengths[b]; t++)
            {
                int place = batchFirst ? (b * StepCount) + t : (t * Count) + b;
                this[b, t].CopyTo(values.AsSpan(place * FeatureSize));
            }
        }

        ReadOnlySpan<nint> lengths = batchFirst ? [Count, StepCount, FeatureSize] : [StepCount, Count, FeatureSize];
        return Tensor.Create(values, lengths);
    }

    /// <summary>The batch's sizes.</summary>
    public override string ToString()
    {
        int shortest = int.MaxValue;
        foreach (int length in Lengths)
        {
            shortest = Math.Min(shortest, length);
        }

        string lengths = Count == 0 ? "empty"
            : $"{Count} sequences, {(shortest == StepCount ? $"length {StepCount}" : $"lengths {shortest}…{StepCount}")}, {RowCount} steps in all";
        return $"SequenceBatch<{typeof(T).Name}>: {lengths}, {FeatureSize} features";
    }

    /// <summary>Makes this batch a view of some steps of another: its rows are the other's, nothing is copied.</summary>
    internal void View(SequenceBatch<T> source, int firstStep, int stepCount)
    {
        Shape.SetSteps(source.Shape, firstStep, stepCount);
        _buffer = source._buffer;
        _start = source._start + (source.Shape.Offset(Math.Min(firstStep, source.StepCount)) * FeatureSize);
        _isView = true;
    }

    /// <summary>Makes this batch a view of rows that a layer owns.</summary>
    internal void View(SequenceShape shape, AlignedBuffer<T> buffer, long start)
    {
        Shape.CopyFrom(shape);
        _buffer = buffer;
        _start = checked((int)start);
        _isView = true;
    }

    /// <summary>Takes the shape of another batch, with rows of its own.</summary>
    internal void ReshapeLike(SequenceShape shape)
    {
        ReserveRows(shape.RowCount);
        Shape.CopyFrom(shape);
    }

    private void SetShape(ReadOnlySpan<int> lengths)
    {
        ReserveRows(SequenceShape.CountRows(lengths));
        Shape.Set(lengths);
    }

    // Before the shape changes: when there is not enough memory, the batch stays as it is.
    private void ReserveRows(int rows)
    {
        AlignedBuffer<T> buffer = _isView ? new AlignedBuffer<T>() : _buffer;
        buffer.Reserve((long)rows * FeatureSize);
        _buffer = buffer;
        _start = 0;
        _isView = false;
    }

    private void CheckSequence(int sequence)
    {
        if ((uint)sequence >= (uint)Count)
        {
            throw new ArgumentOutOfRangeException(nameof(sequence), sequence, Count == 0 ? "The batch has no sequences; fill it first." : $"The batch has {Count} sequences, 0 … {Count - 1}.");
        }
    }

    /// <summary>Pooled room for one length per sequence, so that refilling allocates nothing.</summary>
    private readonly ref struct Scratch
    {
        private readonly int[] _array;

        public Scratch(int count, string argument)
        {
            if (count == 0)
            {
                throw new ArgumentException("A batch has at least one sequence; there are 0.", argument);
            }

            _array = ArrayPool<int>.Shared.Rent(count);
            Span = _array.AsSpan(0, count);
        }

        public Span<int> Span { get; }

        public void Dispose() => ArrayPool<int>.Shared.Return(_array);
    }
}
