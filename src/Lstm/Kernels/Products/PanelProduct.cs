using System.Diagnostics;

namespace Lstm.Kernels.Products;

/// <summary>
/// c[r, 0 … Width) = start[r, 0 … Width) + Σ_terms Σ_k a[Row + r, k]·b[k, PanelStart …], r &lt; Rows: a product with one panel.
/// </summary>
/// <remarks>
/// Of <see cref="InStrips"/>, c[r, …] += (Σ_terms Σ_k …): the sum is finished first, and the start, which has to be c, only
/// fetched ahead.
/// </remarks>
internal unsafe struct PanelProduct<T>
    where T : unmanaged
{
    // SAFETY: who fills in a product promises that c, and the start unless null, have Rows rows of Width values (of PanelEdge and
    // NarrowProduct: of the columns they are told), that each term's a has the rows from Row on with Count values, and that its b
    // has PanelRows rows of this panel. AssertValid checks what the product itself can tell.

    /// <summary>c, rows of <see cref="CStride"/>.</summary>
    public T* C;
    public nint CStride;

    /// <summary>
    /// Where the chains start: rows of <see cref="StartStride"/> (0: the same for all), perhaps c itself; null means zero.
    /// </summary>
    public T* Start;
    public nint StartStride;

    public ProductTerm<T>* Terms;
    public nint TermCount;

    /// <summary>First row of the terms' a.</summary>
    public nint Row;
    public nint Rows;

    /// <summary>First column of the panel.</summary>
    public nint PanelStart;

    /// <summary>Columns of the panel, whole lines.</summary>
    public nint Width;

    /// <summary>
    /// What the product after this one will read: fetched into the caches a line per k while this one computes, so that
    /// weights beyond the second-level cache arrive at the pace of the arithmetic instead of all at once. May be null.
    /// </summary>
    public byte* Next;

    /// <summary>Lines still to fetch from <see cref="Next"/>.</summary>
    public nint NextLines;

    /// <summary>What to fetch after that.</summary>
    public byte* Later;
    public nint LaterLines;

    /// <summary>
    /// Fetches rows of b, <paramref name="rows"/> of them and as wide as this panel, from <paramref name="first"/>.
    /// </summary>
    public void Fetch(T* first, nint rows)
    {
        Next = (byte*)first;
        NextLines = rows * Width * sizeof(T) / 64;
    }

    /// <summary>
    /// Fetches what follows a sum of <paramref name="rows"/> k with panel <paramref name="panel"/>, the same k of the next panel;
    /// after the last one comes the first.
    /// </summary>
    public void FetchNext(in ProductTerm<T> firstTerm, PanelLayout columns, int panel, nint rows)
    {
        int next = (panel + 1) % columns.PanelCount;
        Fetch(firstTerm.B + (columns.Start(next) * firstTerm.PanelRows) + (firstTerm.FirstRow * columns.Width(next)), rows);
    }

    /// <summary>Checks in Debug builds the sizes that the kernels rely on.</summary>
    /// <param name="columns">The columns of c and the start that exist.</param>
    [Conditional("DEBUG")]
    public readonly void AssertValid(nint columns)
    {
        Debug.Assert(Rows >= 0 && Row >= 0 && PanelStart >= 0, "A row or column is negative.");
        Debug.Assert(Width > 0 && Width * sizeof(T) % 64 == 0 && columns > 0, "The panel is no whole number of lines.");
        Debug.Assert(C != null || Rows == 0, "There is no c.");
        Debug.Assert(TermCount == 0 || Terms != null, "There are no terms.");
        for (nint t = 0; t < TermCount; t++)
        {
            Terms[t].AssertValid();
        }
    }
}
