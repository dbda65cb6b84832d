using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using Lstm.Simd;

namespace Lstm.Training.Losses.Softmax;

/// <summary>
/// What is known of one row of logits x: m = max x, Σ exp(x − m), and for smoothing Σ v·(m − x); then what makes its gradient.
/// </summary>
/// <remarks>One cache line in either precision: workers' rows share none.</remarks>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct SoftmaxRow<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public double Sum;
    public double Below;
    public T Largest;

    /// <summary>x at the label.</summary>
    public T Logit;

    /// <summary>The gradient is Factor·exp(x − m) + Shift·v, less Own at the label.</summary>
    public T Factor;
    public T Shift;
    public T Own;

    /// <summary>The label of a row that counts: read once, since it is in the caller's memory.</summary>
    public int Label;

    /// <summary>Whether the row counts; the gradient of one that does not is 0.</summary>
    public bool Counts;

    /// <summary>Whether the label is the first of the largest.</summary>
    public bool IsRight;
}

/// <summary>The sums of one row of logits that lies in one piece.</summary>
internal unsafe struct SoftmaxSums<T> : IKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // SAFETY: SoftmaxRows.Row gives one row of Classes logits, of Classes exponentials unless null, and of as many class weights
    // unless null.
    public T* Logits;
    public int Classes;

    /// <summary>exp(x − m), or null when only the sums are wanted.</summary>
    public T* Exponentials;

    /// <summary>v, or null for 1.</summary>
    public T* Weights;
    public bool Smooths;
    public SoftmaxRow<T> Row;

    public void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(Logits != null && Classes > 0);
        const int Tile = SoftmaxTile<TSimd, TVec, T>.Tile;
        T* chains = stackalloc T[SoftmaxTile<TSimd, TVec, T>.Chains];
        Span<T> all = new(chains, SoftmaxTile<TSimd, TVec, T>.Chains);
        all.Fill(T.NegativeInfinity);
        SoftmaxTile<TSimd, TVec, T>.Max(Logits, 0, 1, Classes, 0, chains);
        SoftmaxRow<T> row = new() { Counts = true, Largest = SoftmaxRows<T>.Largest(chains) };
        all.Clear();
        for (int start = 0; start < Classes; start += Tile)
        {
            int count = Math.Min(Tile, Classes - start);
            SoftmaxTile<TSimd, TVec, T>
                .Exponentials(
                Logits + start, 0, 1, count, 0, &row, Exponentials == null ? null : Exponentials + start, 0, chains);
            SoftmaxTile<TSimd, TVec, T>.Drain(chains, 1, &row, ofDistances: false);
            if (Smooths)
            {
                SoftmaxTile<TSimd, TVec, T>
                    .Distances(Logits + start, 0, 1, count, 0, &row, Weights == null ? null : Weights + start, chains);
                SoftmaxTile<TSimd, TVec, T>.Drain(chains, 1, &row, ofDistances: true);
            }
        }

        Row = row;
    }
}

/// <summary>Exponentials become the gradient of one row that lies in one piece, but for the label's own term.</summary>
internal unsafe struct SoftmaxGradient<T> : IKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public T* Gradient;
    public int Classes;

    /// <summary>v, or null for 1.</summary>
    public T* Weights;
    public SoftmaxRow<T> Row;

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        Debug.Assert(Gradient != null && Classes > 0);
        SoftmaxRow<T> row = Row;
        SoftmaxTile<TSimd, TVec, T>.Gradient(Gradient, 0, 1, Classes, &row, Weights);
    }
}
