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
/// to make reading and writing dW once a block cheap. All factors are taken together, so that a panel of dz is fetched
/// once for all. A bias's gradient is the same with a = 1.
/// </remarks>
internal unsafe struct WeightGradient<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public const int MaxFactors = 4;

    private const int BlockBytes = 768 * 1024;
    private const int TermsPerBlock = 128;

    public required SimdWidth Width;
    public required RowRuns Runs;
    public required PanelLayout Columns;

    /// <summary>The factors of this dz, at most <see cref="MaxFactors"/>: input, previous state, and a 1 for each bias.</summary>
    public required WeightFactor<T>* Factors;
    public required int FactorCount;

    /// <summary>dz by panels of <see cref="GateRows"/> rows.</summary>
    public required T* Gates;
    public required nint GateRows;

    private int _firstUnit;
    private int _endUnit;

    public void Run(int worker, int workers)
    {
        (_firstUnit, _endUnit) = SequenceSplit.Even(Columns.PanelCount * Features(), worker, workers);
        if (_firstUnit < _endUnit)
        {
            SimdDispatch.Run<T, WeightGradient<T>>(Width, ref this);
        }
    }

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        ProductTerm<T>* terms = stackalloc ProductTerm<T>[MaxFactors * TermsPerBlock];
        int block = Math.Clamp(BlockBytes / (sizeof(T) * (Features() + (4 * Columns.Line))), 64, 1024);
        int count = 0;
        int rows = 0;
        foreach (RowRuns.Run run in Runs.All)
        {
            for (int done = 0; done < run.Count;)
            {
                int taken = Math.Min(run.Count - done, block - rows);
                for (int f = 0; f < FactorCount; f++)
                {
                    terms[(f * TermsPerBlock) + count] = Term(Factors[f], run, done, taken);
                }

                count++;
                done += taken;
                rows += taken;
                if (rows == block || count == TermsPerBlock)
                {
                    AddBlock<TSimd, TVec>(terms, count);
                    count = rows = 0;
                }
            }
        }

        if (count > 0)
        {
            AddBlock<TSimd, TVec>(terms, count);
        }
    }

    private readonly int Features()
    {
        int features = 0;
        for (int f = 0; f < FactorCount; f++)
        {
            features += Factors[f].Features;
        }

        return features;
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

    private readonly void AddBlock<TSimd, TVec>(ProductTerm<T>* terms, int count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint firstRow = nint.MaxValue;
        nint endRow = 0;
        for (ProductTerm<T>* term = terms; term < terms + count; term++)
        {
            nint last = term->FirstRow + ((term->Count - 1) * term->RowStep);
            firstRow = nint.Min(firstRow, nint.Min(term->FirstRow, last));
            endRow = nint.Max(endRow, nint.Max(term->FirstRow, last) + 1);
        }

        // Units are panels × features of all factors; a worker's share may begin and end anywhere.
        int unit = 0;
        for (int q = 0; q < Columns.PanelCount; q++)
        {
            nint width = Columns.Width(q);
            for (int f = 0; f < FactorCount; f++)
            {
                WeightFactor<T>* factor = Factors + f;
                int first = Math.Max(_firstUnit - unit, 0);
                int features = Math.Min(_endUnit - unit, factor->Features) - first;
                if (features > 0)
                {
                    T* target = factor->Gradient + ((nint)Columns.Start(q) * factor->Features) + (first * width);
                    PanelProduct<T> product = new()
                    {
                        C = target,
                        CStride = width,
                        Start = target,
                        StartStride = width,
                        Terms = terms + (f * TermsPerBlock),
                        TermCount = count,
                        Row = first,
                        Rows = features,
                        PanelStart = Columns.Start(q),
                        Width = width,
                    };
                    if (f == 0)
                    {
                        product.Fetch(Gates + (Columns.Start(q + 1) % Columns.PaddedColumns * GateRows) + (firstRow * width), endRow - firstRow);
                    }

                    Product<TSimd, TVec, T>.Panel<AlongRows>(ref product);
                }

                unit += factor->Features;
            }
        }
    }
}
