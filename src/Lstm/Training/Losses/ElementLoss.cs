using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Sequences;
using Lstm.Simd;
using Lstm.Training.Batches;

namespace Lstm.Training.Losses;

/// <summary>The loss of one value against its target, and the slope by the value.</summary>
internal interface IElementLoss
{
    /// <summary>Whether a value decides between two classes, so that right answers can be counted.</summary>
    static abstract bool Decides { get; }

    static abstract TVec Apply<TSimd, TVec, T>(TVec y, TVec target, TVec parameter, out TVec slope)
        where TSimd : struct, ISimd<TVec, T>
        where TVec : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}

/// <summary>A loss that is a sum over single values.</summary>
/// <param name="parameters">What <typeparamref name="TFunction"/> takes besides: one number per feature, or one for all.</param>
internal sealed unsafe class ElementLoss<TFunction, T>(params T[] parameters) : RowLoss<T>
    where TFunction : struct, IElementLoss
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override bool TakesLabels => false;

    public override bool TakesLogits => TFunction.Decides;

    public override string? WhyNotFeatures(int features)
        => parameters.Length <= 1 || parameters.Length == features ? null
        : $"The output has {features} values per row, the loss has {parameters.Length} weights; give 1 weight or {features}.";

    public override void Check(NetworkTarget<T> target, SequenceShape shape, int features, BatchPlace place)
    {
        if (TFunction.Decides && TargetScan<T>.FirstOutsideUnit(target) is { } index)
        {
            throw new ArgumentException(
                $"The target {target.Values!.Rows[index]} of {place.Of(shape, index, features)} is outside 0 … 1. " +
                $"BinaryCrossEntropyWithLogits takes 0 for no, 1 for yes, or a probability between.",
                place.Argument("target"));
        }
    }

    public override double Normalizer(LossBlock<T> all)
        => all.Features * (all.Weights == null ? all.Rows : FixedSum.Of(all.Weights, all.Rows));

    public override void Evaluate(SimdWidth width, LossBlock<T> block, ref LossTotals totals)
    {
        Debug.Assert(block.Rows == 0 || (block.Output != null && block.Target != null));
        Debug.Assert(parameters.Length <= 1 || parameters.Length == block.Features);
        fixed (T* own = parameters)
        {
            Kernel kernel = new() { Block = block, Parameters = own, ParameterCount = parameters.Length };
            SimdDispatch.Run<T, Kernel>(width, ref kernel);
            totals.Sum += kernel.Sum;
        }

        if (TFunction.Decides)
        {
            CountRight(block, ref totals);
        }
    }

    // SAFETY: a block's output, target and gradient have Rows × Features values, and its weights Rows: LossRun has checked and
    // sliced them, or LossLayer has reserved them. There are no parameters, one, or Features of them (WhyNotFeatures). A tile's
    // buffers have Tile values each, and at most Tile are used at a time.
    private static void CountRight(LossBlock<T> block, ref LossTotals totals)
    {
        T half = T.CreateChecked(0.5);
        for (int row = 0; row < block.Rows; row++)
        {
            if (block.Weights != null && block.Weights[row] == T.Zero)
            {
                continue;
            }

            for (nint k = (nint)row * block.Features; k < (row + 1) * (nint)block.Features; k++)
            {
                totals.Right += (block.Output[k] > T.Zero) == (block.Target[k] > half) ? 1 : 0;
                totals.Decisions++;
            }
        }
    }

    private struct Kernel : IKernel<T>
    {
        // A tile's losses, weights and parameters stay in the first-level cache.
        private const int Tile = 512;

        public LossBlock<T> Block;
        public T* Parameters;
        public int ParameterCount;
        public double Sum;

        // All of the tiles that is read is written before.
        [SkipLocalsInit]
        public void Invoke<TSimd, TVec>()
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged
        {
            T* losses = stackalloc T[Tile];
            T* weights = stackalloc T[Tile];
            T* parameters = stackalloc T[Tile];
            new Span<T>(weights, Tile).Fill(T.One);
            new Span<T>(parameters, Tile).Fill(ParameterCount == 0 ? T.Zero : Parameters[0]);
            T scale = T.CreateTruncating(Block.GradientScale);
            nint all = (nint)Block.Rows * Block.Features;
            for (nint start = 0; start < all; start += Tile)
            {
                nint count = nint.Min(Tile, all - start);
                Spread(start, count, weights, parameters);
                T* gradient = Block.Gradient == null ? null : Block.Gradient + start;
                Apply<TSimd, TVec>(
                    Block.Output + start, Block.Target + start, weights, parameters, losses, gradient, scale, count);
                Sum += FixedSum.Of(losses, count);
            }
        }

        /// <summary>Each element's weight, which is its row's, and parameter, which is its feature's.</summary>
        private readonly void Spread(nint start, nint count, T* weights, T* parameters)
        {
            if (Block.Weights == null && ParameterCount <= 1)
            {
                return;
            }

            (nint row, nint feature) = Math.DivRem(start, Block.Features);
            for (nint k = 0; k < count; k++)
            {
                if (Block.Weights != null)
                {
                    weights[k] = Block.Weights[row];
                }

                if (ParameterCount > 1)
                {
                    parameters[k] = Parameters[feature];
                }

                if (++feature == Block.Features)
                {
                    feature = 0;
                    row++;
                }
            }
        }

        // Optimized at once: a leaf loop that may be entered only a few times.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Apply<TSimd, TVec>(
            T* y, T* target, T* weights, T* parameters, T* losses, T* gradient, T scale, nint count)
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged
        {
            nint k = 0;
            for (; k <= count - TSimd.Width; k += TSimd.Width)
            {
                One<TSimd, TVec>(
                    y + k, target + k, weights + k, parameters + k, losses + k, gradient == null ? null : gradient + k, scale);
            }

            for (; k < count; k++)
            {
                One<SimdScalar<T>, T>(
                    y + k, target + k, weights + k, parameters + k, losses + k, gradient == null ? null : gradient + k, scale);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void One<TSimd, TVec>(T* y, T* target, T* weights, T* parameters, T* losses, T* gradient, T scale)
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged
        {
            TVec weight = TSimd.Load(weights);
            TVec without = TSimd.EqualTo(weight, TSimd.Zero);
            TVec loss =
                TFunction.Apply<TSimd, TVec, T>(TSimd.Load(y), TSimd.Load(target), TSimd.Load(parameters), out TVec slope);
            TSimd.Store(losses, TSimd.Select(without, TSimd.Zero, TSimd.Multiply(loss, weight)));
            if (gradient != null)
            {
                TVec scaled = TSimd.Multiply(slope, TSimd.Multiply(weight, TSimd.Broadcast(scale)));
                TSimd.Store(gradient, TSimd.Select(without, TSimd.Zero, scaled));
            }
        }
    }
}
