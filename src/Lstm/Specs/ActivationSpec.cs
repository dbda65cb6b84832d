using Lstm.Texts;

namespace Lstm.Specs;

/// <summary>An activation as a layer of its own: a function of each value, or the softmax over the values of each step.</summary>
/// <remarks>The layer has no parameters. A loss that takes logits applies the softmax or the sigmoid itself.</remarks>
public sealed record ActivationSpec : LayerSpec
{
    /// <summary>Describes an activation.</summary>
    /// <param name="function">The function.</param>
    public ActivationSpec(ActivationFunction function) => Function = function;

    /// <summary>The function.</summary>
    public ActivationFunction Function { get; init; }

    /// <summary>α, where the function has one: 0, or 10⁻³⁰ … 10³⁰ in size. Default 0.</summary>
    public double Alpha { get; init; }

    /// <summary>β, where the function has one: 0, or 10⁻³⁰ … 10³⁰ in size. Default 0.</summary>
    public double Beta { get; init; }

    internal override string Kind => "activation";

    private protected override CodeText Describe()
        => new CodeText(nameof(ActivationSpec), Function).Add(nameof(Alpha), Alpha, 0).Add(nameof(Beta), Beta, 0);
}
