using System.Buffers;
using System.Numerics.Tensors;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm;

/// <summary>A batch of sequences of any lengths, zero included: what a network reads and writes.</summary>
/// <remarks>
/// The sequences are stored time-major, longest first and without padding: R = Σ lengths rows of
/// <see cref="FeatureSize"/> values, so that work follows the real steps. Every public index is the caller's: sequence 0
/// is the first one given. A batch can be refilled: its buffers grow once and are then reused.
/// <para>Any number of passes, on any threads, may read one batch at once. A batch that is refilled while passes read it gets new memory; those passes
/// end with the content that they began with. A batch that a tape or workspace owns is as busy as its owner.</para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/> for features, <see cref="int"/> for ids and labels.</typeparam>
public sealed class SequenceBatch<T>
    where T : unmanaged
{
    // Another thread's refill may replace it at any time: whatever needs a shape and its rows reads this once.
    private volatile SequenceContent<T> _content;

    /// <summary>What this is a view of, and the version of that at the time.</summary>
    private SequenceBatch<T>? _source;
    private ContentVersion<T> _sourceVersion;

    /// <summary>Makes an empty batch, to be filled.</summary>
    /// <param name="featureSize">Values per step, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="featureSize"/> is under 1.</exception>
    public SequenceBatch(int featureSize)
        : this(featureSize, null)
    {
    }

    /// <summary>Makes a batch that a pass writes: it is used whenever its owner is.</summary>
    internal SequenceBatch(int featureSize, Use? owner)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(featureSize, 1);
        FeatureSize = featureSize;
        HasOwner = owner is not null;
        Use = owner ?? new Use();
        _content = new SequenceContent<T>(featureSize);
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
    /// <exception cref="InvalidOperationException">Another thread is refilling the batch.</exception>
    public Span<T> Rows => _content.Rows;

    /// <summary>Always this batch's own, so that what happens to another batch cannot change it.</summary>
    internal SequenceShape Shape => _content.Shape;

    /// <summary>What it holds now. Passes take it from <see cref="Read"/>.</summary>
    internal SequenceContent<T> Content => _content;

    /// <summary>The batch that this is a part of; null of any other.</summary>
    internal SequenceBatch<T>? Source => _source;

    /// <summary>Who uses the rows: its own, or that of the object whose rows they are.</summary>
    internal Use Use { get; private set; }

    /// <summary>Whether a pass of a tape or workspace writes it.</summary>
    internal bool HasOwner { get; }

    /// <summary>The values of one step of one sequence; writable.</summary>
    /// <param name="sequence">The caller's index, 0 … <see cref="Count"/> − 1.</param>
    /// <param name="step">0 … length − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sequence or step.</exception>
    /// <exception cref="InvalidOperationException">Another thread is refilling the batch.</exception>
    public Span<T> this[int sequence, int step]
    {
        get
        {
            SequenceContent<T> content = _content;
            ReadOnlySpan<int> lengths = content.Shape.Lengths;
            CheckSequence(lengths, sequence);
            if ((uint)step >= (uint)lengths[sequence])
            {
                throw new ArgumentOutOfRangeException(nameof(step), step, lengths[sequence] == 0 ? $"Sequence {sequence} has no steps." : $"Sequence {sequence} has {lengths[sequence]} steps, 0 … {lengths[sequence] - 1}.");
            }

            return content.Row(sequence, step);
        }
    }

    /// <summary>Refills the batch from sequences, each a run of steps of <see cref="FeatureSize"/> values.</summary>
    /// <param name="sequences">One or more sequences; each of a length that is a multiple of <see cref="FeatureSize"/>, zero included.</param>
    /// <exception cref="ArgumentException">There are no sequences, one's length is no multiple of <see cref="FeatureSize"/>, or they are more than a batch can hold.</exception>
    /// <exception cref="InvalidOperationException">Another thread is refilling the batch; or a tape or workspace that owns it is in use.</exception>
    public void Fill(IReadOnlyList<T[]> sequences)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        using SequenceRefill<T> refill = new(this);

        // The list may be the caller's own code: its count is asked for once.
        int count = sequences.Count;
        using Scratch lengths = new(count, nameof(sequences));
        for (int b = 0; b < count; b++)
        {
            T[] sequence = sequences[b] ?? throw new ArgumentException($"Sequence {b} of {count} is null; one without steps is an empty array.", nameof(sequences));
            if (sequence.Length % FeatureSize != 0)
            {
                throw new ArgumentException(
                    $"Sequence {b} has {sequence.Length} values, which is no multiple of the feature size {FeatureSize}. Give whole steps of {FeatureSize} values, or make the batch with the featureSize that the steps have.", nameof(sequences));
            }

            lengths.Span[b] = sequence.Length / FeatureSize;
        }

        SequenceContent<T> content = refill.Content;
        content.Set(lengths.Span, nameof(sequences));
        Span<T> rows = content.Rows;
        for (int b = 0; b < count; b++)
        {
            ReadOnlySpan<T> rest = sequences[b];
            if (rest.Length != lengths.Span[b] * FeatureSize)
            {
                throw new ArgumentException($"Sequence {b} has changed its length to {rest.Length} while it was read.", nameof(sequences));
            }

            for (int t = 0; rest.Length > 0; t++)
            {
                rest[..FeatureSize].CopyTo(rows[(content.Shape.Row(b, t) * FeatureSize)..]);
                rest = rest[FeatureSize..];
            }
        }

        refill.Complete();
    }

    /// <summary>Refills the batch from a tensor [T, B, F], or [B, T, F] when <paramref name="batchFirst"/>; strided is fine.</summary>
    /// <param name="tensor">Rank 3 with F = <see cref="FeatureSize"/>, or rank 2 ([T, B] or [B, T]) when <see cref="FeatureSize"/> is 1.</param>
    /// <param name="batchFirst">Whether the first dimension is the batch.</param>
    /// <param name="lengths">Length of each sequence, 0 … T; empty means T for all. Values beyond a length are not read.</param>
    /// <exception cref="ArgumentException">The tensor's shape or a length does not fit, or the values are more than a batch can hold.</exception>
    /// <exception cref="InvalidOperationException">Another thread is refilling the batch; or a tape or workspace that owns it is in use.</exception>
    public void Fill(in ReadOnlyTensorSpan<T> tensor, bool batchFirst = false, ReadOnlySpan<int> lengths = default)
    {
        if (tensor.Rank != 3 && !(tensor.Rank == 2 && FeatureSize == 1))
        {
            throw new ArgumentException($"The tensor has rank {tensor.Rank}; a batch of feature size {FeatureSize} needs rank 3: [T, B, {FeatureSize}], or [B, T, {FeatureSize}] with batchFirst.", nameof(tensor));
        }

        if (tensor.Lengths[0] > int.MaxValue || tensor.Lengths[1] > int.MaxValue)
        {
            throw new ArgumentException($"The tensor is [{tensor.Lengths[0]}, {tensor.Lengths[1]}, …]; a batch has at most {int.MaxValue} sequences and steps.", nameof(tensor));
        }

        int steps = (int)tensor.Lengths[batchFirst ? 1 : 0];
        int count = (int)tensor.Lengths[batchFirst ? 0 : 1];
        if (tensor.Rank == 3 && tensor.Lengths[2] != FeatureSize)
        {
            throw new ArgumentException($"The tensor has {tensor.Lengths[2]} features, its last dimension; the batch has {FeatureSize}. SequenceBatch.FromTensor makes a batch of the tensor's own size.", nameof(tensor));
        }

        if (lengths.Length != 0 && lengths.Length != count)
        {
            throw new ArgumentException($"There are {lengths.Length} lengths for {count} sequences, dimension {(batchFirst ? 0 : 1)} of the tensor; give one for each, or none. Is batchFirst = {batchFirst} right?", nameof(lengths));
        }

        using SequenceRefill<T> refill = new(this);
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

        SequenceContent<T> content = refill.Content;
        content.Set(all.Span, nameof(tensor));
        Span<T> rows = content.Rows;
        Span<nint> index = stackalloc nint[tensor.Rank];
        for (int b = 0; b < count; b++)
        {
            for (int t = 0; t < all.Span[b]; t++)
            {
                Span<T> row = rows.Slice(content.Shape.Row(b, t) * FeatureSize, FeatureSize);
                index[batchFirst ? 0 : 1] = b;
                index[batchFirst ? 1 : 0] = t;
                for (int f = 0; f < row.Length; f++)
                {
                    if (index.Length == 3)
                    {
                        index[2] = f;
                    }

                    row[f] = tensor[index];
                }
            }
        }

        refill.Complete();
    }

    /// <summary>Reshapes the batch to the given lengths; the values are then undefined until written.</summary>
    /// <param name="lengths">One length per sequence, each at least 0.</param>
    /// <exception cref="ArgumentException">There are no lengths, one is negative, or they are more than a batch can hold.</exception>
    /// <exception cref="InvalidOperationException">Another thread is refilling the batch; or a tape or workspace that owns it is in use.</exception>
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

        using SequenceRefill<T> refill = new(this);
        refill.Content.Set(lengths, nameof(lengths));
        refill.Complete();
    }

    /// <summary>Copies one sequence out: [length, FeatureSize].</summary>
    /// <param name="sequence">The caller's index.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sequence.</exception>
    /// <exception cref="InvalidOperationException">The batch is being refilled, or written by a pass.</exception>
    public T[] GetSequence(int sequence)
    {
        using SequenceReading<T> reading = Read(this, "The batch");
        CheckSequence(reading.Content!.Shape.Lengths, sequence);
        return Sequence(reading.Content, sequence);
    }

    /// <summary>Goes through the sequences in the caller's order; each is a copy of its values, step by step.</summary>
    public IEnumerator<T[]> GetEnumerator()
    {
        for (int sequence = 0; sequence < Count; sequence++)
        {
            yield return GetSequence(sequence);
        }
    }

    /// <summary>Copies all sequences out, in the caller's order.</summary>
    /// <exception cref="InvalidOperationException">The batch is being refilled, or written by a pass.</exception>
    public List<T[]> ToList()
    {
        using SequenceReading<T> reading = Read(this, "The batch");
        int count = reading.Content!.Shape.Count;
        List<T[]> sequences = new(count);
        for (int b = 0; b < count; b++)
        {
            sequences.Add(Sequence(reading.Content, b));
        }

        return sequences;
    }

    /// <summary>Copies the batch to a tensor [T, B, F], or [B, T, F] when <paramref name="batchFirst"/>.</summary>
    /// <param name="batchFirst">Whether the first dimension is the batch.</param>
    /// <param name="padding">The value of the steps beyond a sequence's length.</param>
    /// <exception cref="InvalidOperationException">
    /// The tensor, padding included, has more values than an array can hold; or the batch is being refilled, or written by a pass.
    /// </exception>
    public Tensor<T> ToTensor(bool batchFirst = false, T padding = default)
    {
        using SequenceReading<T> reading = Read(this, "The batch");
        SequenceShape shape = reading.Content!.Shape;
        (int count, int steps) = (shape.Count, shape.StepCount);
        Int128 length = (Int128)count * steps * FeatureSize;
        if (length > Array.MaxLength)
        {
            throw new InvalidOperationException(
                $"A tensor of {count} sequences, {steps} steps and {FeatureSize} features has {length} values, padding included; an array holds at most {Array.MaxLength}. "
                + "Read the sequences one at a time with GetSequence.");
        }

        T[] values = new T[(int)length];
        Array.Fill(values, padding);
        for (int b = 0; b < count; b++)
        {
            for (int t = 0; t < shape.Lengths[b]; t++)
            {
                int place = batchFirst ? (b * steps) + t : (t * count) + b;
                reading.Content.Row(b, t).CopyTo(values.AsSpan(place * FeatureSize));
            }
        }

        ReadOnlySpan<nint> lengths = batchFirst ? [count, steps, FeatureSize] : [steps, count, FeatureSize];
        return Tensor.Create(values, lengths);
    }

    /// <summary>The batch's sizes.</summary>
    public override string ToString()
    {
        SequenceShape shape = Shape;
        int shortest = int.MaxValue;
        foreach (int length in Lengths)
        {
            shortest = Math.Min(shortest, length);
        }

        string lengths = Count == 0 ? "empty"
            : $"{Count} sequences, {(shortest == StepCount ? $"length {StepCount}" : $"lengths {shortest}…{StepCount}")}, {RowCount} steps in all";
        return $"SequenceBatch<{typeof(T).Name}>: {lengths}, {FeatureSize} features";
    }

    /// <summary>Reads a batch until the result is disposed of, which has its content; nothing for null.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="subject">What the batch is, with its article.</param>
    /// <exception cref="InvalidOperationException">It is being refilled, or it is a part of a batch that has been refilled since.</exception>
    internal static SequenceReading<T> Read(SequenceBatch<T>? batch, string subject)
    {
        if (batch is null)
        {
            return default;
        }

        if (!batch.Use.TryRead())
        {
            batch.Use.Refuse(subject, SequenceRefill<T>.RemedyOf(batch));
        }

        if (batch._source is { } source && !batch._sourceVersion.IsThatOf(source._content))
        {
            batch.Use.Leave();
            throw new InvalidOperationException($"{subject} is a part of a batch that has been refilled since.");
        }

        SequenceContent<T> content = batch._content;
        content.FillBlank();
        return new SequenceReading<T>(batch.Use, content);
    }

    /// <summary>Makes this batch a view of some steps of another: its rows are the other's, nothing is copied.</summary>
    internal void View(SequenceBatch<T> source, int firstStep, int stepCount)
    {
        using SequenceReading<T> reading = Read(source, "The batch");
        (Use, _source, _sourceVersion) = (source.Use, source, new ContentVersion<T>(reading.Content!));
        _content.View(reading.Content!, firstStep, stepCount);
    }

    /// <summary>Makes this batch a view of rows that a layer owns, in a pass that has taken this batch's owner.</summary>
    internal void View(SequenceShape shape, AlignedBuffer<T> buffer, long start) => _content.View(shape, buffer, start);

    /// <summary>Takes the shape of another batch, with rows of its own, in a pass that has taken this batch or its owner.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="blank">Whether rows that nobody writes are to be read as zeros; otherwise they are undefined.</param>
    internal void ReshapeLike(SequenceShape shape, bool blank = false) => _content.SetLike(shape, blank);

    /// <summary>Gives it other content; passes that read go on with the one they took.</summary>
    internal void Replace(SequenceContent<T> content) => (_source, _content) = (null, content);

    private T[] Sequence(SequenceContent<T> content, int sequence)
    {
        int length = content.Shape.Lengths[sequence];
        T[] values = new T[length * FeatureSize];
        for (int t = 0; t < length; t++)
        {
            content.Row(sequence, t).CopyTo(values.AsSpan(t * FeatureSize));
        }

        return values;
    }

    private static void CheckSequence(ReadOnlySpan<int> lengths, int sequence)
    {
        if ((uint)sequence >= (uint)lengths.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(sequence), sequence, lengths.IsEmpty ? "The batch has no sequences; fill it first." : $"The batch has {lengths.Length} sequences, 0 … {lengths.Length - 1}.");
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
