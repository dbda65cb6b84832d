using System.Runtime.InteropServices;

namespace Lstm.Tests.Support;

/// <summary>Pages of memory from the operating system, of which the first and the last cannot be touched.</summary>
internal static unsafe partial class ProtectedPages
{
    /// <summary>
    /// Maps <paramref name="pages"/> readable pages between two unreadable ones; returns the first readable byte.
    /// </summary>
    public static byte* Allocate(int pages)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint total = ((nuint)pages + 2) * page;
        byte* start = OperatingSystem.IsWindows() ? (byte*)VirtualAlloc(null, total, 0x3000, 0x04) : Map(total);
        if (start == null || start == (byte*)-1)
        {
            throw new OutOfMemoryException($"Could not map {total} bytes.");
        }

        Forbid(start, page);
        Forbid(start + total - page, page);
        return start + page;
    }

    /// <summary>Gives back what <see cref="Allocate"/> returned.</summary>
    public static void Free(byte* readable, int pages)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        if (OperatingSystem.IsWindows())
        {
            VirtualFree(readable - page, 0, 0x8000);
        }
        else
        {
            munmap(readable - page, ((nuint)pages + 2) * page);
        }
    }

    private static byte* Map(nuint bytes)
    {
        const int ReadWrite = 3, Private = 2;
        int anonymous = OperatingSystem.IsLinux() ? 0x20 : 0x1000;
        return (byte*)mmap(null, bytes, ReadWrite, Private | anonymous, -1, 0);
    }

    private static void Forbid(byte* start, nuint bytes)
    {
        bool done = OperatingSystem.IsWindows() ? VirtualProtect(start, bytes, 0x01, out _) != 0 : mprotect(start, bytes, 0) == 0;
        if (!done)
        {
            throw new InvalidOperationException("Could not protect a guard page.");
        }
    }

#pragma warning disable IDE1006 // the C library's own names
    [LibraryImport("libc")]
    private static partial void* mmap(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc")]
    private static partial int mprotect(void* address, nuint length, int protection);

    [LibraryImport("libc")]
    private static partial int munmap(void* address, nuint length);
#pragma warning restore IDE1006

    [LibraryImport("kernel32")]
    private static partial void* VirtualAlloc(void* address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32")]
    private static partial int VirtualProtect(void* address, nuint size, uint protection, out uint old);

    [LibraryImport("kernel32")]
    private static partial int VirtualFree(void* address, nuint size, uint type);
}
