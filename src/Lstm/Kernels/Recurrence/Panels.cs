namespace Lstm.Kernels.Recurrence;

/// <summary>Values that lie by panels: [panels, Rows, Width], a panel's rows one after the other.</summary>
internal readonly unsafe struct Panels<T>(T* pointer, nint rows, nint width)
    where T : unmanaged
{
    public T* Pointer => pointer;

    public nint Rows => rows;

    /// <summary>Values of a panel's row.</summary>
    public nint Width => width;

    /// <summary>The first value of a row in a panel.</summary>
    public T* At(nint panel, nint row) => pointer + (((panel * rows) + row) * width);
}

/// <summary>Values by slot: slot b &lt; B is the initial state of rank b, slot B + row the state after that row.</summary>
internal readonly unsafe struct Slots<T>(T* pointer, nint stride)
    where T : unmanaged
{
    public T* Pointer => pointer;

    /// <summary>From one slot to the next.</summary>
    public nint Stride => stride;

    public T* At(nint slot) => pointer + (slot * stride);
}
