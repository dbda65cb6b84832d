using Lstm.Texts;

namespace Lstm.Specs;

/// <summary>
/// Layer normalisation (Ba et al. 2016): each row is normalised over its values, W_ih x and W_hh h over 4H values each, c over H
/// values.
/// </summary>
public sealed record LayerNormalization : LstmNormalization
{
    private protected override CodeText Describe() => new(nameof(LayerNormalization));
}
