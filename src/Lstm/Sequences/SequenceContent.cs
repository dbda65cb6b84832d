using System.Diagnostics;
using Lstm.Runtime;

namespace Lstm.Sequences;

/// <summary>The content of a batch: a shape, and rows in its own buffer or in that of another object.</summary>
/// <remarks>
/// A pass takes the content once, when it begins, and works on it: a batch that is refilled meanwhile gets new content. Content
/// that nobody reads is refilled in place.
/// </remarks>
internal sealed unsafe class SequenceContent<T>(int featureSize)
    where T : unmanaged
{
    private AlignedBuffer<T> _buffer = new();
    private int _start;
    private bool _isView;
    private bool _isBlank;

    /// <summary>Values per step.</summary>
    public int FeatureSize => featureSize;

    /// <summary>The shape. It belongs to this content alone, so changes of other content cannot change it.</summary>
    public SequenceShape Shape { get; } = new();

    /// <summary>
    /// The first value of <c>Shape.RowCount × FeatureSize</c>; callers keep this content alive while they use it.
    /// </summary>
    public T* Pointer
    {
        get
        {
            // SAFETY: the rows lie within the buffer: ReserveRows reserves them, and the two View methods take rows of a buffer
            // that its owner has reserved for the same shape. SequenceRefill changes neither while a pass reads this content.
            Debug.Assert(_start + ((long)Shape.RowCount * featureSize) <= _buffer.Length, "The rows reach beyond the buffer.");
            return _buffer.Pointer + _start;
        }
    }

    /// <summary>All values; those of blank rows are set to zero first.</summary>
    public Span<T> Rows
    {
        get
        {
            FillBlank();
            (AlignedBuffer<T> buffer, int start) = (_buffer, _start);
            Span<T> all = buffer.Span;
            long length = (long)Shape.RowCount * featureSize;
            return start + length <= all.Length ? all.Slice(start, (int)length) : throw Changing();
        }
    }

    /// <summary>The values of one step; the sequence and the step exist.</summary>
    public Span<T> Row(int sequence, int step)
    {
        Span<T> rows = Rows;
        long start = (long)Shape.Row(sequence, step) * featureSize;
        return start + featureSize <= rows.Length ? rows.Slice((int)start, featureSize) : throw Changing();
    }

    /// <summary>
    /// Reserves rows for these lengths; their values are undefined. The content stays unchanged if there is not enough memory.
    /// </summary>
    public void Set(ReadOnlySpan<int> lengths, string argument)
    {
        ReserveRows(SequenceShape.CountRows(lengths), argument);
        Shape.Set(lengths);
    }

    /// <summary>Takes the shape of another batch and reserves own rows.</summary>
    public void SetLike(SequenceShape shape, bool blank)
    {
        ReserveRows(shape.RowCount, nameof(shape));
        Shape.CopyFrom(shape);
        Volatile.Write(ref _isBlank, blank);
    }

    /// <summary>Records that all rows are about to be overwritten.</summary>
    public void Overwrite() => Volatile.Write(ref _isBlank, false);

    /// <summary>
    /// Sets the rows to zero if they were not written since <see cref="SetLike"/>. Several threads may call it at the same time.
    /// </summary>
    public void FillBlank()
    {
        if (!Volatile.Read(ref _isBlank))
        {
            return;
        }

        lock (Shape)
        {
            if (_isBlank)
            {
                _buffer.Span.Slice(_start, Shape.RowCount * featureSize).Clear();
                Volatile.Write(ref _isBlank, false);
            }
        }
    }

    /// <summary>Makes this content a view of some steps of other content; nothing is copied.</summary>
    public void View(SequenceContent<T> source, int firstStep, int stepCount)
    {
        source.FillBlank();
        Shape.SetSteps(source.Shape, firstStep, stepCount);
        _buffer = source._buffer;
        _start = source._start + (source.Shape.Offset(Math.Min(firstStep, source.Shape.StepCount)) * featureSize);
        _isView = true;
    }

    /// <summary>
    /// Makes this content a view of rows that a layer owns, from element <paramref name="start"/> of its buffer on.
    /// </summary>
    public void View(SequenceShape shape, AlignedBuffer<T> buffer, long start)
    {
        Debug.Assert(
            start >= 0
            && start + ((long)shape.RowCount * featureSize) <= buffer.Length, "The viewed rows reach beyond the buffer.");
        Shape.CopyFrom(shape);
        _buffer = buffer;
        _start = checked((int)start);
        _isView = true;
    }

    /// <summary>Creates the exception for a batch that another thread changes while this one looks at it.</summary>
    public static InvalidOperationException Changing() => new(
        "The batch is being refilled on another thread. Give each thread a separate batch, or refill the batch while nobody " +
        "reads it.");

    private void ReserveRows(int rows, string argument)
    {
        long length = (long)rows * featureSize;
        if (length > AlignedBuffer<T>.MaxLength)
        {
            throw new ArgumentException(
                $"The batch has {rows} steps of {featureSize} values in all, {length} values; a batch holds at most "
                + $"{AlignedBuffer<T>.MaxLength}. Divide the sequences among several batches.", argument);
        }

        AlignedBuffer<T> buffer = _isView ? new AlignedBuffer<T>() : _buffer;
        buffer.Reserve(length);
        _buffer = buffer;
        _start = 0;
        _isView = false;
        Volatile.Write(ref _isBlank, false);
    }
}
