using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Elementwise;
using Lstm.Kernels.Products;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;

namespace Lstm.Layers;

/// <summary>
/// What all layers are told of one pass over a network: parameters, states, ids, the key of the dropout. A value handed down the
/// layers; a pass over a part of the batch is <c>pass with { … }</c>.
/// </summary>
/// <remarks>No record struct, which cannot hold pointers.</remarks>
// SAFETY: the parameters are those of ParameterSet.Pointer, whose buffer is never reserved again; Parameter adds an offset of the
// same layout. Ids are an InputReading's, which outlives the pass, or those that NetworkStream keeps fixed with the state's rows.
internal readonly unsafe struct Pass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Workers, width and scratch, which outlive the pass.</summary>
    public required PassResources<T> Resources { get; init; }

    /// <summary>The network's flat parameters, and which version of them.</summary>
    public T* Parameters { get; init; }

    public long Version { get; init; }

    /// <summary>Whether dropout is on and batch norm measures the batch.</summary>
    public bool Training { get; init; }

    /// <summary>With <see cref="Draw"/>, the key of the dropout masks.</summary>
    public ulong Seed { get; init; }

    public long Draw { get; init; }

    /// <summary>The state to start from, or null for zero or the learned one.</summary>
    public NetworkState<T>? Initial { get; init; }

    /// <summary>Which row of the state each sequence has; null when it is the sequence's own index.</summary>
    public int* StateRows { get; init; }

    /// <summary>
    /// The gradients of the final state, or null for zero; and of the initial state, or null when not asked for.
    /// </summary>
    public NetworkState<T>? FinalGradient { get; init; }

    public NetworkState<T>? InitialGradient { get; init; }

    /// <summary>The ids that feed an embedding, in row order; else null.</summary>
    public int* Ids { get; init; }

    /// <summary>
    /// Steps of a segment at least when longer sequences are computed again in the backward pass, segment by segment; null
    /// when they are not. A segment is whole <see cref="RowBlocks"/>, so that the gradients' sums are those of an uncut pass.
    /// </summary>
    public int? SegmentSteps { get; init; }

    /// <summary>The part of the batch that the pass goes over.</summary>
    public Segment Segment { get; init; }

    public WorkerTeam Team => Resources.Team;

    public SimdWidth Width => Resources.Width;

    /// <summary>Whether a backward pass may follow.</summary>
    public bool Keeps => Resources.Keeps;

    /// <summary>The key of a layer's random numbers in this pass.</summary>
    public ulong RandomKey(int layer) => RandomBits.Mix(RandomBits.Mix(RandomBits.Mix(Seed) + (ulong)Draw) + (ulong)layer);

    /// <summary>Tells whether recomputation cuts sequences of this shape into more than one segment.</summary>
    public bool Cuts(SequenceShape shape)
        => SegmentSteps is { } steps && RowBlocks.EndOf(shape, 0, shape.StepCount, steps) < shape.StepCount;

    /// <summary>The pass over parameters as they are now, from a state, with the ids that feed an embedding.</summary>
    public Pass<T> Over(ParameterSet<T> parameters, NetworkState<T>? initial, int* ids)
        => this with { Parameters = parameters.Pointer, Version = parameters.Version, Initial = initial, Ids = ids };

    public T* Parameter(Parameter parameter) => Parameters + parameter.Offset;

    /// <summary>Adds dzᵀ·a over all rows into the gradients of some factors, dz [panels, rows, line].</summary>
    public void AddWeightGradients(RowRuns runs, PanelLayout columns, WeightFactor<T>* factors, int count, T* dz, int rows)
    {
        Debug.Assert(count is > 0 and <= WeightGradient<T>.MaxFactors, "A weight gradient takes no such number of factors.");
        WeightGradient<T> weights = new()
        {
            Width = Width,
            Runs = runs,
            Columns = columns,
            Factors = factors,
            FactorCount = count,
            Gates = dz,
            GateRows = rows,
            Strips = Resources.ReserveStrips(),
            StripsLength = PassResources<T>.StripsLength,
        };
        Team.Run(ref weights);
    }
}

/// <summary>A segment of the steps of a batch, between two cuts; the default value is a whole batch.</summary>
/// <param name="Earlier">How many of the first ranks have a step in the segment read before this one.</param>
/// <param name="Later">How many of the first ranks have a step in the segment read after this one.</param>
internal readonly record struct Segment(int Earlier, int Later)
{
    /// <summary>Whether nothing was read before it.</summary>
    public bool IsFirst => Earlier == 0;

    /// <summary>Whether nothing is read after it.</summary>
    public bool IsLast => Later == 0;
}
