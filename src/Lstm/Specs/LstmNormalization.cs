using Lstm.Texts;

namespace Lstm.Specs;

/// <summary>
/// The base class of normalisations to mean 0 and variance 1 within an LSTM layer: <see cref="LayerNormalization"/> and
/// <see cref="BatchNormalization"/>.
/// </summary>
/// <remarks>
/// z = γ_x⊙N(W_ih x) + γ_h⊙N(W_hh h) + b and h = o⊙tanh(γ_c⊙N(c) + β_c). The c that is carried to the next step is not
/// normalised. Adds <c>norm_ih_weight_l{k}</c> and <c>norm_hh_weight_l{k}</c> [4H], <c>norm_c_weight_l{k}</c> and
/// <c>norm_c_bias_l{k}</c> [H].
/// </remarks>
public abstract record LstmNormalization
{
    private const double StandardEpsilon = 1e-5;

    private protected LstmNormalization()
    {
    }

    /// <summary>The number that is added to the variance, 10⁻³⁰ … 10³⁰. Default 10⁻⁵.</summary>
    public double Epsilon { get; init; } = StandardEpsilon;

    /// <summary>Returns the normalisation as C#, with the properties that differ from their defaults.</summary>
    public sealed override string ToString() => Describe().Add(nameof(Epsilon), Epsilon, StandardEpsilon).ToString();

    private protected abstract CodeText Describe();
}
