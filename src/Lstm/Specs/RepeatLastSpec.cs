using Lstm.Texts;

namespace Lstm.Specs;

/// <summary>
/// Repeats each sequence's last row for a number of steps: Keras's RepeatVector after a pooling, as in autoencoders.
/// </summary>
/// <remarks>
/// A sequence of length zero becomes as many rows of zeros. What follows sees sequences of <see cref="Steps"/> steps.
/// </remarks>
public sealed record RepeatLastSpec : LayerSpec
{
    /// <summary>Describes a repetition.</summary>
    /// <param name="steps">Steps out per sequence, at least 1.</param>
    public RepeatLastSpec(int steps) => Steps = steps;

    /// <summary>Steps out per sequence, at least 1.</summary>
    public int Steps { get; init; }

    internal override string Kind => "repeat";

    private protected override CodeText Describe() => new(nameof(RepeatLastSpec), Steps);
}
