using Lstm.Texts;

namespace Lstm;

/// <summary>A fully connected layer, applied to each step: y = φ(W x + b).</summary>
/// <remarks>Parameters: <c>weight</c> [O, I], Glorot uniform, and <c>bias</c> [O], zero.</remarks>
public sealed record DenseSpec : LayerSpec
{
    /// <summary>Describes a fully connected layer without activation.</summary>
    /// <param name="outputSize">The number of output values O per step, at least 1.</param>
    public DenseSpec(int outputSize) => OutputSize = outputSize;

    /// <summary>The number of output values O per step, at least 1.</summary>
    public int OutputSize { get; init; }

    /// <summary>The activation φ, applied to each output value. Default <see cref="Activation.None"/>.</summary>
    public Activation Activation { get; init; } = Activation.None;

    /// <summary>Whether the layer has the bias b. Default true.</summary>
    public bool Bias { get; init; } = true;

    internal override string Kind => "dense";

    private protected override CodeText Describe() => new CodeText(nameof(DenseSpec), OutputSize)
        .Add(nameof(Activation), Activation, Activation.None).Add(nameof(Bias), Bias, true);
}
