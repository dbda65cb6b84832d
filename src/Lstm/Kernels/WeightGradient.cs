using System.Numerics;
using Lstm.Simd;

namespace Lstm.Kernels;

/// <summary>dW += Σ_rows aᵀ·dz, in the order of <see cref="RowRuns"/>, as one chain per element that starts from the value already there.</summary>
/// <remarks>
/// dW is stored like W, by panels of gate columns, so tiles run over (feature k, panel) and sum over rows. Rows are taken
/// a block at a time, small enough for dz and a to stay in the second-level cache while all tiles pass over them.
/// The bias's gradient is the same with a = 1.
/// </remarks>
internal unsafe struct WeightGradient<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int RowsPerBlock = 128;

    public required SimdWidth Width;
    public required RowRuns Runs;
    public required PanelLayout Columns;

    /// <summary>a [rows, Features], rows of <see cref="AStride"/>.</summary>
    public required T* A;
    public required nint AStride;
    public required int Features;

    /// <summary>dz by panels of <see cref="GateRows"/> rows.</summary>
    public required T* Gates;
    public required nint GateRows;

    /// <summary>dW by panels of <see cref="Features"/> rows.</summary>
    public required T* Gradient;

    private int _firstUnit;
    private int _endUnit;

    public void Run(int worker, int workers)
    {
        (_firstUnit, _endUnit) = SequenceSplit.Even(Columns.PanelCount * Features, worker, workers);
        if (_firstUnit < _endUnit)
        {
            SimdDispatch.Run<T, WeightGradient<T>>(Width, ref this);
        }
    }

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        ProductTerm<T>* terms = stackalloc ProductTerm<T>[RowsPerBlock];
        int count = 0;
        int rows = 0;
        foreach (RowRuns.Run run in Runs.All)
        {
            for (int done = 0; done < run.Count;)
            {
                int taken = Math.Min(run.Count - done, RowsPerBlock - rows);
                terms[count++] = new ProductTerm<T>
                {
                    A = A + ((nint)(run.A + (done * run.Step)) * AStride),
                    ARowStride = 1,
                    AStep = run.Step * AStride,
                    B = Gates,
                    PanelRows = GateRows,
                    FirstRow = run.Row + (done * run.Step),
                    RowStep = run.Step,
                    Count = taken,
                };
                done += taken;
                rows += taken;
                if (rows == RowsPerBlock)
                {
                    AddBlock<TSimd, TVec>(terms, count);
                    count = rows = 0;
                }
            }
        }

        AddBlock<TSimd, TVec>(terms, count);
    }

    private readonly void AddBlock<TSimd, TVec>(ProductTerm<T>* terms, int count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        if (count == 0)
        {
            return;
        }

        // A worker's share may begin and end inside a panel.
        for (int unit = _firstUnit; unit < _endUnit;)
        {
            (int q, int feature) = Math.DivRem(unit, Features);
            int features = Math.Min(Features - feature, _endUnit - unit);
            nint width = Columns.Width(q);
            T* target = Gradient + ((nint)Columns.Start(q) * Features) + (feature * width);
            Product<TSimd, TVec, T>.Panel(target, width, target, width, terms, count, feature, features, Columns.Start(q), width);
            unit += features;
        }
    }
}
