using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Lstm.Kernels;

/// <summary>A block of memory aligned to cache lines, which the collector owns and never moves.</summary>
/// <remarks>
/// Pointers into the block are valid while the buffer is reachable: whoever hands them to a kernel keeps the buffer
/// alive until the kernel has returned.
/// </remarks>
internal sealed unsafe class AlignedBuffer<T>
    where T : unmanaged
{
    private const int Alignment = 64;
    private T[] _array = [];
    private nint _skippedBytes;

    public AlignedBuffer()
    {
    }

    /// <summary>Makes a buffer of <paramref name="length"/> elements, all zero.</summary>
    public AlignedBuffer(long length)
    {
        Reserve(length);
        Span.Clear();
    }

    /// <summary>The first element, on a 64-byte boundary; null while the buffer is empty.</summary>
    public T* Pointer { get; private set; }

    /// <summary>Number of elements.</summary>
    public int Length { get; private set; }

    /// <summary>All elements; the span keeps the memory alive, as <see cref="Pointer"/> does not.</summary>
    // SAFETY: Reserve made the array longer than Length by all that alignment can skip.
    public Span<T> Span => Length == 0
        ? []
        : MemoryMarshal.CreateSpan(ref Unsafe.AddByteOffset(ref MemoryMarshal.GetArrayDataReference(_array), _skippedBytes), Length);

    /// <summary>Makes room for at least <paramref name="length"/> elements; after growth the contents are undefined.</summary>
    /// <exception cref="OutOfMemoryException">More elements are asked for than one array can hold.</exception>
    public void Reserve(long length)
    {
        if (length <= Length)
        {
            return;
        }

        // Growing by a quarter keeps batches of slowly rising size from allocating each time.
        long capacity = Length == 0 ? length : Math.Min(Math.Max(length, Length + (Length / 4L)), Math.Max(length, Array.MaxLength / 2));
        // An element need not divide a line: the first aligned byte may lie within one.
        long total = capacity + ((Alignment + sizeof(T) - 1) / sizeof(T));
        if (total > Array.MaxLength)
        {
            throw new OutOfMemoryException($"A buffer of {length} elements is more than one array can hold ({Array.MaxLength}).");
        }

        _array = GC.AllocateUninitializedArray<T>((int)total, pinned: true);
        nint start = (nint)Unsafe.AsPointer(ref _array[0]);
        Pointer = (T*)((start + Alignment - 1) & ~(nint)(Alignment - 1));
        _skippedBytes = (nint)Pointer - start;
        Length = (int)capacity;
    }
}
