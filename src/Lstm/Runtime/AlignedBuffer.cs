using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Lstm.Runtime;

/// <summary>A block of memory aligned to cache lines; the garbage collector owns it and never moves it.</summary>
/// <remarks>
/// Pointers into the block are valid while the buffer is reachable: a caller that hands them to a kernel keeps the buffer alive
/// until the kernel has returned. <see cref="Reserve"/> may replace the block, which makes pointers taken before it invalid.
/// </remarks>
internal sealed unsafe class AlignedBuffer<T>
    where T : unmanaged
{
    private const int Alignment = 64;
    private T[] _array = [];

    public AlignedBuffer()
    {
    }

    /// <summary>Initializes a buffer of <paramref name="length"/> elements, all zero.</summary>
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
    public Span<T> Span
    {
        get
        {
            // Read once: while another thread makes room, this is the old block or the new one, whole.
            T[] array = Volatile.Read(ref _array);
            if (array.Length == 0)
            {
                return [];
            }

            // SAFETY: Reserve made the array longer than Length by all that alignment can skip, and pinned it.
            ref T first = ref MemoryMarshal.GetArrayDataReference(array);
            return MemoryMarshal.CreateSpan(ref Unsafe.AddByteOffset(ref first, Skipped(ref first)), array.Length - Slack);
        }
    }

    /// <summary>The largest number of elements of a buffer.</summary>
    public static int MaxLength => Array.MaxLength - Slack;

    // What alignment can skip, rounded up: an element need not divide a line, so the first aligned byte may lie within one.
    private static int Slack => (Alignment + sizeof(T) - 1) / sizeof(T);

    /// <summary>Makes room for at least <paramref name="length"/> elements; after growth the contents are undefined.</summary>
    /// <exception cref="OutOfMemoryException"><paramref name="length"/> is more than one array can hold.</exception>
    public void Reserve(long length)
    {
        if (length <= Length)
        {
            return;
        }

        // Growing by a quarter keeps batches of slowly rising size from allocating each time.
        long capacity = Length == 0 ? length
            : Math.Min(Math.Max(length, Length + (Length / 4L)), Math.Max(length, Array.MaxLength / 2));
        long total = capacity + Slack;
        if (total > Array.MaxLength)
        {
            throw new OutOfMemoryException($"A buffer of {length} elements is more than one array can hold ({Array.MaxLength}).");
        }

        // SAFETY: the array is pinned, so its address is fixed while _array refers to it; total is long enough for capacity
        // elements from any place that alignment skips to.
        T[] array = GC.AllocateUninitializedArray<T>((int)total, pinned: true);
        ref T first = ref MemoryMarshal.GetArrayDataReference(array);
        Pointer = (T*)((nint)Unsafe.AsPointer(ref first) + Skipped(ref first));
        Length = (int)capacity;
        Debug.Assert((nint)Pointer % Alignment == 0, "The block is not aligned.");
        Debug.Assert(
            (byte*)(Pointer + Length) - (byte*)Unsafe.AsPointer(ref first) <= total * sizeof(T),
            "The block ends beyond the array.");
        Volatile.Write(ref _array, array);
    }

    private static nint Skipped(ref T first) => -(nint)Unsafe.AsPointer(ref first) & (Alignment - 1);
}
