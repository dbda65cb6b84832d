using System.Numerics;
using Lstm.Runtime;
using Lstm.Training.Optimizers;

namespace Lstm;

/// <summary>The AdamW optimizer: Adam with decoupled weight decay (Loshchilov &amp; Hutter 2019), as in PyTorch.</summary>
/// <remarks>
/// p ← p·(1 − η·λ);  m ← β₁·m + (1 − β₁)·g;  v ← β₂·v + (1 − β₂)·g²;
/// p ← p − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε). t counts the steps of each parameter; βᵗ is a running product.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class AdamW<T> : Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Initializes an AdamW optimizer.</summary>
    /// <param name="learningRate">The learning rate η, finite and at least 0.</param>
    /// <param name="beta1">The decay rate β₁ of the average of gradients, 0 ≤ β₁ &lt; 1.</param>
    /// <param name="beta2">The decay rate β₂ of the average of squared gradients, 0 ≤ β₂ &lt; 1.</param>
    /// <param name="epsilon">The number ε that is added to the denominator, finite and above 0.</param>
    /// <param name="weightDecay">The weight decay λ, finite and at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    public AdamW(
        double learningRate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 1e-2)
        : base(learningRate, weightDecay, AdamRule<T>.Buffers, AdamRule<T>.Scalars)
    {
        Beta1 = CheckFraction(beta1, nameof(beta1));
        Beta2 = CheckFraction(beta2, nameof(beta2));
        Epsilon = CheckEpsilon(epsilon, nameof(epsilon));
    }

    /// <summary>The decay rate β₁ of the average of gradients.</summary>
    public double Beta1 { get; }

    /// <summary>The decay rate β₂ of the average of squared gradients.</summary>
    public double Beta2 { get; }

    /// <summary>The number ε that is added to the denominator of an update.</summary>
    public double Epsilon { get; }

    internal override IReadOnlyList<(string Name, string Value)> Description =>
        [("kind", "adamw"), ("beta1", Text(Beta1)), ("beta2", Text(Beta2)), ("epsilon", Text(Epsilon))];

    private protected override void UpdateRange(
        OptimizerPart<T> part, Gradient<T> gradient, int first, int end, int from, int to, double learningRate,
        double weightDecay,
        WorkerTeam? team)
    {
        AdamRule<T> rule = AdamRule<T>.Next(part, gradient, first, end, learningRate, Beta1, Beta2, Epsilon);
        rule.Keep = Number(1 - (learningRate * weightDecay));
        Run(part.Network, rule, from, to, team);
    }
}
