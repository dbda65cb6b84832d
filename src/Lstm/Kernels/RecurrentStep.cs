using System.Numerics;
using Lstm.Cells;
using Lstm.Simd;

namespace Lstm.Kernels;

/// <summary>One step of one sequence: what streaming runs. The same chains as <see cref="RecurrentForward{T}"/>, so the same bits.</summary>
internal unsafe struct RecurrentStep<T> : IKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required T* X;
    public required nint Inputs;

    /// <summary>W_ih and W_hh by panels, and b by panels or null.</summary>
    public required T* Input;
    public required T* Recurrent;
    public required T* Bias;

    /// <summary>h of the step before, [units].</summary>
    public required T* Hidden;
    public required nint Units;

    /// <summary>c, by panels and so in order; its padding is zero. Becomes the new c.</summary>
    public required T* Cell;

    /// <summary>Room for z: the padded 4·units.</summary>
    public required T* Gates;

    /// <summary>The new h, [units]; not <see cref="Hidden"/>, which every panel reads.</summary>
    public required T* Output;

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint line = 64 / sizeof(T);
        nint width = 4 * line;
        SingleRow<TSimd, TVec, T>.Run(Gates, width, Bias, width, X, Inputs, Input, Hidden, Units, Recurrent);
        T* z = Gates;
        for (nint unit = 0; unit < Units; unit += line, z += width)
        {
            CellEpilogue<TSimd, TVec, T, StandardCell<TSimd, TVec, T>>.Forward(
                z, Cell + unit, Cell + unit, Output + unit, 0, 1, nint.Min(line, Units - unit));
        }
    }
}
