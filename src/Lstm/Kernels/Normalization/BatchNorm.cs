using System.Numerics;
using System.Runtime.CompilerServices;

namespace Lstm.Kernels.Normalization;

/// <summary>
/// What recurrent batch normalisation adds to a layer: its parameters, its statistics, and what it keeps of W_ih x and W_hh s.
/// </summary>
/// <remarks>
/// A set of statistics is that of one time step and one panel, 27 lines: means, variances and 1/√(variance + ε) of W_ih x (four
/// lines of each), of W_hh s (four lines of each) and of c (one line of each). A training pass measures a set at each step that
/// has two rows or more; every other row takes the running set of its own step.
/// </remarks>
internal unsafe struct BatchNorm<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Lines of a set, and where those of W_hh s and of c begin.</summary>
    public const int Lines = 27;
    public const int HiddenLine = 12;
    public const int CellLine = 24;

    /// <summary>γ_x and γ_h by panels of gates; γ_c and β_c in whole lines.</summary>
    public required T* InputScale;
    public required T* HiddenScale;
    public required T* CellScale;
    public required T* CellShift;

    /// <summary>
    /// W_ih x and W_hh s, like z: [panels, GateRows, 4·line]. The second may be z itself, when nobody needs both.
    /// </summary>
    public required T* InputProducts;
    public required T* HiddenProducts;

    /// <summary>The normalised c by rank, [panels, B, line].</summary>
    public required T* Shown;

    public required T Epsilon;

    public required nint Panels;

    /// <summary>Whether steps of two rows and more have statistics of their own.</summary>
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

    /// <summary>The measured set of a step and a panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly T* MeasuredSet(int step, nint panel) => Measured + (((step * Panels) + panel) * Lines * (64 / sizeof(T)));

    /// <summary>The running set of a rank at a step of the walk.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly T* RunningSet(int step, nint rank, nint panel)
        => Running + (((Math.Min(OwnSteps[rank] + (long)step, RunningSteps - 1) * Panels) + panel) * Lines * (64 / sizeof(T)));
}
