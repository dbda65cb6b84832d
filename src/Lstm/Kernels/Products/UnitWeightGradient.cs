using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Kernels.Products;

/// <summary>
/// dw += Σ of what a custom cell's steps add to the gradients of its units' own weights: the rows in the order of the weights'
/// gradients.
/// </summary>
/// <remarks>
/// One sum per unit, weight and block of rows, from 0, added to the value already there; workers divide the panels.
/// </remarks>
internal unsafe struct UnitWeightGradient<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required SimdWidth Width;
    public required RowRuns Runs;
    public required int Panels;

    /// <summary>How many weights each unit has.</summary>
    public required int Weights;

    /// <summary>The steps' parts, the last <see cref="Weights"/> lines of each of [panels, KeptRows, KeptLines·line].</summary>
    public required T* KeptValues;
    public required nint KeptRows;
    public required nint KeptLines;

    /// <summary>dw [Weights, panels, line].</summary>
    public required T* Gradient;

    private WorkShare _share;

    public readonly long Work => Runs.RowCount * (long)Panels * (64 / sizeof(T)) * Weights * JobWork.Element;

    public readonly int SharesFor(int workers) => Math.Min(workers, Panels);

    public void Run(WorkShare share)
    {
        _share = share;
        SimdDispatch.Run<T, UnitWeightGradient<T>>(Width, ref this);
    }

    // AggressiveOptimization: it runs once a pass, so it would stay in unoptimised code for long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        // SAFETY: DirectionGradients.AddCellWeights passes the lines that DirectionTape.Prepare reserves, [panels, R,
        // KeptLines·line], and the runs of the same shape, whose rows are below R. LstmWeights puts the gradients of a cell's
        // weights one after the other.
        Debug.Assert(Weights >= 0 && Weights <= KeptLines, "A row keeps fewer lines than there are weights.");
        Debug.Assert(Gradient != null && (KeptValues != null || Runs.RowCount == 0), "An operand is missing.");
        Debug.Assert(Runs.RowCount <= KeptRows, "There are more rows than were kept.");
        nint line = 64 / sizeof(T);
        nint width = KeptLines * line;
        (int first, int end) = _share.Of(Panels);
        for (nint panel = first; panel < end; panel++)
        {
            for (nint weight = 0; weight < Weights; weight++)
            {
                T* gradient = Gradient + (((weight * Panels) + panel) * line);
                T* parts = KeptValues + (panel * KeptRows * width) + ((KeptLines - Weights + weight) * line);
                for (nint u = 0; u < line; u += TSimd.Width)
                {
                    TVec total = TSimd.Load(gradient + u);
                    for (int block = 0; block < Runs.BlockCount; block++)
                    {
                        TVec sum = TSimd.Zero;
                        foreach (RowRuns.Run run in Runs.Block(block))
                        {
                            T* part = parts + (run.Row * width) + u;
                            nint step = run.Step * width;
                            for (nint k = run.Count; k > 0; k--)
                            {
                                sum = TSimd.Add(sum, TSimd.Load(part));
                                part += step;
                            }
                        }

                        total = TSimd.Add(total, sum);
                    }

                    TSimd.Store(gradient + u, total);
                }
            }
        }
    }
}
