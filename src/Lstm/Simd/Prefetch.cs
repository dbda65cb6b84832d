using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Lstm.Simd;

/// <summary>
/// Asks for cache lines before they are needed; without an effect on results, and none at all where the runtime has no such
/// instruction.
/// </summary>
// SAFETY: a prefetch is a hint that never faults, so any address is allowed, null and addresses beyond a buffer included.
internal static unsafe class Prefetch
{
    /// <summary>Into the first-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void First(void* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address);
        }
    }

    /// <summary>Into the second-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Second(void* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(address);
        }
    }
}
