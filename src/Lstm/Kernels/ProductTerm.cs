namespace Lstm.Kernels;

/// <summary>One summand of a matrix product: Σₖ a[row, k]·b[k, column], k = 0 … Count − 1 in that order.</summary>
/// <remarks>
/// a is read by broadcasts, so its strides are free: rows of activations when a product runs over features, columns of
/// them when it runs over rows (weight gradients). b is packed by panels (<see cref="PanelLayout"/>): row k of the panel
/// that starts at column s and is w wide lies at <c>B + s·PanelRows + (FirstRow + k·RowStep)·w</c>.
/// A product of several terms is one chain: the second term continues where the first one ended.
/// </remarks>
internal unsafe struct ProductTerm<T>
    where T : unmanaged
{
    /// <summary>Element a[0, 0].</summary>
    public T* A;

    /// <summary>Distance from a[row, k] to a[row + 1, k].</summary>
    public nint ARowStride;

    /// <summary>Distance from a[row, k] to a[row, k + 1].</summary>
    public nint AStep;

    /// <summary>The first panel's first row.</summary>
    public T* B;

    /// <summary>Rows stored in each panel.</summary>
    public nint PanelRows;

    /// <summary>Row of b that k = 0 stands for.</summary>
    public nint FirstRow;

    /// <summary>Rows of b from one k to the next: 1, or −1 to walk backwards.</summary>
    public nint RowStep;

    /// <summary>Length of the sum.</summary>
    public nint Count;
}
