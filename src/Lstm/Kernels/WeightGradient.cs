using System.Numerics;
using Lstm.Simd;

namespace Lstm.Kernels;

/// <summary>One left factor of a weight gradient: a [rows, features], and the dW it goes into.</summary>
internal unsafe struct WeightFactor<T>
    where T : unmanaged
{
    /// <summary>Rows of <see cref="Stride"/>.</summary>
    public T* A;
    public nint Stride;
    public int Features;

    /// <summary>Whether row r of dz meets the slot of the state before it instead of row r.</summary>
    public bool BySlot;

    /// <summary>dW by panels of <see cref="Features"/> rows.</summary>
    public T* Gradient;
}

/// <summary>dW += Σ_rows aᵀ·dz, in the order of <see cref="RowRuns"/>, as one chain per element that starts from the value already there.</summary>
/// <remarks>
/// dW is stored like W, by panels of gate columns, so tiles run over (feature k, panel) and sum over rows. Rows are taken
/// a block at a time: few enough for a's block to stay in the second-level cache while all panels pass over it, many enough
/// to make reading and writing dW once a block cheap. Input and state are taken together, so that a panel of dz is fetched
/// once for both. The bias's gradient is the same with a = 1.
/// </remarks>
internal unsafe struct WeightGradient<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int BlockBytes = 768 * 1024;
    private const int TermsPerBlock = 256;

    public required SimdWidth Width;
    public required RowRuns Runs;
    public required PanelLayout Columns;
    public required WeightFactor<T> First;

    /// <summary>Another factor of the same dz; one of 0 features for none.</summary>
    public required WeightFactor<T> Second;

    /// <summary>dz by panels of <see cref="GateRows"/> rows.</summary>
    public required T* Gates;
    public required nint GateRows;

    private int _firstUnit;
    private int _endUnit;

    private readonly int Features => First.Features + Second.Features;

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
        ProductTerm<T>* first = stackalloc ProductTerm<T>[TermsPerBlock];
        ProductTerm<T>* second = stackalloc ProductTerm<T>[TermsPerBlock];
        int block = Math.Clamp(BlockBytes / (sizeof(T) * (Features + (4 * Columns.Line))), 64, 1024);
        int count = 0;
        int rows = 0;
        foreach (RowRuns.Run run in Runs.All)
        {
            for (int done = 0; done < run.Count;)
            {
                int taken = Math.Min(run.Count - done, block - rows);
                first[count] = Term(First, run, done, taken);
                second[count] = Term(Second, run, done, taken);
                count++;
                done += taken;
                rows += taken;
                if (rows == block || count == TermsPerBlock)
                {
                    AddBlock<TSimd, TVec>(first, second, count);
                    count = rows = 0;
                }
            }
        }

        if (count > 0)
        {
            AddBlock<TSimd, TVec>(first, second, count);
        }
    }

    // Rows done … done + taken of a run.
    private readonly ProductTerm<T> Term(in WeightFactor<T> factor, RowRuns.Run run, int done, int taken)
    {
        nint place = (factor.BySlot ? run.Slot : run.Row) + (done * run.Step);
        return new ProductTerm<T>
        {
            A = factor.A + (place * factor.Stride),
            ARowStride = 1,
            AStep = run.Step * factor.Stride,
            B = Gates,
            PanelRows = GateRows,
            FirstRow = run.Row + (done * run.Step),
            RowStep = run.Step,
            Count = taken,
        };
    }

    private readonly void AddBlock<TSimd, TVec>(ProductTerm<T>* first, ProductTerm<T>* second, int count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        // A worker's share may begin and end inside a panel.
        for (int unit = _firstUnit; unit < _endUnit;)
        {
            (int q, int feature) = Math.DivRem(unit, Features);
            bool isFirst = feature < First.Features;
            WeightFactor<T> factor = isFirst ? First : Second;
            feature -= isFirst ? 0 : First.Features;
            int features = Math.Min(factor.Features - feature, _endUnit - unit);
            nint width = Columns.Width(q);
            T* target = factor.Gradient + ((nint)Columns.Start(q) * factor.Features) + (feature * width);
            Product<TSimd, TVec, T>.Panel<AlongRows>(target, width, target, width, isFirst ? first : second, count, feature, features, Columns.Start(q), width);
            unit += features;
        }
    }
}
