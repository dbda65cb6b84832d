using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Simd;

namespace Lstm.Kernels.Normalization;

/// <summary>
/// The parameters and statistics that recurrent batch normalisation adds to a layer, and the products W_ih x and W_hh s that it
/// keeps.
/// </summary>
/// <remarks>
/// A set of statistics belongs to one time step and one panel and has 27 lines: means, variances and 1/√(variance + ε) of W_ih x
/// (four lines of each), of W_hh s (four lines of each) and of c (one line of each). A training pass measures a set at each step
/// that has two or more rows; all other rows use the running set of their own step.
/// </remarks>
// SAFETY: BatchNormRecurrence.NormOf makes the struct from parameters of the layer and from the buffers that its Prepare
// reserves: the products for GateRows rows of all panels, a measured set for each step and panel, RunningSteps running sets, a
// step for each rank.
internal unsafe struct BatchNorm<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The number of lines of a set, and the first line of W_hh s and of c.</summary>
    public const int Lines = 27;
    public const int HiddenLine = 12;
    public const int CellLine = 24;

    /// <summary>γ_x and γ_h by panels of gates; γ_c and β_c in whole lines.</summary>
    public required T* InputScale;
    public required T* HiddenScale;
    public required T* CellScale;
    public required T* CellShift;

    /// <summary>
    /// W_ih x and W_hh s, like z: [panels, GateRows, 4·line]. The second may be z itself when only one of them is needed later.
    /// </summary>
    public required T* InputProducts;
    public required T* HiddenProducts;

    /// <summary>The normalised c by rank, [panels, B, line].</summary>
    public required T* Shown;

    public required T Epsilon;

    public required nint Panels;

    /// <summary>Whether steps of two and more rows are measured.</summary>
    public required bool Measures;

    /// <summary>
    /// The sets of this pass, [steps of the walk, panels], and those of the running averages, [RunningSteps, panels].
    /// </summary>
    public required T* Measured;
    public required T* Running;
    public required int RunningSteps;

    /// <summary>By rank: the sequence's own step, less the walk's.</summary>
    public required int* OwnSteps;

    public readonly bool MeasuresStep(nint rows) => Measures && rows > 1;

    /// <summary>
    /// û of a value, from a set whose lines of means, variances and factors are <paramref name="width"/> apart.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Normal<TSimd, TVec>(T* value, T* set, nint width)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        => TSimd.Multiply(TSimd.Subtract(TSimd.Load(value), TSimd.Load(set)), TSimd.Load(set + (2 * width)));

    /// <summary>The measured set of a step and a panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly T* MeasuredSet(int step, nint panel) => Measured + (((step * Panels) + panel) * Lines * (64 / sizeof(T)));

    /// <summary>The running set of a rank at a step of the walk.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly T* RunningSet(int step, nint rank, nint panel)
        => Running + (((Math.Min(OwnSteps[rank] + (long)step, RunningSteps - 1) * Panels) + panel) * Lines * (64 / sizeof(T)));

    /// <summary>Checks in Debug builds that what a step of so many rows needs is there.</summary>
    [Conditional("DEBUG")]
    public readonly void AssertValid(nint rows)
    {
        Debug.Assert(
            InputScale != null && HiddenScale != null && CellScale != null && CellShift != null, "A parameter is missing.");
        Debug.Assert(InputProducts != null && HiddenProducts != null && Shown != null, "A product or its place is missing.");
        Debug.Assert(Panels > 0 && RunningSteps > 0 && OwnSteps != null, "There are no panels, sets or steps.");
        Debug.Assert(MeasuresStep(rows) ? Measured != null : Running != null, "The statistics of the step are missing.");
    }
}
