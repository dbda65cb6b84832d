using Lstm.Texts;

namespace Lstm.Specs;

/// <summary>Layer normalisation over the values of each step (Ba et al. 2016): y = γ⊙(x − μ)/√(σ² + ε) + β.</summary>
/// <remarks>
/// μ and σ² are the mean and the variance of the step's I values, or of the first n with <see cref="Features"/>. Parameters, in
/// PyTorch's names: <c>weight</c> γ [I], 1 at the start, and <c>bias</c> β [I], 0; or [n]. Normalisation within the
/// recurrence of an LSTM is <see cref="LayerNormalization"/>.
/// </remarks>
public sealed record LayerNormSpec : LayerSpec
{
    private const double StandardEpsilon = 1e-5;

    /// <summary>ε, the number added to the variance, 10⁻³⁰ … 10³⁰. Default 10⁻⁵.</summary>
    public double Epsilon { get; init; } = StandardEpsilon;

    /// <summary>
    /// How many values of each step are normalised, from the first on; the others pass unchanged, as skip connections need it.
    /// Null, the default, for all of them.
    /// </summary>
    public int? Features { get; init; }

    internal override string Kind => "norm";

    private protected override CodeText Describe()
        => new CodeText(nameof(LayerNormSpec)).Add(nameof(Epsilon), Epsilon, StandardEpsilon)
            .Add(nameof(Features), Features, null);
}
