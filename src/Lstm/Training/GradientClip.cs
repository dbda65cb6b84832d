using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Kernels.Products;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Texts;
using Lstm.Training;

namespace Lstm;

/// <summary>
/// A limit of the gradient, applied between Backward and the optimizer's step (Pascanu, Mikolov &amp; Bengio 2013).
/// </summary>
/// <remarks>
/// Norms are Euclidean. They are summed in double over fixed blocks in order, which gives the same bits on every SIMD width. The
/// gradients of frozen parameters are neither part of the norm nor changed, as in PyTorch for parameters without a gradient.
/// </remarks>
public sealed class GradientClip
{
    private static readonly string[] Alone = [string.Empty];

    private readonly Limit _limit;
    private readonly double _most;

    private GradientClip(Limit limit, double most, string argument)
    {
        if (!(double.IsFinite(most) && most > 0))
        {
            throw new ArgumentOutOfRangeException(argument, most, "The limit of the gradient has to be finite and above 0.");
        }

        _limit = limit;
        _most = most;
    }

    private enum Limit
    {
        Nothing,
        GlobalNorm,
        TensorNorm,
        Value,
    }

    /// <summary>No limit: the norm is measured and the gradient does not change.</summary>
    public static GradientClip None { get; } = new(Limit.Nothing, 1, string.Empty);

    /// <summary>
    /// Limits the norm of the whole gradient: scales it by max/(norm + 10⁻⁶) if that is below 1, as PyTorch's
    /// <c>clip_grad_norm_</c>.
    /// </summary>
    /// <param name="max">The limit of the norm of all gradients together, finite and above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="max"/> is not finite, or not above 0.</exception>
    public static GradientClip ByGlobalNorm(double max) => new(Limit.GlobalNorm, max, nameof(max));

    /// <summary>
    /// Limits the norm of each parameter's gradient: scales the gradient by max/(norm + 10⁻⁶) if that is below 1.
    /// </summary>
    /// <param name="max">The limit of the norm of each parameter's gradient, finite and above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="max"/> is not finite, or not above 0.</exception>
    public static GradientClip ByTensorNorm(double max) => new(Limit.TensorNorm, max, nameof(max));

    /// <summary>Limits each element of the gradient to −max … max.</summary>
    /// <param name="max">The limit of the absolute value of each element, finite and above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="max"/> is not finite, or not above 0.</exception>
    public static GradientClip ByValue(double max) => new(Limit.Value, max, nameof(max));

    /// <summary>Applies the limit to a gradient.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="gradient">The gradient, changed in place.</param>
    /// <returns>The norm of all gradients together before the limit is applied.</returns>
    /// <exception cref="ArgumentException">
    /// The limit is rounded to 0 in <typeparamref name="T"/>, or a limit by value to infinity. Nothing is changed.
    /// </exception>
    /// <exception cref="NonFiniteGradientException">
    /// A gradient, or the sum of its squares, is infinite or NaN. Nothing is changed.
    /// </exception>
    /// <exception cref="InvalidOperationException">A pass or an optimizer uses the gradient.</exception>
    public double Apply<T>(Gradient<T> gradient)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(gradient);
        return Apply(new ReadOnlySpan<Gradient<T>>(in gradient), Alone, SimdDispatch.Best, null);
    }

    /// <summary>Returns the kind of the limit and its value as text.</summary>
    public override string ToString() => _limit == Limit.Nothing ? nameof(None) : InvariantText.Of($"{_limit} {_most}");

    /// <summary>Limits the gradients of several networks together, shared among the workers of a team.</summary>
    /// <remarks>Workers share whole blocks and elements, so that any number of them gives the same bits.</remarks>
    /// <param name="gradients">The gradients, changed in place.</param>
    /// <param name="names">The names of their networks.</param>
    /// <param name="width">The SIMD width.</param>
    /// <param name="team">The workers; null for none.</param>
    internal double Apply<T>(ReadOnlySpan<Gradient<T>> gradients, IReadOnlyList<string> names, SimdWidth width, WorkerTeam? team)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // A norm may be beyond T's largest number; as a factor's numerator, or as a value, the limit must not vanish.
        if (NumberCheck<T>.WhyNot(_limit == Limit.Value ? _most : Math.Min(_most, 1)) is { } problem)
        {
            throw new ArgumentException(
                InvariantText.Of($"The limit {_most} of the clipping is {problem}: no gradient would be left, or none clipped."),
                "gradient");
        }

        return ApplyFrom(gradients, names, width, team, 0);
    }

    // Takes the gradients from one on, then limits all.
    private double ApplyFrom<T>(
        ReadOnlySpan<Gradient<T>> gradients, IReadOnlyList<string> names, SimdWidth width, WorkerTeam? team, int first)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (first < gradients.Length)
        {
            using Use.Taking taken = Gradient<T>.Take(gradients[first]);
            return ApplyFrom(gradients, names, width, team, first + 1);
        }

        double norm = Math.Sqrt(SumOfSquares(gradients, names, width, team));
        foreach (Gradient<T> gradient in gradients)
        {
            Scale(gradient, norm, width, team);
        }

        return norm;
    }

    private static double SumOfSquares<T>(
        ReadOnlySpan<Gradient<T>> gradients, IReadOnlyList<string> names, SimdWidth width, WorkerTeam? team)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double sum = 0;
        for (int g = 0; g < gradients.Length; g++)
        {
            IReadOnlyList<Parameter> parameters = gradients[g].Layout.All;
            for (int i = 0; i < parameters.Count; i++)
            {
                if (!parameters[i].Trainable)
                {
                    continue;
                }

                // The sum, not its parts: it may overflow where they do not.
                sum += Squares(gradients[g], parameters[i], width, team);
                if (!double.IsFinite(sum))
                {
                    string prefix = names[g].Length == 0 ? string.Empty : names[g] + ".";
                    throw new NonFiniteGradientException(prefix + parameters[i].Name, Math.Sqrt(sum));
                }
            }
        }

        return sum;
    }

    private unsafe void Scale<T>(Gradient<T> gradient, double norm, SimdWidth width, WorkerTeam? team)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < gradient.Layout.All.Count && _limit != Limit.Nothing; i++)
        {
            Parameter parameter = gradient.Layout.All[i];
            double factor = _limit switch
            {
                Limit.GlobalNorm => _most / (norm + 1e-6),
                Limit.TensorNorm => _most / (Math.Sqrt(Squares(gradient, parameter, width, team)) + 1e-6),
                _ => 0,
            };
            if (parameter.Trainable && factor < 1)
            {
                // SAFETY: offset and packed length are those of the layout that the gradient's buffer was made for, in Gradient's
                // constructor.
                Debug.Assert(
                    parameter.Offset >= 0
                    && parameter.Offset + parameter.PackedLength <= gradient.Flat.Length, "A parameter is out of its buffer.");
                ClipKernel<T> kernel = new()
                {
                    Width = width,
                    Values = gradient.Buffer.Pointer + parameter.Offset,
                    Count = parameter.PackedLength,
                    Clamps = _limit == Limit.Value,
                    Number = T.CreateTruncating(_limit == Limit.Value ? _most : factor),
                };
                kernel.Run(team);
            }
        }

        GC.KeepAlive(gradient);
    }

    private static unsafe double Squares<T>(Gradient<T> gradient, Parameter parameter, SimdWidth width, WorkerTeam? team)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // SAFETY: offset and packed length are those of the layout that the gradient's buffer was made for, in Gradient's
        // constructor.
        Debug.Assert(
            parameter.Offset >= 0
            && parameter.Offset + parameter.PackedLength <= gradient.Flat.Length, "A parameter is out of its buffer.");
        double sum = SquareSum<T>.Of(width, gradient.Buffer.Pointer + parameter.Offset, parameter.PackedLength, team);
        GC.KeepAlive(gradient);
        return sum;
    }

    // SAFETY: Values and Count are a parameter's values in a gradient, see Scale; a share is a part of them (WorkShare.Of).
    private unsafe struct ClipKernel<T> : IKernel<T>, IJob
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public SimdWidth Width;
        public T* Values;
        public nint Count;
        public bool Clamps;

        /// <summary>The factor, or the limit.</summary>
        public T Number;

        private nint _from;
        private nint _to;

        public void Run(WorkerTeam? team)
        {
            if (team is null)
            {
                Run(WorkShare.Whole);
            }
            else
            {
                team.Run(ref this);
            }
        }

        public readonly long Work => (long)Count * JobWork.Element;

        public readonly int SharesFor(int workers) => workers;

        public void Run(WorkShare share)
        {
            // Shares begin on cache lines: no two workers write to one.
            int line = PanelLayout.LineOf<T>();
            (int from, int to) = share.Of((int)((Count + line - 1) / line));
            _from = from * line;
            _to = nint.Min(Count, to * line);
            SimdDispatch.Run<T, ClipKernel<T>>(Width, ref this);
        }

        public readonly void Invoke<TSimd, TVec>()
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged => Apply<TSimd, TVec>(Values + _from, _to - _from, Clamps, Number);

        // Optimized at once: a leaf loop that may be entered only a few times.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Apply<TSimd, TVec>(T* values, nint count, bool clamps, T number)
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged
        {
            for (; count >= TSimd.Width; count -= TSimd.Width, values += TSimd.Width)
            {
                One<TSimd, TVec>(values, clamps, TSimd.Broadcast(number));
            }

            for (; count > 0; count--, values++)
            {
                One<SimdScalar<T>, T>(values, clamps, number);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void One<TSimd, TVec>(T* value, bool clamps, TVec number)
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged
        {
            TVec x = TSimd.Load(value);
            TVec clamped = TSimd.Select(TSimd.GreaterThan(TSimd.Abs(x), number), TSimd.CopySign(number, x), x);
            TSimd.Store(value, clamps ? clamped : TSimd.Multiply(x, number));
        }
    }
}
