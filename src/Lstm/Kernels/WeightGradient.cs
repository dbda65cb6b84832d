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

    /// <summary>The features [First, First + Count) that a group takes of it.</summary>
    public int First;
    public int Count;

    /// <summary>Whether row r of dz meets the slot of the state before it instead of row r.</summary>
    public bool BySlot;

    /// <summary>dW by panels of <see cref="Features"/> rows.</summary>
    public T* Gradient;
}

/// <summary>dW += Σ_rows aᵀ·dz, in the order of <see cref="RowRuns"/>, as one chain per element that starts from the value already there.</summary>
/// <remarks>
/// dW is stored like W, by panels of gate columns, so tiles run over (feature k, panel) and sum over rows. Features are
/// taken in groups and rows in blocks: a's block, rows × features, stays in the second-level cache while the panels of dz
/// pass over it, and is tall enough to make reading and writing dW once a block cheap. A bias's gradient is the same with
/// a = 1, and goes with the last group.
/// </remarks>
internal unsafe struct WeightGradient<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public const int MaxFactors = 4;

    private const int FeaturesPerGroup = 288;
    private const int GroupBlockBytes = 768 * 1024;
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

    private int _worker;
    private int _workers;

    public void Run(int worker, int workers)
    {
        (_worker, _workers) = (worker, workers);
        SimdDispatch.Run<T, WeightGradient<T>>(Width, ref this);
    }

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        WeightFactor<T>* group = stackalloc WeightFactor<T>[MaxFactors];
        int count = 0;
        int features = 0;
        for (int f = 0; f < FactorCount; f++)
        {
            WeightFactor<T> factor = Factors[f];
            int groups = (factor.Features + FeaturesPerGroup - 1) / FeaturesPerGroup;
            for (int g = 0; g < groups; g++)
            {
                (int first, int end) = SequenceSplit.Even(factor.Features, g, groups);
                if (features + end - first > FeaturesPerGroup + MaxFactors)
                {
                    AddGroup<TSimd, TVec>(group, count, features);
                    count = features = 0;
                }

                group[count++] = factor with { First = first, Count = end - first };
                features += end - first;
            }
        }

        AddGroup<TSimd, TVec>(group, count, features);
    }

    private readonly void AddGroup<TSimd, TVec>(WeightFactor<T>* group, int count, int features)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        // Units of work are panels × features; a worker's share may begin and end anywhere.
        (int firstUnit, int endUnit) = SequenceSplit.Even(Columns.PanelCount * features, _worker, _workers);
        if (firstUnit == endUnit)
        {
            return;
        }

        ProductTerm<T>* terms = stackalloc ProductTerm<T>[MaxFactors * TermsPerBlock];
        int block = Math.Clamp(GroupBlockBytes / (sizeof(T) * features), 64, 1024);
        int termCount = 0;
        int rows = 0;
        foreach (RowRuns.Run run in Runs.All)
        {
            for (int done = 0; done < run.Count;)
            {
                int taken = Math.Min(run.Count - done, block - rows);
                for (int f = 0; f < count; f++)
                {
                    terms[(f * TermsPerBlock) + termCount] = Term(group[f], run, done, taken);
                }

                termCount++;
                done += taken;
                rows += taken;
                if (rows == block || termCount == TermsPerBlock)
                {
                    AddBlock<TSimd, TVec>(group, count, terms, termCount, firstUnit, endUnit);
                    termCount = rows = 0;
                }
            }
        }

        if (termCount > 0)
        {
            AddBlock<TSimd, TVec>(group, count, terms, termCount, firstUnit, endUnit);
        }
    }

    // Rows done … done + taken of a run.
    private readonly ProductTerm<T> Term(in WeightFactor<T> factor, RowRuns.Run run, int done, int taken)
    {
        nint place = (factor.BySlot ? run.Slot : run.Row) + (done * run.Step);
        return new ProductTerm<T>
        {
            A = factor.A + (place * factor.Stride) + factor.First,
            ARowStride = 1,
            AStep = run.Step * factor.Stride,
            B = Gates,
            PanelRows = GateRows,
            FirstRow = run.Row + (done * run.Step),
            RowStep = run.Step,
            Count = taken,
        };
    }

    private readonly void AddBlock<TSimd, TVec>(WeightFactor<T>* group, int count, ProductTerm<T>* terms, int termCount, int firstUnit, int endUnit)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        (nint firstRow, nint endRow) = RowsOf(terms, termCount);
        int unit = 0;
        for (int q = 0; q < Columns.PanelCount; q++)
        {
            nint width = Columns.Width(q);
            int next = (q + 1) % Columns.PanelCount;
            T* fetched = Gates + (Columns.Start(next) * GateRows) + (firstRow * Columns.Width(next));
            for (int f = 0; f < count; f++)
            {
                WeightFactor<T>* factor = group + f;
                int first = Math.Max(firstUnit - unit, 0);
                int features = Math.Min(endUnit - unit, factor->Count) - first;
                if (features > 0)
                {
                    T* target = factor->Gradient + ((nint)Columns.Start(q) * factor->Features) + ((factor->First + first) * width);
                    PanelProduct<T> product = new()
                    {
                        C = target,
                        CStride = width,
                        Start = target,
                        StartStride = width,
                        Terms = terms + (f * TermsPerBlock),
                        TermCount = termCount,
                        Row = first,
                        Rows = features,
                        PanelStart = Columns.Start(q),
                        Width = width,
                    };
                    if (f == 0)
                    {
                        product.Fetch(fetched, endRow - firstRow);
                    }

                    Product<TSimd, TVec, T>.Panel<AlongRows>(ref product);
                }

                unit += factor->Count;
            }
        }
    }

    // The range of dz's rows that the terms go over, in whatever direction.
    private static (nint First, nint End) RowsOf(ProductTerm<T>* terms, int count)
    {
        nint first = nint.MaxValue;
        nint end = 0;
        for (ProductTerm<T>* term = terms; term < terms + count; term++)
        {
            nint last = term->FirstRow + ((term->Count - 1) * term->RowStep);
            first = nint.Min(first, nint.Min(term->FirstRow, last));
            end = nint.Max(end, nint.Max(term->FirstRow, last) + 1);
        }

        return (first, end);
    }
}
