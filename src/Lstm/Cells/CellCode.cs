using System.Globalization;
using System.Numerics;
using Lstm.Kernels;
using Lstm.Kernels.Products;

namespace Lstm.Cells;

/// <summary>The names, the counts and the compiled equations of a custom cell, for the layers.</summary>
internal abstract class CellCode
{
    public abstract IReadOnlyList<string> WeightNames { get; }

    /// <summary>The gates that the cell uses.</summary>
    public abstract LstmGates Gates { get; }

    /// <summary>Lines that the kernels keep for each row of a panel.</summary>
    public abstract int KeptLines { get; }

    /// <summary>State vectors of H values that the cell carries from step to step.</summary>
    public abstract int StateCount { get; }

    /// <summary>The kernels of a layer of H units.</summary>
    public abstract CellKernels<T> Kernels<T>(int units)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>The starting value of a unit's weight.</summary>
    /// <exception cref="InvalidOperationException">It is not finite.</exception>
    public abstract double StartOf(int weight, int unit, int units);
}

/// <inheritdoc/>
internal sealed class CellCode<TCell>(string name, TCell cell, string[] weights) : CellCode
    where TCell : unmanaged, ICustomCell<TCell>
{
    public override IReadOnlyList<string> WeightNames => weights;

    public override LstmGates Gates => TCell.Gates;

    public override int KeptLines => TCell.KeptCount + weights.Length;

    public override int StateCount => TCell.StateCount;

    public override CellKernels<T> Kernels<T>(int units)
    {
        int line = PanelLayout.LineOf<T>();
        nint weightBytes = ((nint)units + line - 1) / line * 64;
        return new CellKernels<T, LaneCell<T, TCell>>(new(cell, weights.Length, weightBytes));
    }

    public override double StartOf(int weight, int unit, int units)
    {
        double start = TCell.StartOf(in cell, weight, unit, units);
        return double.IsFinite(start)
            ? start
            : throw new InvalidOperationException(
                $"The cell '{name}' starts the weight '{weights[weight]}' of unit {unit} at "
                + $"{start.ToString(CultureInfo.InvariantCulture)}; StartOf has to return a finite number.");
    }
}
