using System.Numerics.Tensors;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Texts;

namespace Lstm;

/// <summary>A batch of sequences of any lengths, zero included: the input, target and output of a network.</summary>
/// <remarks>
/// <para>The batch stores its sequences time-major, longest first and without padding: R = Σ lengths rows of
/// <see cref="FeatureSize"/> values, so the cost of a pass follows the real steps. Every public index is in the caller's order:
/// sequence 0 is the first sequence given. A batch can be refilled; its buffers grow once and are then reused.</para>
/// <para>Any number of passes, on any threads, may read one batch at the same time. A batch that is refilled while passes read it
/// gets new memory, and those passes end with the content that they began with. A batch that belongs to a tape or workspace may
/// be used only while no pass uses its owner.</para>
/// </remarks>
/// <typeparam name="T">
/// <see cref="float"/> or <see cref="double"/> for features, <see cref="int"/> for ids and labels.
/// </typeparam>
public sealed class SequenceBatch<T>
    where T : unmanaged
{
    // Another thread's refill may replace it at any time: whatever needs a shape and its rows reads this once.
    private volatile SequenceContent<T> _content;

    /// <summary>The batch that this is a view of, and its version when the view was made.</summary>
    private SequenceBatch<T>? _source;
    private ContentVersion<T> _sourceVersion;

    /// <summary>Initializes an empty batch; fill it before use.</summary>
    /// <param name="featureSize">Values per step, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="featureSize"/> is less than 1.</exception>
    public SequenceBatch(int featureSize)
        : this(featureSize, null)
    {
    }

    /// <summary>Initializes a batch that a pass writes and that is in use whenever its owner is.</summary>
    internal SequenceBatch(int featureSize, Use? owner)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(featureSize, 1);
        FeatureSize = featureSize;
        HasOwner = owner is not null;
        Use = owner ?? new Use();
        _content = new SequenceContent<T>(featureSize);
    }

    /// <summary>The number of values per step.</summary>
    public int FeatureSize { get; }

    /// <summary>The number of sequences, B.</summary>
    public int Count => Shape.Count;

    /// <summary>The length of the longest sequence, T.</summary>
    public int StepCount => Shape.StepCount;

    /// <summary>The number of steps of all sequences together, R.</summary>
    public int RowCount => Shape.RowCount;

    /// <summary>The length of each sequence, in the caller's order.</summary>
    public ReadOnlySpan<int> Lengths => Shape.Lengths;

    /// <summary>All values in storage order, [R, FeatureSize]: step by step, within a step the longest sequence first.</summary>
    /// <exception cref="InvalidOperationException">Another thread is refilling the batch.</exception>
    public Span<T> Rows => _content.Rows;

    /// <summary>The shape. It always belongs to this batch alone, so changes of another batch cannot change it.</summary>
    internal SequenceShape Shape => _content.Shape;

    /// <summary>The current content. Passes take it from <see cref="Read"/>.</summary>
    internal SequenceContent<T> Content => _content;

    /// <summary>The batch that this is a part of; null if this batch is no part.</summary>
    internal SequenceBatch<T>? Source => _source;

    /// <summary>Who uses the rows: of this batch, or of the object whose rows they are.</summary>
    internal Use Use { get; private set; }

    /// <summary>Whether a pass of a tape or workspace writes this batch.</summary>
    internal bool HasOwner { get; }

    /// <summary>Gets the values of one step of one sequence; the span is writable.</summary>
    /// <param name="sequence">Index of the sequence in the caller's order, 0 … <see cref="Count"/> − 1.</param>
    /// <param name="step">Index of the step, 0 … length − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The sequence or the step does not exist.</exception>
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
                throw new ArgumentOutOfRangeException(nameof(step), step, lengths[sequence] == 0
                    ? $"Sequence {sequence} has no steps."
                    : $"Sequence {sequence} has {lengths[sequence]} steps, 0 … {lengths[sequence] - 1}.");
            }

            return content.Row(sequence, step);
        }
    }

    /// <summary>Replaces the content with sequences, each an array of whole steps of <see cref="FeatureSize"/> values.</summary>
    /// <param name="sequences">
    /// One or more sequences. The length of each is a multiple of <see cref="FeatureSize"/>; it may be 0.
    /// </param>
    /// <exception cref="ArgumentException">
    /// There are no sequences, a sequence is null, the length of one is no multiple of <see cref="FeatureSize"/>, or the
    /// sequences have more values than a batch can hold.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// Another thread is refilling the batch, or the batch belongs to a tape or workspace that is in use.
    /// </exception>
    public void Fill(IReadOnlyList<T[]> sequences)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        using SequenceRefill<T> refill = new(this);
        ArraySource<T> source = new(sequences, FeatureSize);
        using SequenceLengths lengths = new(source.Count, nameof(sequences));
        source.ReadLengths(lengths.Span);
        refill.Content.Set(lengths.Span, nameof(sequences));
        source.CopyTo(refill.Content, lengths.Span);
        refill.Complete();
    }

    /// <summary>
    /// Replaces the content with that of a tensor [T, B, F], or [B, T, F] when <paramref name="batchFirst"/> is
    /// <see langword="true"/>.
    /// </summary>
    /// <param name="tensor">
    /// Rank 3 with F = <see cref="FeatureSize"/>, or rank 2 ([T, B] or [B, T]) when <see cref="FeatureSize"/> is 1. Strides are
    /// allowed.
    /// </param>
    /// <param name="batchFirst">Whether the first dimension is the batch.</param>
    /// <param name="lengths">
    /// The length of each sequence, 0 … T; empty means T for all. Values beyond a length are not read.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The tensor's rank or sizes or a length do not fit, or the tensor has more values than a batch can hold.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// Another thread is refilling the batch, or the batch belongs to a tape or workspace that is in use.
    /// </exception>
    public void Fill(in ReadOnlyTensorSpan<T> tensor, bool batchFirst = false, ReadOnlySpan<int> lengths = default)
    {
        TensorSource<T> source = new(tensor, batchFirst, FeatureSize);
        source.RequireCountOf(lengths);
        using SequenceRefill<T> refill = new(this);
        using SequenceLengths all = new(source.Count, nameof(tensor));
        source.ReadLengths(lengths, all.Span);
        refill.Content.Set(all.Span, nameof(tensor));
        source.CopyTo(refill.Content, all.Span);
        refill.Complete();
    }

    /// <summary>Gives the batch sequences of these lengths; their values are undefined until written.</summary>
    /// <param name="lengths">One length per sequence, each at least 0.</param>
    /// <exception cref="ArgumentException">
    /// There are no lengths, a length is negative, or the rows have more values than a batch can hold.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// Another thread is refilling the batch, or the batch belongs to a tape or workspace that is in use.
    /// </exception>
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
                throw new ArgumentException(
                    $"Length {lengths[b]} of sequence {b} is negative; a length is at least 0.", nameof(lengths));
            }
        }

        using SequenceRefill<T> refill = new(this);
        refill.Content.Set(lengths, nameof(lengths));
        refill.Complete();
    }

    /// <summary>Returns a copy of one sequence, [length, FeatureSize].</summary>
    /// <param name="sequence">Index of the sequence in the caller's order.</param>
    /// <exception cref="ArgumentOutOfRangeException">The sequence does not exist.</exception>
    /// <exception cref="InvalidOperationException">The batch is being refilled, or a pass is writing it.</exception>
    public T[] GetSequence(int sequence)
    {
        using SequenceReading<T> reading = Read(this, "The batch");
        CheckSequence(reading.Content!.Shape.Lengths, sequence);
        return new SequenceCopy<T>(reading.Content).Sequence(sequence);
    }

    /// <summary>Enumerates the sequences in the caller's order, each as a copy of its values, [length, FeatureSize].</summary>
    public IEnumerator<T[]> GetEnumerator()
    {
        for (int sequence = 0; sequence < Count; sequence++)
        {
            yield return GetSequence(sequence);
        }
    }

    /// <summary>Returns copies of all sequences, in the caller's order.</summary>
    /// <exception cref="InvalidOperationException">The batch is being refilled, or a pass is writing it.</exception>
    public List<T[]> ToList()
    {
        using SequenceReading<T> reading = Read(this, "The batch");
        return new SequenceCopy<T>(reading.Content!).Sequences();
    }

    /// <summary>
    /// Copies the batch to a tensor [T, B, F], or [B, T, F] when <paramref name="batchFirst"/> is <see langword="true"/>.
    /// </summary>
    /// <param name="batchFirst">Whether the first dimension is the batch.</param>
    /// <param name="padding">The value of the steps beyond a sequence's length.</param>
    /// <exception cref="InvalidOperationException">
    /// The tensor, padding included, has more values than an array can hold; or the batch is being refilled, or a pass is writing
    /// it.
    /// </exception>
    public Tensor<T> ToTensor(bool batchFirst = false, T padding = default)
    {
        using SequenceReading<T> reading = Read(this, "The batch");
        return new SequenceCopy<T>(reading.Content!).Tensor(batchFirst, padding);
    }

    /// <summary>Returns the number and lengths of the sequences, the rows and the features.</summary>
    public override string ToString() => $"{TypeName.Of(this)}: {Shape}, {Counted.Of(FeatureSize, "feature")}";

    /// <summary>Begins to read a batch; reading ends when the result is disposed of. Does nothing for null.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="subject">The batch's name in messages, with its article.</param>
    /// <exception cref="InvalidOperationException">
    /// The batch is being refilled, or it is a part of a batch that has been refilled since the part was made.
    /// </exception>
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

    /// <summary>Makes this batch a view of some steps of another batch: nothing is copied.</summary>
    internal void View(SequenceBatch<T> source, int firstStep, int stepCount)
    {
        using SequenceReading<T> reading = Read(source, "The batch");
        (Use, _source, _sourceVersion) = (source.Use, source, new ContentVersion<T>(reading.Content!));
        _content.View(reading.Content!, firstStep, stepCount);
    }

    /// <summary>Makes this batch a view of rows that a layer owns, in a pass that has taken this batch's owner.</summary>
    internal void View(SequenceShape shape, AlignedBuffer<T> buffer, long start) => _content.View(shape, buffer, start);

    /// <summary>Takes the shape of another batch, with own rows, in a pass that has taken this batch or its owner.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="blank">Whether rows that are never written read as zeros; otherwise they are undefined.</param>
    internal void ReshapeLike(SequenceShape shape, bool blank = false) => _content.SetLike(shape, blank);

    /// <summary>Replaces the content; passes that are reading keep the content that they took.</summary>
    internal void Replace(SequenceContent<T> content) => (_source, _content) = (null, content);

    private static void CheckSequence(ReadOnlySpan<int> lengths, int sequence)
    {
        if ((uint)sequence >= (uint)lengths.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(sequence), sequence, lengths.IsEmpty
                ? "The batch has no sequences; fill it first."
                : $"The batch has {lengths.Length} sequences, 0 … {lengths.Length - 1}.");
        }
    }
}
