using System.Numerics;
using Lstm.Kernels.Elementwise;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Sequences;
using Lstm.Simd;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>What all layers share during one pass over a network: workers, parameters, states, the key of the dropout.</summary>
internal sealed unsafe class Pass<T>(int workers, bool keeps) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBuffer<T> _strips = new();
    private NetworkState<T>? _carried;

    public WorkerTeam Team { get; } = new(WorkerCount.Of(workers));

    /// <summary>Whether a backward pass may follow.</summary>
    public bool Keeps => keeps;

    /// <summary>The width the kernels run at; any width gives the same bits.</summary>
    public SimdWidth Width { get; set; } = SimdDispatch.Best;

    /// <summary>Whether dropout is on and batch norm measures the batch.</summary>
    public bool Training { get; set; }

    /// <summary>With <see cref="Draw"/>, the key of the dropout masks.</summary>
    public ulong Seed { get; set; }

    public long Draw { get; set; }

    /// <summary>The network's flat parameters, and which version of them.</summary>
    public T* Parameters { get; set; }

    public long Version { get; set; }

    /// <summary>The state to start from, or null for zero or the learned one.</summary>
    public NetworkState<T>? Initial { get; set; }

    /// <summary>Which row of the state each sequence has; null when it is the sequence's own index.</summary>
    public int* StateRows { get; set; }

    /// <summary>The gradients of the final state, or null for zero; and of the initial state, or null when not asked for.</summary>
    public NetworkState<T>? FinalGradient { get; set; }

    public NetworkState<T>? InitialGradient { get; set; }

    /// <summary>The ids that feed an embedding, in row order; else null.</summary>
    public int* Ids { get; set; }

    /// <summary>
    /// Steps of a segment at least when longer sequences are computed again in the backward pass, segment by segment: a segment
    /// is whole <see cref="RowBlocks"/>, so that the gradients' sums are those of an uncut pass.
    /// </summary>
    public int SegmentSteps { get; set; } = int.MaxValue;

    /// <summary>The segment at hand: how many of its first ranks have a step in the segment read before it, and after it; 0 in a pass without segments.</summary>
    public int Earlier { get; set; }

    public int Later { get; set; }

    /// <summary>The one direction of an LSTM layer that runs; null for all it has.</summary>
    public int? Direction { get; set; }

    /// <summary>Room for a weight gradient's copies, <see cref="StripsLength"/> values for each worker: made with the first one, shared by all layers.</summary>
    public T* Strips
    {
        get
        {
            _strips.Reserve(Team.Size * (long)StripsLength);
            return _strips.Pointer;
        }
    }

    /// <summary>The number of values in one worker's part of <see cref="Strips"/>.</summary>
    public static int StripsLength => WeightGradient<T>.MaxStripsLength;

    /// <summary>The sizes of the network's states; only of a pass that may be cut into segments.</summary>
    public IReadOnlyList<StateSize> StateSizes { get; init; } = [];

    /// <summary>The key of a layer's random numbers in this pass.</summary>
    public ulong RandomKey(int layer) => RandomBits.Mix(RandomBits.Mix(RandomBits.Mix(Seed) + (ulong)Draw) + (ulong)layer);

    /// <summary>Tells whether recomputation cuts sequences of this shape into more than one segment.</summary>
    public bool Cuts(SequenceShape shape) => RowBlocks.EndOf(shape, 0, shape.StepCount, SegmentSteps) < shape.StepCount;

    /// <summary>Whether a direction of an LSTM layer does not run.</summary>
    public bool Skips(int direction) => Direction is { } only && only != direction;

    /// <summary>Adds dzᵀ·a over all rows into the gradients of some factors, dz [panels, gateRows, line].</summary>
    public void AddWeightGradients(RowRuns runs, PanelLayout columns, WeightFactor<T>* factors, int count, T* dz, int rows)
    {
        WeightGradient<T> weights = new()
        {
            Width = Width,
            Runs = runs,
            Columns = columns,
            Factors = factors,
            FactorCount = count,
            Gates = dz,
            GateRows = rows,
            Strips = Strips,
            StripsLength = StripsLength,
        };
        Team.Run(ref weights);
    }

    public T* Parameter(Parameter parameter) => Parameters + parameter.Offset;

    /// <summary>The states that go from segment to segment.</summary>
    public NetworkState<T> CarriedState(int count)
    {
        if (_carried?.Count != count)
        {
            _carried = new NetworkState<T>(StateSizes, count);
        }

        return _carried;
    }

    public void Dispose() => Team.Dispose();
}
