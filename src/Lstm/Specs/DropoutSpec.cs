using Lstm.Texts;

namespace Lstm;

/// <summary>
/// A layer that sets values to 0 at random in training and scales the others by 1/(1 − p). It changes nothing in inference.
/// </summary>
public sealed record DropoutSpec : LayerSpec
{
    /// <summary>Describes a dropout layer.</summary>
    /// <param name="rate">The probability p that a value is dropped, 0 ≤ p &lt; 1.</param>
    public DropoutSpec(double rate) => Rate = rate;

    /// <summary>The probability p that a value is dropped, 0 ≤ p &lt; 1.</summary>
    public double Rate { get; init; }

    internal override string Kind => "dropout";

    private protected override CodeText Describe() => new(nameof(DropoutSpec), Rate);
}
