using Lstm.Texts;

namespace Lstm.Specs;

/// <summary>A projected hidden state (LSTMP, Sak et al. 2014).</summary>
/// <remarks>
/// h = W_hr·(o⊙tanh(c)) is the layer's output and the hidden state that its next step sees, so <c>weight_hh</c> is [4H, P]; c
/// keeps H values.
/// Adds <c>weight_hr_l{k}</c> [P, H].
/// </remarks>
public sealed record LstmProjection
{
    /// <summary>Describes a projection.</summary>
    /// <param name="size">Values P of the hidden state, at least 1.</param>
    public LstmProjection(int size) => Size = size;

    /// <summary>Values P of the hidden state, at least 1.</summary>
    public int Size { get; init; }

    /// <summary>
    /// Limit of the projected |h|, 10⁻³⁰ … 10³⁰: each value is clipped to ± this, and has no gradient where it was. Null, the
    /// default, for none.
    /// </summary>
    public double? Clip { get; init; }

    /// <summary>The projection as C#: its size, and the clip if there is one.</summary>
    public override string ToString() => new CodeText(nameof(LstmProjection), Size).Add(nameof(Clip), Clip, null).ToString();
}
