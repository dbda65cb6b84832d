using Lstm.Texts;

namespace Lstm;

/// <summary>Drops values at random while training and scales the kept ones by 1/(1 − p); does nothing otherwise.</summary>
public sealed record DropoutSpec : LayerSpec
{
    /// <summary>Describes a dropout.</summary>
    /// <param name="rate">Share p dropped, 0 ≤ p &lt; 1.</param>
    public DropoutSpec(double rate) => Rate = rate;

    /// <summary>Share p dropped, 0 ≤ p &lt; 1.</summary>
    public double Rate { get; init; }

    internal override string Kind => "dropout";

    private protected override CodeText Describe() => new(nameof(DropoutSpec), Rate);
}
