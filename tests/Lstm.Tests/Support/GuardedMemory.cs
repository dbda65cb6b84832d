namespace Lstm.Tests.Support;

/// <summary>Which edge of a <see cref="GuardedMemory{T}"/> touches the unreadable page.</summary>
public enum Guard
{
    /// <summary>The element after the last one is unreadable: finds reads and writes beyond the end.</summary>
    AfterEnd,

    /// <summary>The element before the first one is unreadable: finds reads and writes before the start.</summary>
    BeforeStart,
}

/// <summary>
/// Memory of exactly n elements flush against an unreadable page, for proving that a kernel keeps its contract.
/// </summary>
/// <remarks>
/// One step over the guarded edge ends the process, so deliberate ones belong in a <see cref="ChildProcess"/>. On the
/// other side lie canaries up to the page's edge, and then an unreadable page too; <see cref="Dispose"/> throws when a
/// canary was overwritten. The elements start as NaN (all bits one), so that a value nobody wrote shows itself. With
/// <see cref="Guard.AfterEnd"/> the pointer is only as aligned as the length makes it: a length of whole cache lines
/// gives 64-byte alignment, with <see cref="Guard.BeforeStart"/> every length does.
/// </remarks>
internal sealed unsafe class GuardedMemory<T> : IDisposable
    where T : unmanaged
{
    private const byte Canary = 0xA5;
    private readonly int pages;
    private byte* start;

    public GuardedMemory(int length, Guard guard = Guard.AfterEnd)
    {
        int page = Environment.SystemPageSize;
        int bytes = checked(length * sizeof(T));
        pages = Math.Max(1, (bytes + page - 1) / page);
        start = ProtectedPages.Allocate(pages);
        new Span<byte>(start, pages * page).Fill(Canary);
        Length = length;
        Pointer = (T*)(guard == Guard.AfterEnd ? start + pages * page - bytes : start);
        new Span<byte>(Pointer, bytes).Fill(0xFF);
    }

    public GuardedMemory(ReadOnlySpan<T> values, Guard guard = Guard.AfterEnd)
        : this(values.Length, guard) => values.CopyTo(Span);

    public int Length { get; }

    /// <summary>The first element. Valid until <see cref="Dispose"/>.</summary>
    public T* Pointer { get; private set; }

    public Span<T> Span => new(Pointer, Length);

    /// <summary>Frees the memory.</summary>
    /// <exception cref="InvalidOperationException">Something was written beside the elements.</exception>
    public void Dispose()
    {
        if (start == null)
        {
            return;
        }

        byte* end = start + pages * Environment.SystemPageSize;
        nint before = BytesFromDamage(start, (byte*)Pointer, last: true);
        nint after = BytesFromDamage((byte*)(Pointer + Length), end, last: false);
        ProtectedPages.Free(start, pages);
        start = null;
        Pointer = null;
        if (before != 0 || after != 0)
        {
            throw new InvalidOperationException(before != 0
                ? $"Written {before} bytes before the first of {Length} elements."
                : $"Written {after} bytes beyond the last of {Length} elements.");
        }
    }

    // The distance, from the elements' edge, of the overwritten canary nearest to it; 0 if all are whole.
    private static nint BytesFromDamage(byte* from, byte* to, bool last)
    {
        var canaries = new ReadOnlySpan<byte>(from, (int)(to - from));
        int index = last ? canaries.LastIndexOfAnyExcept(Canary) : canaries.IndexOfAnyExcept(Canary);
        return index < 0 ? 0 : last ? canaries.Length - index : index + 1;
    }
}
