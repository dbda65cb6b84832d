using Lstm.Texts;

namespace Lstm.Specs;

/// <summary>A projection of the hidden state to fewer values (LSTMP, Sak et al. 2014).</summary>
/// <remarks>
/// h = W_hr·(o⊙tanh(c)) is the layer's output and the hidden state of its next step, so <c>weight_hh</c> is [4H, P]; c has H
/// values. Adds <c>weight_hr_l{k}</c> [P, H].
/// </remarks>
public sealed record LstmProjection
{
    /// <summary>Describes a projection without a limit.</summary>
    /// <param name="size">The number of values P of the projected hidden state, at least 1.</param>
    public LstmProjection(int size) => Size = size;

    /// <summary>The number of values P of the projected hidden state, at least 1.</summary>
    public int Size { get; init; }

    /// <summary>
    /// The limit of the projected |h|, 10⁻³⁰ … 10³⁰. Each value is clipped to ± the limit; a clipped value has no gradient. Null,
    /// the default, for no limit.
    /// </summary>
    public double? Clip { get; init; }

    /// <summary>Returns the projection as C#, with its size, and its clip if there is one.</summary>
    public override string ToString() => new CodeText(nameof(LstmProjection), Size).Add(nameof(Clip), Clip, null).ToString();
}
