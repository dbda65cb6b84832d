using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Lstm.Kernels.Recurrence;

/// <summary>Values that lie by panels: [panels, Rows, Width], a panel's rows one after the other.</summary>
// SAFETY: a view only computes addresses; whoever makes one promises that the buffer has so many rows in each panel it is asked
// for.
internal readonly unsafe struct Panels<T>(T* pointer, nint rows, nint width)
    where T : unmanaged
{
    public T* Pointer => pointer;

    public nint Rows => rows;

    /// <summary>Values of a panel's row.</summary>
    public nint Width => width;

    /// <summary>The first value of a row in a panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T* At(nint panel, nint row)
    {
        Debug.Assert(panel >= 0 && row >= 0 && row <= rows, "The panels have no such row.");
        return pointer + (((panel * rows) + row) * width);
    }
}

/// <summary>Values by slot: slot b &lt; B is the initial state of rank b, slot B + row the state after that row.</summary>
// SAFETY: as for Panels: whoever makes the view promises that the buffer has the slots it is asked for.
internal readonly unsafe struct Slots<T>(T* pointer, nint stride)
    where T : unmanaged
{
    public T* Pointer => pointer;

    /// <summary>From one slot to the next.</summary>
    public nint Stride => stride;

    public T* At(nint slot)
    {
        Debug.Assert(slot >= 0, "There is no such slot.");
        return pointer + (slot * stride);
    }
}
