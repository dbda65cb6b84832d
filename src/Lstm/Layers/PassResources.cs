using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>
/// What lives as long as a tape, a workspace or a stream and serves all of its passes: workers, the width of the kernels,
/// scratch.
/// </summary>
internal sealed unsafe class PassResources<T>(int workers, bool keeps) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBuffer<T> _strips = new();
    private NetworkState<T>? _carried;

    public WorkerTeam Team { get; } = new(WorkerCount.Of(workers));

    /// <summary>Whether a backward pass may follow a forward pass.</summary>
    public bool Keeps => keeps;

    /// <summary>The width the kernels run at; any width gives the same bits.</summary>
    public SimdWidth Width { get; set; } = SimdDispatch.Best;

    /// <summary>
    /// Bytes of the last layer's output that exist at a time when a loss does the layer's backward pass with it. Fewer fetch the
    /// weights more often, more leave the caches. At least a block of rows.
    /// </summary>
    public int SweepBytes { get; set; } = 8 << 20;

    /// <summary>The sizes of the network's states; needed only by passes that may be cut into segments.</summary>
    public IReadOnlyList<StateSize> StateSizes { get; init; } = [];

    /// <summary>Values of a weight gradient's copies for each worker.</summary>
    public static int StripsLength => WeightGradient<T>.MaxStripsLength;

    /// <summary>
    /// Makes room for a weight gradient's copies, <see cref="StripsLength"/> values for each worker, shared by all layers.
    /// </summary>
    // SAFETY: each worker of the team has its own StripsLength values, the most that WeightGradient copies; the buffer stays as
    // it is while the job runs, since one pass at a time uses these resources.
    public T* ReserveStrips()
    {
        _strips.Reserve(Team.Size * (long)StripsLength);
        return _strips.Pointer;
    }

    /// <summary>Makes room for the states that go from segment to segment.</summary>
    public NetworkState<T> ReserveCarriedState(int count)
    {
        if (_carried?.Count != count)
        {
            _carried = new NetworkState<T>(StateSizes, count);
        }

        return _carried;
    }

    public void Dispose() => Team.Dispose();
}
