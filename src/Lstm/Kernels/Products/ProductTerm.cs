using System.Diagnostics;

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
    // SAFETY: who makes a term promises that A has rows of Count values, and B whole panels of PanelRows rows: parameters and
    // transposed weights are packed by the same PanelLayout that the product's panels come from. AssertValid checks the row
    // numbers.

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
        Debug.Assert(terms != null || count == 0, "There are no terms.");
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
        Debug.Assert(terms != null || count == 0, "There are no terms.");
        int taken = 0;
        k = 0;
        while (taken < count && (taken == 0 || k + terms[taken].Count <= most))
        {
            k += terms[taken++].Count;
        }

        return taken;
    }

    /// <summary>Checks in Debug builds that the term stays within the rows of b and, of strips, of a.</summary>
    [Conditional("DEBUG")]
    public readonly void AssertValid()
    {
        Debug.Assert(Count >= 0 && FirstK >= 0 && PanelRows >= 0, "The length of a sum is negative.");
        Debug.Assert(Count == 0 || (A != null && B != null), "A factor is missing.");
        Debug.Assert(Count == 0 || RowStep is 1 or -1, "b's rows are neither in order nor in reverse order.");
        nint last = FirstRow + ((Count - 1) * RowStep);
        Debug.Assert(
            Count == 0
            || (nint.Min(FirstRow, last) >= 0 && nint.Max(FirstRow, last) < PanelRows), "The sum leaves the panel's rows.");
    }
}
