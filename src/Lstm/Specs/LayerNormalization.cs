using Lstm.Texts;

namespace Lstm.Specs;

/// <summary>
/// Layer normalisation (Ba et al. 2016): the values of each row, W_ih x and W_hh h each over its 4H values, c over its H values.
/// </summary>
public sealed record LayerNormalization : LstmNormalization
{
    private protected override CodeText Describe() => new(nameof(LayerNormalization));
}
