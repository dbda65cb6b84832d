using Lstm.Runtime;

namespace Lstm.Sequences;

/// <summary>The content of a batch: a shape, and rows in a buffer of its own or of another object.</summary>
/// <remarks>
/// A pass takes the content once, when it begins, and works on that: a batch that is refilled meanwhile gets a new one. Content that nobody reads is
/// refilled in place.
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

    /// <summary>Always this content's own, so that what happens to another one cannot change it.</summary>
    public SequenceShape Shape { get; } = new();

    /// <summary>The first value; whoever uses it keeps this content alive.</summary>
    public T* Pointer => _buffer.Pointer + _start;

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

    /// <summary>Makes room for rows of these lengths, whose values are undefined then. When there is not enough memory, all stays as it is.</summary>
    public void Set(ReadOnlySpan<int> lengths, string argument)
    {
        ReserveRows(SequenceShape.CountRows(lengths), argument);
        Shape.Set(lengths);
    }

    /// <summary>Takes the shape of another batch, with rows of its own.</summary>
    public void SetLike(SequenceShape shape, bool blank)
    {
        ReserveRows(shape.RowCount, nameof(shape));
        Shape.CopyFrom(shape);
        Volatile.Write(ref _isBlank, blank);
    }

    /// <summary>Notes that all rows are about to be overwritten.</summary>
    public void Overwrite() => Volatile.Write(ref _isBlank, false);

    /// <summary>Sets rows that nobody has written since <see cref="SetLike"/> to zero. Threads that fill rows together may come here at the same time.</summary>
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

    /// <summary>Makes this a view of some steps of another content: its rows are the other's, nothing is copied.</summary>
    public void View(SequenceContent<T> source, int firstStep, int stepCount)
    {
        source.FillBlank();
        Shape.SetSteps(source.Shape, firstStep, stepCount);
        _buffer = source._buffer;
        _start = source._start + (source.Shape.Offset(Math.Min(firstStep, source.Shape.StepCount)) * featureSize);
        _isView = true;
    }

    /// <summary>Makes this a view of rows that a layer owns.</summary>
    public void View(SequenceShape shape, AlignedBuffer<T> buffer, long start)
    {
        Shape.CopyFrom(shape);
        _buffer = buffer;
        _start = checked((int)start);
        _isView = true;
    }

    /// <summary>What to throw when another thread changes a batch while this one looks at it.</summary>
    public static InvalidOperationException Changing()
        => new("The batch is being refilled on another thread. Give each thread a batch of its own, or refill it when nobody reads it.");

    private void ReserveRows(int rows, string argument)
    {
        long length = (long)rows * featureSize;
        if (length > AlignedBuffer<T>.MaxLength)
        {
            throw new ArgumentException(
                $"The batch has {rows} steps of {featureSize} values in all, {length} values; a batch holds at most {AlignedBuffer<T>.MaxLength}. Divide the sequences among several batches.",
                argument);
        }

        AlignedBuffer<T> buffer = _isView ? new AlignedBuffer<T>() : _buffer;
        buffer.Reserve(length);
        _buffer = buffer;
        _start = 0;
        _isView = false;
        Volatile.Write(ref _isBlank, false);
    }
}
