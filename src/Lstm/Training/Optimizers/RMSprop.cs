using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Training.Optimizers;

namespace Lstm;

/// <summary>The RMSprop optimizer (Tieleman &amp; Hinton 2012; centred: Graves 2013), as in PyTorch.</summary>
/// <remarks>
/// g ← g + λ·p, unless λ = 0;  v ← α·v + (1 − α)·g²;  centred: a ← α·a + (1 − α)·g and s = v − a², at least 0, else s = v;
/// d = g/(√s + ε);  with momentum: b ← μ·b + d, d ← b;  p ← p − η·d.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed unsafe class RMSprop<T> : Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Initializes an RMSprop optimizer.</summary>
    /// <param name="learningRate">The learning rate η, finite and at least 0.</param>
    /// <param name="alpha">The decay rate α of the averages, 0 ≤ α &lt; 1.</param>
    /// <param name="epsilon">The number ε that is added to the denominator, finite and above 0.</param>
    /// <param name="momentum">The momentum μ, 0 ≤ μ &lt; 1.</param>
    /// <param name="centered">Whether the squared mean of the gradients is subtracted from their second moment.</param>
    /// <param name="weightDecay">The weight decay λ, finite and at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    public RMSprop(
        double learningRate = 1e-2, double alpha = 0.99, double epsilon = 1e-8, double momentum = 0, bool centered = false,
        double weightDecay = 0)
        : base(learningRate, weightDecay,
            ["square_avg", .. centered ? ["grad_avg"] : Array.Empty<string>(), .. momentum > 0 ? ["momentum_buffer"]
            : Array.Empty<string>()], [])
    {
        Alpha = CheckFraction(alpha, nameof(alpha));
        Epsilon = CheckEpsilon(epsilon, nameof(epsilon));
        Momentum = CheckFraction(momentum, nameof(momentum));
        Centered = centered;
    }

    /// <summary>The decay rate α of the averages of gradients and squared gradients.</summary>
    public double Alpha { get; }

    /// <summary>The number ε that is added to the denominator of an update.</summary>
    public double Epsilon { get; }

    /// <summary>The momentum μ; 0 for none.</summary>
    public double Momentum { get; }

    /// <summary>Whether the squared mean of the gradients is subtracted from their second moment.</summary>
    public bool Centered { get; }

    internal override IReadOnlyList<(string Name, string Value)> Description =>
        [("kind", "rmsprop"), ("alpha", Text(Alpha)), ("epsilon", Text(Epsilon)), ("momentum", Text(Momentum)),
        ("centered", Centered ? "true" : "false")];

    private protected override void UpdateRange(
        OptimizerPart<T> part, Gradient<T> gradient, int first, int end, int from, int to, double learningRate,
        double weightDecay,
        WorkerTeam? team)
    {
        Rule rule = new()
        {
            Parameters = part.Network.ParameterPointer,
            Gradient = gradient.Buffer.Pointer,
            Square = part.Buffers[0].Pointer,
            Mean = Centered ? part.Buffers[1].Pointer : null,
            Velocity = Momentum > 0 ? part.Buffers[^1].Pointer : null,
            LearningRate = Number(learningRate),
            Decays = Number(weightDecay) != T.Zero,
            Decay = Number(weightDecay),
            Alpha = Number(Alpha),
            Fresh = Number(1 - Alpha),
            Momentum = Number(Momentum),
            Epsilon = Number(Epsilon),
        };
        Run(part.Network, rule, from, to, team);
    }

    // SAFETY: all pointers are to buffers as long as the parameters' layout: the network's own, a gradient's of that layout
    // (Optimizer.Step checks it), and the state's (OptimizerPart). An index lies in a range of parameters of that layout,
    // which Optimizer.Run asserts.
    private struct Rule : IUpdateRule<T>
    {
        public T* Parameters;
        public T* Gradient;
        public T* Square;
        public T* Mean;
        public T* Velocity;
        public T LearningRate;

        /// <summary>Whether λ·p is added: 0·∞ would be NaN.</summary>
        public bool Decays;
        public T Decay;
        public T Alpha;
        public T Fresh;
        public T Momentum;
        public T Epsilon;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Update<TSimd, TVec>(nint index)
            where TSimd : struct, ISimd<TVec, T>
            where TVec : unmanaged
        {
            TVec p = TSimd.Load(Parameters + index);
            TVec g = TSimd.Load(Gradient + index);
            if (Decays)
            {
                g = TSimd.MultiplyAdd(p, TSimd.Broadcast(Decay), g);
            }

            TVec alpha = TSimd.Broadcast(Alpha);
            TVec fresh = TSimd.Broadcast(Fresh);
            TVec v = TSimd.MultiplyAdd(TSimd.Multiply(g, g), fresh, TSimd.Multiply(TSimd.Load(Square + index), alpha));
            TSimd.Store(Square + index, v);
            if (Mean != null)
            {
                TVec a = TSimd.MultiplyAdd(g, fresh, TSimd.Multiply(TSimd.Load(Mean + index), alpha));
                TSimd.Store(Mean + index, a);
                v = TSimd.NegatedMultiplyAdd(a, a, v);
                v = TSimd.Select(TSimd.GreaterThan(TSimd.Zero, v), TSimd.Zero, v);
            }

            TVec d = TSimd.Divide(g, TSimd.Add(TSimd.Sqrt(v), TSimd.Broadcast(Epsilon)));
            if (Velocity != null)
            {
                d = TSimd.MultiplyAdd(TSimd.Load(Velocity + index), TSimd.Broadcast(Momentum), d);
                TSimd.Store(Velocity + index, d);
            }

            TSimd.Store(Parameters + index, TSimd.NegatedMultiplyAdd(d, TSimd.Broadcast(LearningRate), p));
        }
    }
}
