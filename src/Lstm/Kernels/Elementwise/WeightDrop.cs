using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Products;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Kernels.Elementwise;

/// <summary>
/// DropConnect of recurrent weights (Wan et al. 2013, Merity et al. 2018): target = source⊙m/(1 − p), or target += that.
/// </summary>
/// <remarks>Whether a weight is kept is a hash of its gate, unit and input, the same in any precision.</remarks>
internal unsafe struct WeightDrop<T> : IKernel<T>, IJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public required SimdWidth Width;

    /// <summary>The gates' columns.</summary>
    public required PanelLayout Columns;

    /// <summary>The number of units, H, and of the rows of each panel.</summary>
    public required int Units;
    public required int Inputs;
    public required DropMask Mask;

    /// <summary>1/(1 − p).</summary>
    public required T Scale;
    public required T* Source;
    public required T* Target;
    public required bool Adds;

    private int _first;
    private int _end;

    public readonly long Work => (long)Columns.PaddedColumns * Inputs * JobWork.Element;

    public readonly int SharesFor(int workers) => Math.Min(workers, Columns.PanelCount);

    public void Run(WorkShare share)
    {
        (_first, _end) = share.Of(Columns.PanelCount);
        SimdDispatch.Run<T, WeightDrop<T>>(Width, ref this);
    }

    // AggressiveOptimization: it runs once a pass, so it would stay in unoptimised code for long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        // SAFETY: source and target are W_hh, or its gradient, by panels of Inputs rows of 4 lines: DroppedWeights reserves
        // PackedLength values for the one, the other is the parameter itself. A share is a range of the panels.
        Debug.Assert(Source != null && Target != null, "The weights or their target are missing.");
        Debug.Assert(_first >= 0 && _end <= Columns.PanelCount, "A panel is not of the layer.");
        Debug.Assert(Columns.PaddedColumns == 4 * Columns.Line * Columns.PanelCount, "The columns are not those of four gates.");
        nint line = Columns.Line;
        for (nint panel = _first; panel < _end; panel++)
        {
            nint place = panel * Inputs * 4 * line;
            for (int k = 0; k < Inputs; k++)
            {
                uint key = Mask.IndexKey(k);
                for (nint gate = 0; gate < 4; gate++)
                {
                    for (nint u = 0; u < line; u += TSimd.Width)
                    {
                        TVec scaled = TSimd.Multiply(TSimd.Load(Source + place + u), TSimd.Broadcast(Scale));
                        TVec kept = Mask.Select<TSimd, TVec, T>(key, (gate * Units) + (panel * line) + u, scaled, TSimd.Zero);
                        TSimd.Store(Target + place + u, Adds ? TSimd.Add(TSimd.Load(Target + place + u), kept) : kept);
                    }

                    place += line;
                }
            }
        }
    }
}
