using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>
/// What a direction keeps of the way from the units' outputs to what the next step sees (<see cref="HiddenUpdate{T}"/>), and of a zoned-out
/// cell. A layer on the direct way keeps nothing.
/// </summary>
internal sealed unsafe class HiddenUpdateTape<T>(PanelLayout gates, LstmSpec spec)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int _units = spec.HiddenSize;

    /// <summary>P, or H.</summary>
    private readonly int _size = spec.ProjectionSize ?? spec.HiddenSize;

    /// <summary>The same, padded.</summary>
    private readonly int _paddedSize = PanelLayout.Plain<T>(spec.ProjectionSize ?? spec.HiddenSize).PaddedColumns;

    /// <summary>m [R, H], or by rank [B, H].</summary>
    public AlignedBuffer<T> Outputs { get; } = new();

    /// <summary>h̃ [R, P].</summary>
    public AlignedBuffer<T> NewHidden { get; } = new();

    /// <summary>s by slot.</summary>
    public AlignedBuffer<T> Seen { get; } = new();

    /// <summary>c̃ [panels, R, line], or by rank.</summary>
    public AlignedBuffer<T> NewCells { get; } = new();

    /// <summary>What zoneout carries back of dh and dc.</summary>
    public AlignedBuffer<T> Carried { get; } = new();

    public AlignedBuffer<T> CellCarried { get; } = new();

    /// <summary>dm by rank, [B, padded H].</summary>
    public AlignedBuffer<T> UnitGradient { get; } = new();

    /// <summary>dh̃ by panels of h, [panels, R, width].</summary>
    public AlignedBuffer<T> Projected { get; } = new();

    public AlignedBuffer<T> GateScratch { get; } = new();

    /// <summary>∂/∂i, ∂/∂f, ∂/∂o by rank, [panels, B, 3·line].</summary>
    public AlignedBuffer<T> GateGradient { get; } = new();

    public AlignedBuffer<ProductTerm<T>> GateTerms { get; } = new();

    /// <summary>W_hh with some weights dropped, and the gradient of that.</summary>
    public AlignedBuffer<T> DroppedWeights { get; } = new();

    public AlignedBuffer<T> DroppedGradient { get; } = new();

    public TransposedWeights<T>? TransposedProjection { get; } =
        spec.ProjectionSize is { } projection ? new(PanelLayout.Plain<T>(projection), spec.HiddenSize) : null;

    public TransposedWeights<T>? TransposedGates { get; } = spec.GateRecurrence ? new(gates, 3 * spec.HiddenSize) : null;

    /// <summary>How many values of a step the next one sees.</summary>
    public int SeenSize => spec.GateRecurrence ? _size + (3 * _units) : _size;

    /// <summary>Makes room for a pass.</summary>
    /// <param name="shape">The rows.</param>
    /// <param name="keeps">Whether a backward pass may follow.</param>
    /// <param name="sees">Whether s is not h.</param>
    public void Prepare(SequenceShape shape, bool keeps, bool sees)
    {
        long rows = keeps ? shape.RowCount : shape.Count;
        Outputs.Reserve(spec.ProjectionSize is null ? 0 : rows * _units);
        NewCells.Reserve(spec.CellZoneout > 0 ? rows * gates.PaddedColumns / 4 : 0);
        NewHidden.Reserve(KeepsNewHidden && keeps ? (long)shape.RowCount * _size : 0);
        Seen.Reserve(sees ? ((long)shape.Count + shape.RowCount) * SeenSize : 0);
    }

    /// <summary>Makes room for its backward pass.</summary>
    /// <param name="shape">The rows.</param>
    /// <param name="ends">Whether nothing comes from beyond the last steps, where a later segment would be.</param>
    public void PrepareBackward(SequenceShape shape, bool ends)
    {
        long count = shape.Count;
        Carried.Reserve(spec.HiddenZoneout > 0 ? count * _paddedSize : 0);
        CellCarried.Reserve(spec.CellZoneout > 0 ? count * gates.PaddedColumns / 4 : 0);
        UnitGradient.Reserve(TransposedProjection is { } w ? count * w.Columns.PaddedColumns : 0);
        Projected.Reserve(spec.ProjectionSize is null ? 0 : (long)shape.RowCount * _paddedSize);
        GateScratch.Reserve(TransposedGates is { } g ? count * g.Columns.PaddedColumns : 0);
        GateGradient.Reserve(spec.GateRecurrence ? count * gates.PaddedColumns / 4 * 3 : 0);
        if (ends)
        {
            UnitGradient.Span.Clear();
            GateGradient.Span.Clear();
        }
    }

    /// <summary>Whether h̃ has to be kept beside h, which zoneout has mixed, to know where it was clipped.</summary>
    public bool KeepsNewHidden => spec.ProjectionClip is not null && spec.HiddenZoneout > 0;

    /// <summary>Copies a rank's gradients of the gates i f o, 3H values.</summary>
    public void CopyGateGradient(int sequences, int rank, Span<T> destination)
    {
        int line = gates.Line;
        for (int index = 0; index < destination.Length; index++)
        {
            (int gate, int unit) = Math.DivRem(index, _units);
            destination[index] = GateGradient.Pointer[((((nint)(unit / line) * sequences) + rank) * 3 * line) + (gate * line) + (unit % line)];
        }
    }
}
