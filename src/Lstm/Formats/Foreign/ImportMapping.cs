using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>Where a parameter of an imported network comes from.</summary>
/// <param name="Source">The name of the tensor in the file.</param>
/// <param name="SourceShape">The tensor's shape in the file.</param>
/// <param name="Parameter">The name of the network's parameter, e.g. <c>lstm.weight_ih_l0</c>.</param>
/// <param name="Note">What was done: transposed or not, the order of the gates, biases summed, a forget bias added.</param>
public sealed record ImportMapping(string Source, IReadOnlyList<int> SourceShape, string Parameter, string Note)
{
    /// <summary>The mapping as one line.</summary>
    public override string ToString()
        => InvariantText.Of($"{Source} [{string.Join(", ", SourceShape)}] -> {Parameter}: {Note}");
}
