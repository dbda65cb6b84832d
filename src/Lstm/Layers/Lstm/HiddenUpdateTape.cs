using System.Diagnostics;
using System.Numerics;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Runtime;
using Lstm.Sequences;

namespace Lstm.Layers;

/// <summary>
/// What a direction keeps of the update of h from the units' outputs (<see cref="HiddenUpdate{T}"/>): a projection, a zoneout, a
/// dropout, gates that the next step sees. A plain layer has none.
/// </summary>
// SAFETY: Prepare, and PrepareBackward for the way back, reserve each buffer of an option that the spec has, for the rows, slots
// or ranks of the tape's shape; DirectionTape calls them before the kernels get the pointers. Kernels do not use the
// buffer of an option that the spec does not have.
internal sealed unsafe class HiddenUpdateTape<T>(LstmSpec spec, LstmWeights weights, DirectionMasks<T> masks, PanelLayout gates)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int _units = spec.HiddenSize;

    // P, or H.
    private readonly int _size = spec.StateSize;
    private readonly int _paddedSize = PanelLayout.Plain<T>(spec.StateSize).PaddedColumns;

    // h̃ [R, P], and s by slot.
    private readonly AlignedBuffer<T> _newHidden = new();
    private readonly AlignedBuffer<T> _seen = new();

    // What zoneout carries back of dh; dm by rank, [B, padded H].
    private readonly AlignedBuffer<T> _carried = new();
    private readonly AlignedBuffer<T> _unitGradient = new();

    // ∂/∂i, ∂/∂f, ∂/∂o by rank, [panels, B, 3·line], and a product's place before them.
    private readonly AlignedBuffer<T> _gateGradient = new();
    private readonly AlignedBuffer<T> _gateScratch = new();
    private readonly AlignedBuffer<ProductTerm<T>> _gateTerms = new();
    private readonly AlignedBuffer<ProductTerm<T>> _laterGateTerms = new();

    private readonly TransposedWeights<T>? _transposedProjection =
        spec.Projection is { Size: var projection } ? new(PanelLayout.Plain<T>(projection), spec.HiddenSize) : null;

    private readonly TransposedWeights<T>? _transposedGates =
        spec.Equations.GateRecurrence ? new(gates, 3 * spec.HiddenSize) : null;

    /// <summary>m [R, H], or by rank [B, H]: with a projection.</summary>
    public AlignedBuffer<T> Outputs { get; } = new();

    /// <summary>dh̃ by panels of h, [panels, R, width]: with a projection.</summary>
    public AlignedBuffer<T> Projected { get; } = new();

    /// <summary>Whether a layer needs one.</summary>
    public static bool IsNeeded(LstmSpec spec) => spec is not
    {
        Projection: null,
        Equations.GateRecurrence: false,
        Regularization: { HiddenZoneout: 0, RecurrentDropout: 0 },
    };

    /// <summary>Whether anything happens to the units' outputs in this pass.</summary>
    public bool Acts(in Pass<T> pass)
        => spec is not { Projection: null, Equations.GateRecurrence: false, Regularization.HiddenZoneout: 0 }
            || SeesOwnBuffer(pass);

    /// <summary>s by slot, where it is not h; its stride is P, or H, and the 3H gates that the next step sees.</summary>
    public Slots<T>? Seen(in Pass<T> pass) => SeesOwnBuffer(pass) ? SeenSlots : null;

    /// <summary>Where s stands, by slot.</summary>
    public Slots<T> SeenSlots => new(_seen.Pointer, spec.Equations.GateRecurrence ? _size + (3 * _units) : _size);

    // Whether h̃ has to be kept beside h, which zoneout has mixed, to know where it was clipped.
    private bool KeepsNewHidden => spec.Projection?.Clip is not null && spec.Regularization.HiddenZoneout > 0;

    /// <summary>Makes room for a forward pass.</summary>
    public void Prepare(in Pass<T> pass, SequenceShape shape)
    {
        long rows = pass.Keeps ? shape.RowCount : shape.Count;
        Outputs.Reserve(spec.Projection is null ? 0 : rows * _units);
        _newHidden.Reserve(KeepsNewHidden && pass.Keeps ? (long)shape.RowCount * _size : 0);
        _seen.Reserve(SeesOwnBuffer(pass) ? ((long)shape.Count + shape.RowCount) * SeenSlots.Stride : 0);
    }

    /// <summary>Makes room for a backward pass, and turns its weights.</summary>
    public void PrepareBackward(in Pass<T> pass, SequenceShape shape)
    {
        long count = shape.Count;
        _carried.Reserve(spec.Regularization.HiddenZoneout > 0 ? count * _paddedSize : 0);
        _unitGradient.Reserve(_transposedProjection is { } w ? count * w.Columns.PaddedColumns : 0);
        Projected.Reserve(spec.Projection is null ? 0 : (long)shape.RowCount * _paddedSize);
        _gateScratch.Reserve(_transposedGates is { } g ? count * g.Columns.PaddedColumns : 0);
        _gateGradient.Reserve(spec.Equations.GateRecurrence ? count * gates.PaddedColumns / 4 * 3 : 0);
        if (pass.Segment.IsLast)
        {
            _unitGradient.Span.Clear();
            _gateGradient.Span.Clear();
        }

        _transposedProjection?.Update(pass.Parameter(weights.Projection!), pass.Version, pass.Team);
        _transposedGates?.Update(pass.Parameter(weights.GateRecurrence!), pass.Version, pass.Team);
    }

    /// <summary>The update as the kernels have it, in a stretch whose gates begin with a row.</summary>
    public HiddenUpdate<T> Forward(in Pass<T> pass, DirectionTape<T> tape, int firstGateRow)
    {
        bool projects = spec.Projection is not null;
        Slots<T> seen = tape.Seen(pass);
        return new HiddenUpdate<T>
        {
            Exists = true,
            Units = _units,
            Size = _size,
            Sequences = tape.Shape.Count,
            Hidden = tape.Hidden.Pointer,
            HiddenStride = tape.Hidden.Stride,
            Seen = seen.Pointer,
            SeenStride = seen.Stride,
            Outputs = projects ? Outputs.Pointer : null,
            OutputsByRank = !tape.Keeps,
            Projection = projects ? pass.Parameter(weights.Projection!) : null,
            ProjectionColumns = weights.ProjectionColumns,
            ProjectionClip = T.CreateChecked(spec.Projection?.Clip ?? double.PositiveInfinity),
            NewHidden = KeepsNewHidden && tape.Keeps ? _newHidden.Pointer : null,
            Zoneout = masks.Hidden(pass, tape.Shape),
            Drop = masks.Recurrent(pass, tape.Shape),
            DropScale = masks.RecurrentScale,
            ShowsGates = spec.Equations.GateRecurrence,
            Gates = tape.Gates.Pointer,
            GateRows = tape.GateRows,
            FirstGateRow = firstGateRow,
        };
    }

    /// <summary>The way back along it as the kernels have it.</summary>
    public HiddenUpdateBackward<T> Backward(in Pass<T> pass, DirectionTape<T> tape)
    {
        HiddenUpdateBackward<T> back = new()
        {
            Update = Forward(pass, tape, 0),
            Carried = _carried.Pointer,
            Projected = Projected.Pointer,
            ProjectedRows = tape.Shape.RowCount,
            GateScratch = _gateScratch.Pointer,
        };
        if (_transposedProjection is { } projection)
        {
            back.UnitGradient = _unitGradient.Pointer;
            back.UnitStride = projection.Columns.PaddedColumns;
            back.TransposedProjection = projection.Pointer;
            back.UnitColumns = projection.Columns;
        }

        if (_transposedGates is { } turned)
        {
            back.TransposedGates = turned.Pointer;
            back.GateColumns = turned.Columns;
            back.GateTerms = tape.StepTerms(_gateTerms, turned.Pointer);
            back.LaterTerms = pass.Segment.IsLast ? null
                : tape.LaterTerms(_laterGateTerms, turned.Pointer, pass.Segment.Later);
            back.GateGradient = _gateGradient.Pointer;
        }

        return back;
    }

    /// <summary>Sets a rank's gradients of the gates i f o, 3H values.</summary>
    public void SetGateGradient(int sequences, int rank, ReadOnlySpan<T> source)
    {
        for (int index = 0; index < source.Length; index++)
        {
            *GateGradientAt(sequences, rank, index) = source[index];
        }
    }

    /// <summary>Copies a rank's gradients of the gates i f o, 3H values.</summary>
    public void CopyGateGradient(int sequences, int rank, Span<T> destination)
    {
        for (int index = 0; index < destination.Length; index++)
        {
            destination[index] = *GateGradientAt(sequences, rank, index);
        }
    }

    private T* GateGradientAt(int sequences, int rank, int index)
    {
        Debug.Assert(rank >= 0 && rank < sequences && index >= 0 && index < 3 * _units, "There is no such gate.");
        (int gate, int unit) = Math.DivRem(index, _units);
        int line = gates.Line;
        return new Panels<T>(_gateGradient.Pointer, sequences, 3 * line).At(unit / line, rank) + (gate * line) + (unit % line);
    }

    private bool SeesOwnBuffer(in Pass<T> pass)
        => spec.Equations.GateRecurrence || (pass.Training && spec.Regularization.RecurrentDropout > 0);
}
