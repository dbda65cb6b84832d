



using Lstm.Kernels.Elementwise;
using Lstm.Kernels.Products;
using Lstm.Kernels.Recurrence;
using Lstm.Sequences;

namespace Lstm.Layers;

// The way from the units' outputs to what the next step sees, and what is dropped or zoned out on it.
internal sealed unsafe partial class LstmLayer<T>
{
    // What a mask is for: part of its key, beside the direction.
    private enum Purpose
    {
        Recurrent = 1,
        Candidate,
        Weight,
        HiddenZoneout,
        CellZoneout,
    }

    /// <summary>Whether, without training, the next step sees the units' outputs as they are and the cells stay as computed.</summary>
    private bool IsDirect => _spec is { ProjectionSize: null, GateRecurrence: false, HiddenZoneout: 0, CellZoneout: 0 };

    private DropMask Mask(in Pass<T> pass, SequenceShape shape, int d, Purpose purpose, double rate, bool holds = false)
        => pass.Training && rate > 0 ? new DropMask(shape, RandomBits.Mix(pass.RandomKey(Index) + ((ulong)d << 32) + (ulong)purpose), rate, holds) : default;

    private static T KeptScale(double rate) => T.CreateChecked(1 / (1 - rate));

    private CandidateDrop<T> CandidateDrop(in Pass<T> pass, SequenceShape shape, int d) => new()
    {
        Mask = Mask(pass, shape, d, Purpose.Candidate, _spec.CandidateDropout),
        Scale = KeptScale(_spec.CandidateDropout),
    };

    private Zoneout<T> CellZoneout(in Pass<T> pass, SequenceShape shape, int d) => new()
    {
        Rate = T.CreateChecked(_spec.CellZoneout),
        Mask = Mask(pass, shape, d, Purpose.CellZoneout, _spec.CellZoneout),
    };

    private bool SeesOwnBuffer(in Pass<T> pass) => _spec.GateRecurrence || (pass.Training && _spec.RecurrentDropout > 0);

    /// <summary>What the next steps see, by slot; its stride is <see cref="SeenStride"/>.</summary>
    private T* Seen(in Pass<T> pass, LstmTape<T> tape, int d)
        => SeesOwnBuffer(pass) ? tape.Directions[d].Path.Seen.Pointer : tape.Output.Pointer + (d * HiddenSize);

    private int SeenStride(in Pass<T> pass, LstmTape<T> tape, int d) => SeesOwnBuffer(pass) ? tape.Directions[d].Path.SeenSize : OutputSize;

    private HiddenUpdate<T> Path(in Pass<T> pass, LstmTape<T> tape, int d, int firstGateRow)
    {
        DirectionTape<T> kept = tape.Directions[d];
        T* hidden = tape.Output.Pointer + (d * HiddenSize);
        if (IsDirect && !SeesOwnBuffer(pass))
        {
            return HiddenUpdate<T>.Direct(hidden, OutputSize, Units, tape.OutputShape.Count);
        }

        bool projects = _spec.ProjectionSize is not null;
        return new HiddenUpdate<T>
        {
            Exists = true,
            Units = Units,
            Size = HiddenSize,
            Sequences = tape.OutputShape.Count,
            Hidden = hidden,
            HiddenStride = OutputSize,
            Seen = Seen(pass, tape, d),
            SeenStride = SeenStride(pass, tape, d),
            Outputs = projects ? kept.Path.Outputs.Pointer : hidden,
            OutputStride = projects ? Units : OutputSize,
            OutputsByRank = !kept.KeepsCells,
            Projection = _directions[d].Projection is { } w ? pass.Parameter(w) : null,
            ProjectionColumns = _directions[d].ProjectionColumns,
            ProjectionClip = T.CreateChecked(_spec.ProjectionClip ?? double.PositiveInfinity),
            NewHidden = kept.Path.KeepsNewHidden && kept.KeepsCells ? kept.Path.NewHidden.Pointer : null,
            Zoneout = new()
            {
                Rate = T.CreateChecked(_spec.HiddenZoneout),
                Mask = Mask(pass, tape.OutputShape, d, Purpose.HiddenZoneout, _spec.HiddenZoneout),
            },
            Drop = Mask(pass, tape.OutputShape, d, Purpose.Recurrent, _spec.RecurrentDropout, holds: true),
            DropScale = KeptScale(_spec.RecurrentDropout),
            ShowsGates = _spec.GateRecurrence,
            Gates = kept.Gates.Pointer,
            GateRows = kept.GateRows,
            FirstGateRow = firstGateRow,
        };
    }

    private HiddenUpdateBackward<T> PathBackward(in Pass<T> pass, LstmTape<T> tape, int d, T* outputGradient)
    {
        DirectionTape<T> kept = tape.Directions[d];
        HiddenUpdateTape<T> path = kept.Path;
        int rows = tape.OutputShape.RowCount;
        T* dz = NormalizesRows ? kept.LayerNorm!.StepGradient.Pointer : kept.HiddenProductGradient;
        int dzRows = NormalizesRows ? tape.OutputShape.Count : rows;
        path.TransposedProjection?.Update(pass.Parameter(_directions[d].Projection!), pass.Version, pass.Team);
        path.TransposedGates?.Update(pass.Parameter(_directions[d].GateRecurrence!), pass.Version, pass.Team);
        return new HiddenUpdateBackward<T>
        {
            Path = Path(pass, tape, d, 0),
            Truncates = _spec.TruncatedGradient,
            Transposed = kept.TransposedHh.Pointer,
            Columns = kept.TransposedHh.Columns,
            GateTerms = kept.GateTerms(dz, kept.TransposedHh.Pointer, dzRows),
            GateTermCount = kept.GateTermCount,
            OutputGradient = outputGradient,
            OutputStride = OutputSize,
            HiddenGradient = kept.HiddenGradient.Pointer,
            Carried = path.Carried.Pointer,
            UnitGradient = path.TransposedProjection is null ? null : path.UnitGradient.Pointer,
            UnitStride = path.TransposedProjection?.Columns.PaddedColumns ?? 0,
            TransposedProjection = path.TransposedProjection is { } w ? w.Pointer : null,
            UnitColumns = path.TransposedProjection?.Columns,
            Projected = path.Projected.Pointer,
            ProjectedRows = rows,
            TransposedGates = path.TransposedGates is { } g ? g.Pointer : null,
            GateColumns = path.TransposedGates?.Columns,
            GateRecurrentTerms = path.TransposedGates is { } turned ? kept.GateTerms(path.GateTerms, dz, turned.Pointer, dzRows) : null,
            LaterTerms = pass.Segment.IsLast ? null : kept.GateTerms(kept.FirstTerms, kept.First.Pointer, kept.TransposedHh.Pointer, pass.Segment.Later),
            LaterRecurrentTerms = !pass.Segment.IsLast && path.TransposedGates is { } also ? kept.GateTerms(kept.FirstGateTerms, kept.First.Pointer, also.Pointer, pass.Segment.Later) : null,
            GateScratch = path.GateScratch.Pointer,
            GateGradient = path.TransposedGates is null ? null : path.GateGradient.Pointer,
        };
    }

    /// <summary>W_hh as this pass sees it: some weights dropped while training.</summary>
    private T* RecurrentWeights(in Pass<T> pass, LstmTape<T> tape, int d)
        => DropsWeights(pass) ? tape.Directions[d].Path.DroppedWeights.Pointer : pass.Parameter(_directions[d].WeightHh);

    private bool DropsWeights(in Pass<T> pass) => pass.Training && _spec.WeightDropout > 0;

    private void DropWeights(in Pass<T> pass, LstmTape<T> tape, int d)
    {
        HiddenUpdateTape<T> path = tape.Directions[d].Path;
        path.DroppedWeights.Reserve(_directions[d].WeightHh.PackedLength);
        WeightDrop<T> drop = WeightDrop(pass, tape, d, pass.Parameter(_directions[d].WeightHh), path.DroppedWeights.Pointer, adds: false);
        pass.Team.Run(ref drop);
    }

    /// <summary>Room for the gradient of the weights as they were seen: all zero, or what later segments have added.</summary>
    private T* DroppedWeightGradient(in Pass<T> pass, LstmTape<T> tape, int d)
    {
        HiddenUpdateTape<T> path = tape.Directions[d].Path;
        path.DroppedGradient.Reserve(_directions[d].WeightHh.PackedLength);
        if (pass.Segment.IsLast)
        {
            path.DroppedGradient.Span.Clear();
        }

        return path.DroppedGradient.Pointer;
    }

    private void AddDroppedWeightGradient(in Pass<T> pass, LstmTape<T> tape, int d, T* gradient)
    {
        WeightDrop<T> drop = WeightDrop(pass, tape, d, tape.Directions[d].Path.DroppedGradient.Pointer, gradient + _directions[d].WeightHh.Offset, adds: true);
        pass.Team.Run(ref drop);
    }

    private WeightDrop<T> WeightDrop(in Pass<T> pass, LstmTape<T> tape, int d, T* source, T* target, bool adds) => new()
    {
        Width = pass.Width,
        Columns = _gates,
        Units = Units,
        Inputs = HiddenSize,
        Mask = Mask(pass, tape.OutputShape, d, Purpose.Weight, _spec.WeightDropout),
        Scale = KeptScale(_spec.WeightDropout),
        Source = source,
        Target = target,
        Adds = adds,
    };

    private void AddProjectionGradient(in Pass<T> pass, LstmTape<T> tape, int d, T* gradient)
    {
        DirectionTape<T> kept = tape.Directions[d];
        WeightFactor<T> factor = new()
        {
            A = kept.Path.Outputs.Pointer,
            Stride = Units,
            Features = Units,
            Gradient = gradient + _directions[d].Projection!.Offset,
        };
        pass.AddWeightGradients(kept.Runs, _directions[d].ProjectionColumns!, &factor, 1, kept.Path.Projected.Pointer, tape.OutputShape.RowCount);
    }

    // The line of g is padding, where a product leaves what is nobody's gradient.
    private void ClearCandidateColumns(T* gradient)
    {
        int line = _gates.Line;
        for (nint row = 0; row < (nint)_gates.PanelCount * 3 * Units; row++)
        {
            new Span<T>(gradient + (row * 4 * line) + (2 * line), line).Clear();
        }
    }
}
