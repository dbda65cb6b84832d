namespace Lstm.Kernels.Products;

/// <summary>One summand of a matrix product: Σₖ a[row, k]·b[k, column], k = 0 … Count − 1 in that order.</summary>
/// <remarks>
/// a has rows of activations or gate gradients when a product runs over features. When it runs over time steps (weight
/// gradients), a is packed in strips of a tile's rows: the strip that begins with row r lies at <c>A + r·ARowStride</c>. b is
/// packed by panels (<see cref="PanelLayout"/>): row k of the panel that starts at column s and is w wide lies at <c>B +
/// s·PanelRows + (FirstRow + k·RowStep)·w</c>. A product of several terms is one chain: the second term continues where the first
/// one ended.
/// </remarks>
internal unsafe struct ProductTerm<T>
    where T : unmanaged
{
    /// <summary>Element a[0, 0].</summary>
    public T* A;

    /// <summary>Distance from a[row, k] to a[row + 1, k]; of strips, the k values of one row in all terms.</summary>
    public nint ARowStride;

    /// <summary>Of strips: which k of the strip is this term's first.</summary>
    public nint FirstK;

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

    /// <summary>Length of the sum over some terms.</summary>
    public static nint CountOf(ProductTerm<T>* terms, int count)
    {
        nint k = 0;
        for (int t = 0; t < count; t++)
        {
            k += terms[t].Count;
        }

        return k;
    }

    /// <summary>
    /// How many of the terms, at least one if there are any, make a sum of <paramref name="most"/> k at most;
    /// <paramref name="k"/> is its length.
    /// </summary>
    public static int CountWithin(nint most, ProductTerm<T>* terms, int count, out nint k)
    {
        int taken = 0;
        k = 0;
        while (taken < count && (taken == 0 || k + terms[taken].Count <= most))
        {
            k += terms[taken++].Count;
        }

        return taken;
    }
}
