using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Recurrence;

namespace Lstm.Kernels.Normalization;

/// <summary>Places in the buffers of a recurrence, for kernels that normalise its steps; their cells carry c alone.</summary>
// SAFETY: the addresses are those that RecurrentForward and RecurrentBackward use themselves, in buffers that
// DirectionTape.Prepare and PrepareBackward reserve for all panels and rows; rows and slots come from the plan of the same shape.
internal static unsafe class StepViews
{
    /// <summary>z, then the gates, of a row: [4·line].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* GatesAt<T>(this in RecurrentForward<T> steps, nint panel, nint row)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => new Panels<T>(steps.Gates, steps.GateRows, 256 / sizeof(T)).At(panel, row - steps.FirstGateRow);

    /// <summary>c before a step, of a rank whose state stands in a slot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* CellBefore<T>(this in RecurrentForward<T> steps, nint panel, nint rank, nint slot)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => new Panels<T>(steps.Cells, steps.CellSlots, 64 / sizeof(T)).At(panel, steps.KeepCells ? slot : rank);

    /// <summary>c after a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* CellAfter<T>(this in RecurrentForward<T> steps, nint panel, nint rank, nint row)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => new Panels<T>(steps.Cells, steps.CellSlots, 64 / sizeof(T)).At(panel, steps.KeepCells ? steps.Sequences + row : rank);

    /// <summary>The c that a row's step computes; with zoneout it is not yet mixed with the c before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* NewCell<T>(this in RecurrentForward<T> steps, nint panel, nint rank, nint row)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => steps.CellZoneout.Exists
            ? new Panels<T>(steps.NewCells, steps.NewCellRows, 64 / sizeof(T)).At(panel, steps.KeepCells ? row : rank)
            : steps.CellAfter(panel, rank, row);

    /// <summary>What the cell keeps of a row, <paramref name="lines"/> lines.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* KeptAt<T>(this in RecurrentForward<T> steps, nint panel, nint rank, nint row, int lines)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => new Panels<T>(steps.KeptValues, steps.KeptRows, lines * 64 / sizeof(T)).At(panel, steps.KeepCells ? row : rank);

    /// <summary>The units' own weights of a panel, <paramref name="lines"/> lines; null if there are none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* OwnWeights<T>(this in RecurrentForward<T> steps, nint panel, int lines)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => steps.UnitWeights == null ? null : steps.UnitWeights + (panel * lines * (64 / sizeof(T)));

    /// <summary>The gates, then dz, of a row: [4·line].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* GatesAt<T>(this in RecurrentBackward<T> steps, nint panel, nint row)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => new Panels<T>(steps.Gates, steps.GateRows, 256 / sizeof(T)).At(panel, row);

    /// <summary>c in a slot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* CellAt<T>(this in RecurrentBackward<T> steps, nint panel, nint slot)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => new Panels<T>(steps.Cells, steps.CellSlots, 64 / sizeof(T)).At(panel, slot);

    /// <summary>The c that a row's step computed, before zoneout mixed it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* NewCell<T>(this in RecurrentBackward<T> steps, nint panel, nint row)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => steps.CellZoneout.Exists
            ? new Panels<T>(steps.NewCells, steps.NewCellRows, 64 / sizeof(T)).At(panel, row)
            : steps.CellAt(panel, steps.Sequences + row);

    /// <summary>dc of a rank.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* CellGradientAt<T>(this in RecurrentBackward<T> steps, nint panel, nint rank)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => new Panels<T>(steps.CellGradient, steps.Sequences, 64 / sizeof(T)).At(panel, rank);

    /// <summary>What zoneout carries back of a rank's dc.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* CellCarriedAt<T>(this in RecurrentBackward<T> steps, nint panel, nint rank)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => new Panels<T>(steps.CellCarried, steps.Sequences, 64 / sizeof(T)).At(panel, rank);

    /// <summary>What the cell kept of a row, <paramref name="lines"/> lines.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* KeptAt<T>(this in RecurrentBackward<T> steps, nint panel, nint row, int lines)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => new Panels<T>(steps.KeptValues, steps.KeptRows, lines * 64 / sizeof(T)).At(panel, row);

    /// <summary>∂/∂i, ∂/∂f and ∂/∂o of a rank from the next step, [3·line]; null if no step sees the gates.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* GateGradientAt<T>(this in RecurrentBackward<T> steps, nint panel, nint rank)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => steps.Update.GateGradient == null
            ? null
            : new Panels<T>(steps.Update.GateGradient, steps.Sequences, 192 / sizeof(T)).At(panel, rank);

    /// <summary>The units' own weights of a panel, <paramref name="lines"/> lines; null if there are none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* OwnWeights<T>(this in RecurrentBackward<T> steps, nint panel, int lines)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => steps.UnitWeights == null ? null : steps.UnitWeights + (panel * lines * (64 / sizeof(T)));
}
