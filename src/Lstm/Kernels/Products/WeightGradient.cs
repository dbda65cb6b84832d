using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Kernels.Products;

/// <summary>One left factor of a weight gradient: a [rows, features], and the dW it goes into.</summary>
// SAFETY: DenseLayer and DirectionGradients, which make factors, take A from the input, the tape or a constant that outlives the
// job, with a row for each row of dz (or slot of the plan), and Gradient from the flat gradient at the parameter's offset.
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

    /// <summary>Whether row r of dz is multiplied by the slot of the state before it instead of row r.</summary>
    public bool BySlot;

    /// <summary>dW by panels of <see cref="Features"/> rows.</summary>
    public T* Gradient;
}

/// <summary>
/// dW += Σ_rows aᵀ·dz, in the order of <see cref="RowRuns"/>: each element's rows of a block are one chain from 0, which is then
/// added to the value already there.
/// </summary>
/// <remarks>
/// Blocks are what makes long sums exact: the rounding errors of a chain grow with its length, and here most additions are to
/// sums of few rows. dW is stored like W, by panels of gate columns, so tiles run over (feature k, panel) and sum over rows.
/// Features are taken in groups: a's block, rows × features, stays in the second-level cache while the panels of dz pass over it,
/// and is tall enough to make reading and writing dW once a block cheap. It is copied there in strips as wide as a tile is high:
/// read from where it stands, each row's few values would take a cache line, and at strides of a power of two all the same few
/// places of the cache. A bias's gradient is the same with a = 1, and goes with the last group.
/// </remarks>
internal unsafe struct WeightGradient<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public const int MaxFactors = 5;

    /// <summary>Values that a worker's copy of a's block has at most.</summary>
    public const int MaxStripsLength = RowBlocks.MaxRows * (FeaturesPerGroup + MaxFactors);

    private const int FeaturesPerGroup = 288;
    private const int RowsPerCopy = 16;
    private const int TilesPerShare = 8;

    public required SimdWidth Width;
    public required RowRuns Runs;
    public required PanelLayout Columns;

    /// <summary>
    /// The factors of this dz, at most <see cref="MaxFactors"/>: input, previous state, previous gates, and a 1 for each bias.
    /// </summary>
    public required WeightFactor<T>* Factors;
    public required int FactorCount;

    /// <summary>dz by panels of <see cref="GateRows"/> rows.</summary>
    public required T* Gates;
    public required nint GateRows;

    /// <summary>
    /// Room for each worker's copy of a's block: <see cref="StripsLength"/> values, the rows of the largest block times as many
    /// as there are features; <see cref="MaxStripsLength"/> is always enough.
    /// </summary>
    public required T* Strips;
    public required nint StripsLength;

    private WorkShare _share;

    public readonly long Work
    {
        get
        {
            long features = 0;
            for (int f = 0; f < FactorCount; f++)
            {
                features += Factors[f].Features;
            }

            return Runs.RowCount * features * Columns.PaddedColumns;
        }
    }

    public readonly int SharesFor(int workers) => workers;

    public void Run(WorkShare share)
    {
        _share = share;
        SimdDispatch.Run<T, WeightGradient<T>>(Width, ref this);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        // SAFETY: Pass.AddWeightGradients passes dz of GateRows rows, the runs of the same rows, and strips of PassResources,
        // reserved for each worker at MaxStripsLength; AddGroup checks that a block of the group fits. Group has room for
        // MaxFactors.
        Debug.Assert(FactorCount >= 0 && FactorCount <= MaxFactors, "There are too many factors.");
        Debug.Assert(Gates != null || Runs.RowCount == 0, "There is no dz.");
        Debug.Assert(Strips != null && StripsLength > 0, "There is no room for the strips.");
        Debug.Assert(Runs.RowCount <= GateRows, "The runs have more rows than dz.");
        for (int f = 0; f < FactorCount; f++)
        {
            Debug.Assert(Factors[f].Features >= 0 && Factors[f].Gradient != null, "A factor has no gradient.");
            Debug.Assert(Factors[f].A != null || Factors[f].Features == 0 || Runs.RowCount == 0, "A factor has no rows.");
        }

        WeightFactor<T>* group = stackalloc WeightFactor<T>[MaxFactors];
        int count = 0;
        int features = 0;
        for (int f = 0; f < FactorCount; f++)
        {
            WeightFactor<T> factor = Factors[f];
            int groups = (factor.Features + FeaturesPerGroup - 1) / FeaturesPerGroup;
            for (int g = 0; g < groups; g++)
            {
                (int first, int end) = new WorkShare(g, groups, 0).Of(factor.Features);
                if (count == MaxFactors || features + end - first > FeaturesPerGroup + MaxFactors)
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void AddGroup<TSimd, TVec>(WeightFactor<T>* group, int count, int features)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        // SAFETY: a block of several steps has StepRows rows at most, so no more runs; one of a single step has two at most.
        ProductTerm<T>* terms = stackalloc ProductTerm<T>[RowBlocks.StepRows];
        for (int block = 0; block < Runs.BlockCount; block++)
        {
            ReadOnlySpan<RowRuns.Run> runs = Runs.Block(block);
            Debug.Assert(runs.Length <= RowBlocks.StepRows, "A block has more runs than there is room for.");
            int rows = 0;
            for (int r = 0; r < runs.Length; r++)
            {
                terms[r] = new ProductTerm<T>
                {
                    FirstK = rows,
                    B = Gates,
                    PanelRows = GateRows,
                    FirstRow = runs[r].Row,
                    RowStep = runs[r].Step,
                    Count = runs[r].Count,
                };
                rows += runs[r].Count;
            }

            Debug.Assert((long)rows * features <= StripsLength, "A block does not fit into the room for its copy.");
            AddBlock<TSimd, TVec>(group, count, runs, terms, rows);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void AddBlock<TSimd, TVec>(
        WeightFactor<T>* group, int count, ReadOnlySpan<RowRuns.Run> runs, ProductTerm<T>* terms, int rows)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        int tiles = 0;
        for (int f = 0; f < count; f++)
        {
            tiles += Product<TSimd, TVec, T>.Cut(group[f].Count).Count;
        }

        // With tiles enough, each share takes some of them past all panels, and need not copy the others. Otherwise the
        // units of work are panels × tiles, and a share may begin and end anywhere.
        bool byTiles = tiles >= TilesPerShare * _share.Count;
        (int firstUnit, int endUnit) = _share.Of(byTiles ? tiles : Columns.PanelCount * tiles);
        if (firstUnit == endUnit)
        {
            return;
        }

        T* strips = Strips + (_share.Worker * StripsLength);
        int copied = 0;
        for (int f = 0; f < count; f++)
        {
            int factorTiles = Product<TSimd, TVec, T>.Cut(group[f].Count).Count;
            Copy<TSimd, TVec>(
                group[f], runs, rows, strips, byTiles ? firstUnit - copied : 0, byTiles ? endUnit - copied : factorTiles);
            strips += (nint)group[f].Count * rows;
            copied += factorTiles;
        }

        (nint firstRow, nint endRow) = RowsOf(terms, runs.Length);
        int unit = 0;
        for (int q = 0; q < Columns.PanelCount; q++)
        {
            nint width = Columns.Width(q);
            int next = (q + 1) % Columns.PanelCount;
            PanelProduct<T> product = new()
            {
                CStride = width,
                StartStride = width,
                Terms = terms,
                TermCount = runs.Length,
                PanelStart = Columns.Start(q),
                Width = width,
            };
            product.Fetch(Gates + (Columns.Start(next) * GateRows) + (firstRow * Columns.Width(next)), endRow - firstRow);
            strips = Strips + (_share.Worker * StripsLength);
            unit = byTiles ? 0 : unit;
            for (int f = 0; f < count; f++)
            {
                WeightFactor<T>* factor = group + f;
                TileCut cut = Product<TSimd, TVec, T>.Cut(factor->Count);
                int first = Math.Max(firstUnit - unit, 0);
                int end = Math.Min(endUnit - unit, cut.Count);
                for (int t = 0; first < end && t < runs.Length; t++)
                {
                    terms[t].A = strips;
                    terms[t].ARowStride = rows;
                }

                for (int tile = first; tile < end; tile++)
                {
                    int row = cut.Start(tile);
                    product.Row = row;
                    product.C = factor->Gradient + ((nint)Columns.Start(q) * factor->Features) + ((factor->First + row) * width);

                    // What the tile adds its sum to; fetched ahead as the start of chains is.
                    product.Start = product.C;
                    product.AssertValid(width);
                    Product<TSimd, TVec, T>.Tile<InStrips>(ref product, cut.Height(tile));
                }

                unit += cut.Count;
                strips += (nint)factor->Count * rows;
            }
        }
    }

    // strips [tile, rows, tile's features] ← a [rows of the runs, features of the group], for the tiles [firstTile, endTile).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Copy<TSimd, TVec>(
        in WeightFactor<T> factor, ReadOnlySpan<RowRuns.Run> runs, int rows, T* strips, int firstTile, int endTile)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TileCut cut = Product<TSimd, TVec, T>.Cut(factor.Count);
        nint k = 0;
        foreach (RowRuns.Run run in runs)
        {
            nint place = factor.BySlot ? run.Slot : run.Row;
            for (nint done = 0; done < run.Count; done += RowsPerCopy)
            {
                T* a = factor.A + ((place + (done * run.Step)) * factor.Stride) + factor.First;
                nint taken = nint.Min(run.Count - done, RowsPerCopy);
                for (int tile = Math.Max(firstTile, 0); tile < Math.Min(endTile, cut.Count); tile++)
                {
                    int first = cut.Start(tile);
                    int features = cut.Height(tile);
                    CopyRows(
                        a + first, run.Step * factor.Stride, strips + ((nint)first * rows) + (k * features), taken, features);
                }

                k += taken;
            }
        }
    }

    // SAFETY: features is a tile's, 6 at most, and rows those of the run; `to` is within the strips that AddGroup has checked.
    // to [rows, features] ← from [rows of stride, features]. A row is one to three vectors of 16 bytes and a rest of 8 and 4.
    // AggressiveOptimization: it runs a few times a pass, so it would stay in unoptimised code for long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyRows(T* from, nint stride, T* to, nint rows, nint features)
    {
        nint bytes = features * sizeof(T);
        nint vectors = bytes / 16 * 16;
        for (; rows > 0; rows--)
        {
            byte* source = (byte*)from;
            byte* target = (byte*)to;
            for (nint i = 0; i < vectors; i += 16)
            {
                Vector128.Load(source + i).Store(target + i);
            }

            if ((bytes & 8) != 0)
            {
                *(long*)(target + vectors) = *(long*)(source + vectors);
            }

            if ((bytes & 4) != 0)
            {
                *(int*)(target + bytes - 4) = *(int*)(source + bytes - 4);
            }

            from += stride;
            to += features;
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
