using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Kernels.Normalization;

/// <summary>
/// dγ += Σ dy⊙v̂ and dβ += Σ dy of a <see cref="RowNorm{T}"/>, the rows in the order of the weights' gradients; v may become dv.
/// </summary>
/// <remarks>
/// One chain per element and block of rows, from 0, added to the value already there; workers divide the panels.
/// </remarks>
internal unsafe struct NormGradient<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required SimdWidth Width;
    public required RowRuns Runs;

    /// <summary>The normalised values, measured forward and backward.</summary>
    public required RowNorm<T> Norm;

    /// <summary>dy [panels, OutputRows, lines].</summary>
    public required T* OutputGradient;
    public required nint OutputRows;

    /// <summary>dγ by panels.</summary>
    public required T* Gradient;

    /// <summary>dβ by panels; null for none.</summary>
    public T* BiasGradient;

    /// <summary>Whether dv replaces v.</summary>
    public bool Replaces;

    private WorkShare _share;

    public readonly long Work => Runs.RowCount * (long)Norm.Panels * Norm.Width * JobWork.Element;

    public readonly int SharesFor(int workers) => Math.Min(workers, (int)Norm.Panels);

    public void Run(WorkShare share)
    {
        _share = share;
        SimdDispatch.Run<T, NormGradient<T>>(Width, ref this);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        // SAFETY: LayerNormRecurrence.AddGradients passes gradients of the flat gradient at the parameters' offsets, as long as
        // γ, and dy of OutputRows rows in each panel; the runs are those of the same shape. A share is a range of panels.
        Debug.Assert(OutputGradient != null && Gradient != null, "There is no gradient.");
        Debug.Assert(Runs.RowCount <= OutputRows && Runs.RowCount <= Norm.ValueRows, "There are more rows than values.");
        (int first, int end) = _share.Of((int)Norm.Panels);
        for (nint panel = first; panel < end; panel++)
        {
            T* dy = new Panels<T>(OutputGradient, OutputRows, Norm.Width).At(panel, 0);
            for (nint u = 0; u < Norm.Width; u += TSimd.Width)
            {
                AddColumns<TSimd, TVec>(dy + u, Norm.Row(panel, 0) + u, (panel * Norm.Width) + u);
            }

            if (Replaces)
            {
                Norm.Backward<TSimd, TVec>(panel, dy, 0, Norm.Row(panel, 0), false, Runs.RowCount);
            }
        }
    }

    // AggressiveOptimization: it runs a few times a pass, so it would stay in unoptimised code for long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void AddColumns<TSimd, TVec>(T* dy, T* v, nint column)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint stride = Norm.Width;
        TVec allGamma = TSimd.Load(Gradient + column);
        TVec allBeta = BiasGradient == null ? TSimd.Zero : TSimd.Load(BiasGradient + column);
        for (int block = 0; block < Runs.BlockCount; block++)
        {
            TVec gamma = TSimd.Zero;
            TVec beta = TSimd.Zero;
            foreach (RowRuns.Run run in Runs.Block(block))
            {
                nint row = run.Row;
                for (nint k = run.Count; k > 0; k--)
                {
                    TVec d = TSimd.Load(dy + (row * stride));
                    TVec normal = RowNorm<T>.Normal<TSimd, TVec>(
                        TSimd.Load(v + (row * stride)), TSimd.Broadcast(Norm.Mean[row]), TSimd.Broadcast(Norm.Scale[row]));
                    gamma = TSimd.MultiplyAdd(d, normal, gamma);
                    beta = TSimd.Add(beta, d);
                    row += run.Step;
                }
            }

            allGamma = TSimd.Add(allGamma, gamma);
            allBeta = TSimd.Add(allBeta, beta);
        }

        TSimd.Store(Gradient + column, allGamma);
        if (BiasGradient != null)
        {
            TSimd.Store(BiasGradient + column, allBeta);
        }
    }
}
