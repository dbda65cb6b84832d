using System.Numerics;
using System.Runtime.CompilerServices;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Training.Optimizers;

namespace Lstm;

/// <summary>
/// The optimizer of stochastic gradient descent, with optional momentum (Polyak 1964) or Nesterov momentum (Sutskever et al.
/// 2013), as in PyTorch.
/// </summary>
/// <remarks>
/// g ← g + λ·p, unless λ = 0; with momentum: b ← μ·b + (1 − d)·g (b ← g at a parameter's first step), g ← b, or g + μ·b for
/// Nesterov momentum; p ← p − η·g.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed unsafe class Sgd<T> : Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Initializes a stochastic gradient descent optimizer.</summary>
    /// <param name="learningRate">The learning rate η, finite and at least 0.</param>
    /// <param name="momentum">The momentum μ, 0 ≤ μ &lt; 1.</param>
    /// <param name="nesterov">Whether to use Nesterov momentum, which needs a momentum above 0 and a dampening of 0.</param>
    /// <param name="weightDecay">The weight decay λ, finite and at least 0.</param>
    /// <param name="dampening">The dampening d of the momentum, 0 ≤ d &lt; 1.</param>
    /// <exception cref="ArgumentException">
    /// A value is out of range, or <paramref name="nesterov"/> is true without momentum or with dampening.
    /// </exception>
    public Sgd(double learningRate, double momentum = 0, bool nesterov = false, double weightDecay = 0, double dampening = 0)
        : base(learningRate, weightDecay, momentum > 0 ? ["momentum_buffer"] : [], momentum > 0 ? [("first", 1)] : [])
    {
        Momentum = CheckFraction(momentum, nameof(momentum));
        Dampening = CheckFraction(dampening, nameof(dampening));
        Nesterov = nesterov && (momentum == 0 || dampening != 0)
            ? throw new ArgumentException(
                $"Nesterov momentum needs a momentum above 0 and a dampening of 0; they are {momentum} and {dampening}.",
                nameof(nesterov))
            : nesterov;
    }

    /// <summary>The momentum μ; 0 for none.</summary>
    public double Momentum { get; }

    /// <summary>The dampening d: a gradient enters the momentum times 1 − d.</summary>
    public double Dampening { get; }

    /// <summary>Whether the optimizer uses Nesterov momentum.</summary>
    public bool Nesterov { get; }

    internal override IReadOnlyList<(string Name, string Value)> Description =>
        [("kind", "sgd"), ("momentum", Text(Momentum)), ("dampening", Text(Dampening)),
        ("nesterov", Nesterov ? "true" : "false")];

    private protected override void UpdateRange(
        OptimizerPart<T> part, Gradient<T> gradient, int first, int end, int from, int to, double learningRate,
        double weightDecay,
        WorkerTeam? team)
    {
        bool isFirst = Momentum > 0 && part.Scalars[0][first] == 1;
        Rule rule = new()
        {
            Parameters = part.Network.ParameterPointer,
            Gradient = gradient.Buffer.Pointer,
            Velocity = Momentum > 0 ? part.Buffers[0].Pointer : null,
            LearningRate = Number(learningRate),
            Decays = Number(weightDecay) != T.Zero,
            Decay = Number(weightDecay),
            Momentum = Number(Momentum),
            Fresh = Number(isFirst ? 1 : 1 - Dampening),
            Nesterov = Nesterov,
        };
        Run(part.Network, rule, from, to, team);
        if (isFirst)
        {
            part.Scalars[0].AsSpan(first..end).Clear();
        }
    }

    // SAFETY: all pointers are to buffers as long as the parameters' layout: the network's own, a gradient's of that layout
    // (Optimizer.Step checks it), and the state's (OptimizerPart). An index lies in a range of parameters of that layout,
    // which Optimizer.Run asserts.
    private struct Rule : IUpdateRule<T>
    {
        public T* Parameters;
        public T* Gradient;
        public T* Velocity;
        public T LearningRate;

        /// <summary>Whether λ·p is added: 0·∞ would be NaN.</summary>
        public bool Decays;
        public T Decay;
        public T Momentum;
        public T Fresh;
        public bool Nesterov;

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

            if (Velocity != null)
            {
                TVec momentum = TSimd.Broadcast(Momentum);
                TVec b = TSimd.MultiplyAdd(TSimd.Load(Velocity + index), momentum, TSimd.Multiply(g, TSimd.Broadcast(Fresh)));
                TSimd.Store(Velocity + index, b);
                g = Nesterov ? TSimd.MultiplyAdd(b, momentum, g) : b;
            }

            TSimd.Store(Parameters + index, TSimd.NegatedMultiplyAdd(g, TSimd.Broadcast(LearningRate), p));
        }
    }
}
