using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels;
using Lstm.Simd;

namespace Lstm.Training;

/// <summary>The arithmetic of <see cref="SoftmaxCrossEntropy{T}"/>, row by row.</summary>
internal sealed unsafe class SoftmaxRows<T>(T[] classWeights, double smoothing, int ignored) : RowLoss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override bool TakesLabels => true;

    public override void Check(LossBlock<T> all)
    {
        if (classWeights.Length > 0 && classWeights.Length != all.Features)
        {
            throw new ArgumentException($"The output has {all.Features} classes; the loss was given weights for {classWeights.Length}.", "output");
        }

        for (int row = 0; row < all.Rows; row++)
        {
            int label = all.Labels[row];
            if ((uint)label >= (uint)all.Features && label != ignored)
            {
                throw new ArgumentException($"Label {label} of row {row} is none of the {all.Features} classes, nor the ignored label {ignored}.", "labels");
            }
        }
    }

    public override double Normalizer(LossBlock<T> all)
    {
        double sum = 0;
        for (int row = 0; row < all.Rows; row++)
        {
            sum += all.Labels[row] == ignored ? 0 : RowWeight(all, row) * ClassWeight(all.Labels[row]);
        }

        return sum;
    }

    public override void Evaluate(SimdWidth width, LossBlock<T> block, ref LossTotals totals)
    {
        fixed (T* weights = classWeights)
        {
            double weightSum = classWeights.Length == 0 ? block.Features : FixedSum.Of(weights, classWeights.Length);
            for (int row = 0; row < block.Rows; row++)
            {
                int label = block.Labels[row];
                double weight = RowWeight(block, row);
                T* gradient = block.Gradient == null ? null : block.Gradient + ((nint)row * block.Features);
                if (label == ignored || weight == 0)
                {
                    new Span<T>(gradient, gradient == null ? 0 : block.Features).Clear();
                    continue;
                }

                Row(width, block.Output + ((nint)row * block.Features), block.Features, label, weight, weights, weightSum, gradient, block.GradientScale, ref totals);
            }
        }
    }

    // x [classes] → gradient [classes], or null.
    private void Row(SimdWidth width, T* x, int classes, int label, double weight, T* weights, double weightSum, T* gradient, double scale, ref LossTotals totals)
    {
        double smooth = smoothing / classes;
        double sharp = (1 - smoothing) * ClassWeight(label);
        SoftmaxKernel<T> kernel = new()
        {
            Logits = x,
            Classes = classes,
            Exponentials = gradient,
            Weights = weights,
            Smooths = smoothing > 0,
        };
        SimdDispatch.Run<T, SoftmaxKernel<T>>(width, ref kernel);
        double largest = FixedSum.Wide(kernel.Largest);
        double logSum = Elementary<SimdScalar<double>, double, double>.Log(kernel.Sum);

        // Without the branches, a weight of 0 would make NaN of a logit of −∞.
        double loss = sharp == 0 ? 0 : sharp * (logSum + (largest - FixedSum.Wide(x[label])));
        loss += smoothing == 0 ? 0 : smooth * ((weightSum * logSum) + kernel.Below);
        totals.Sum += weight * loss;
        totals.Decisions++;
        totals.Right += IsFirstLargest(x, label, kernel.Largest) ? 1 : 0;
        if (gradient != null)
        {
            double outer = weight * scale;
            SoftmaxGradient<T> finish = new()
            {
                Gradient = gradient,
                Classes = classes,
                Factor = T.CreateTruncating((sharp + (smoothing == 0 ? 0 : smooth * weightSum)) * outer / kernel.Sum),
                Weights = smoothing > 0 ? weights : null,
                Shift = T.CreateTruncating(-smooth * outer),
            };
            SimdDispatch.Run<T, SoftmaxGradient<T>>(width, ref finish);
            gradient[label] -= T.CreateTruncating(sharp * outer);
        }
    }

    private static bool IsFirstLargest(T* x, int label, T largest)
    {
        if (x[label] != largest)
        {
            return false;
        }

        for (int c = 0; c < label; c++)
        {
            if (x[c] == largest)
            {
                return false;
            }
        }

        return true;
    }

    private double ClassWeight(int label) => classWeights.Length == 0 ? 1 : FixedSum.Wide(classWeights[label]);

    private static double RowWeight(LossBlock<T> block, int row) => block.Weights == null ? 1 : FixedSum.Wide(block.Weights[row]);
}

/// <summary>The largest logit m, e = exp(x − m), Σ e, and for smoothing Σ v·(m − x).</summary>
/// <remarks>
/// Sums run in sixteen chains, element c in chain c mod 16, over tiles of 512; the chains of a tile, then the tiles, are
/// added in order in double. A vector holds some of the sixteen, whatever its width.
/// </remarks>
internal unsafe struct SoftmaxKernel<T> : IKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Chains = 16;
    private const int Tile = 512;

    public T* Logits;
    public int Classes;

    /// <summary>e, or null when only the sums are wanted.</summary>
    public T* Exponentials;

    /// <summary>v, or null for 1.</summary>
    public T* Weights;
    public bool Smooths;

    public T Largest;
    public double Sum;
    public double Below;

    public void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        T* tile = stackalloc T[Tile];
        Largest = Max<TSimd, TVec>(Logits, Classes);
        for (int start = 0; start < Classes; start += Tile)
        {
            int count = Math.Min(Tile, Classes - start);
            Exponential<TSimd, TVec>(Logits + start, Largest, tile, count);
            if (Exponentials != null)
            {
                new ReadOnlySpan<T>(tile, count).CopyTo(new Span<T>(Exponentials + start, count));
            }

            Sum += ChainSum<TSimd, TVec>(tile, count);
            if (Smooths)
            {
                Distance<TSimd, TVec>(Logits + start, Largest, Weights == null ? null : Weights + start, tile, count);
                Below += ChainSum<TSimd, TVec>(tile, count);
            }
        }
    }

    // The largest is the same in whatever order; NaN shows in the exponentials.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static T Max<TSimd, TVec>(T* x, nint count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        T largest = x[0];
        nint k = 0;
        if (count >= TSimd.Width)
        {
            TVec most = TSimd.Load(x);
            for (k = TSimd.Width; k <= count - TSimd.Width; k += TSimd.Width)
            {
                TVec next = TSimd.Load(x + k);
                most = TSimd.Select(TSimd.GreaterThan(most, next), most, next);
            }

            T* lanes = stackalloc T[Chains];
            TSimd.Store(lanes, most);
            largest = lanes[0];
            for (int lane = 1; lane < TSimd.Width; lane++)
            {
                largest = largest > lanes[lane] ? largest : lanes[lane];
            }
        }

        for (; k < count; k++)
        {
            largest = largest > x[k] ? largest : x[k];
        }

        return largest;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Exponential<TSimd, TVec>(T* x, T largest, T* e, nint count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TVec m = TSimd.Broadcast(largest);
        nint k = 0;
        for (; k <= count - TSimd.Width; k += TSimd.Width)
        {
            TSimd.Store(e + k, Elementary<TSimd, TVec, T>.Exp(TSimd.Subtract(TSimd.Load(x + k), m)));
        }

        for (; k < count; k++)
        {
            e[k] = Elementary<SimdScalar<T>, T, T>.Exp(x[k] - largest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Distance<TSimd, TVec>(T* x, T largest, T* v, T* d, nint count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        TVec m = TSimd.Broadcast(largest);
        nint k = 0;
        for (; k <= count - TSimd.Width; k += TSimd.Width)
        {
            TVec distance = TSimd.Subtract(m, TSimd.Load(x + k));
            TSimd.Store(d + k, v == null ? distance : TSimd.Multiply(distance, TSimd.Load(v + k)));
        }

        for (; k < count; k++)
        {
            d[k] = v == null ? largest - x[k] : (largest - x[k]) * v[k];
        }
    }

    // The tile has room for the zeros that fill its last sixteen.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double ChainSum<TSimd, TVec>(T* values, nint count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        T* chains = stackalloc T[Chains];
        for (; count % Chains != 0; count++)
        {
            values[count] = T.Zero;
        }

        for (nint chain = 0; chain < Chains; chain += TSimd.Width)
        {
            TVec sum = TSimd.Zero;
            for (nint k = chain; k < count; k += Chains)
            {
                sum = TSimd.Add(sum, TSimd.Load(values + k));
            }

            TSimd.Store(chains + chain, sum);
        }

        double total = 0;
        for (int chain = 0; chain < Chains; chain++)
        {
            total += FixedSum.Wide(chains[chain]);
        }

        return total;
    }
}

/// <summary>g ← g·factor + shift·v: exponentials become the gradient, but for the label's own term.</summary>
internal unsafe struct SoftmaxGradient<T> : IKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public T* Gradient;
    public int Classes;
    public T Factor;

    /// <summary>v, or null for 1.</summary>
    public T* Weights;
    public T Shift;

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged => Apply<TSimd, TVec>(Gradient, Factor, Weights, Shift, Classes);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<TSimd, TVec>(T* g, T factor, T* v, T shift, nint count)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
    {
        nint k = 0;
        for (; k <= count - TSimd.Width; k += TSimd.Width)
        {
            One<TSimd, TVec>(g + k, TSimd.Broadcast(factor), v == null ? TSimd.Constant(1) : TSimd.Load(v + k), TSimd.Broadcast(shift));
        }

        for (; k < count; k++)
        {
            One<SimdScalar<T>, T>(g + k, factor, v == null ? T.One : v[k], shift);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void One<TSimd, TVec>(T* g, TVec factor, TVec v, TVec shift)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        => TSimd.Store(g, TSimd.MultiplyAdd(TSimd.Load(g), factor, TSimd.Multiply(v, shift)));
}
