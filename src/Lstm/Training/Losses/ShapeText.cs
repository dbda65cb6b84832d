



using Lstm.Sequences;

namespace Lstm.Training.Losses;

/// <summary>
/// What to say of a target, labels or weights that have other rows than the output: both sizes, the usual cause and the remedy.
/// </summary>
internal static class ShapeText
{
    /// <summary>"has", or "have" after a plural.</summary>
    public static string Has(string part) => part is "labels" or "weights" ? "have" : "has";

    /// <summary>One sentence with both sizes, and one with what to do.</summary>
    /// <param name="part">What does not fit: "target", "labels of batch 3 of the training batches".</param>
    /// <param name="actual">Its shape.</param>
    /// <param name="output">The shape of the output.</param>
    public static string Of(string part, SequenceShape actual, SequenceShape output)
        => $"The {part} {Has(part.Split(' ')[0])} {actual.RowCount} rows in {actual.Count} sequences, the output " +
            $"{output.RowCount} in {output.Count}{Cause(actual, output)}.";

    private static string Cause(SequenceShape actual, SequenceShape output)
    {
        if (actual.Count != output.Count)
        {
            return "; both need the same sequences in the same order";
        }

        if (IsPooled(actual) && !IsPooled(output))
        {
            return ": there is one row per sequence, and the network gives one per step. Add a PoolingSpec before the last " +
                "layer, or give a row for each step (WindowTarget.ManyToMany)";
        }

        if (IsPooled(output) && !IsPooled(actual))
        {
            return ": the network's PoolingSpec gives one row per sequence. Give one row for each sequence " +
                "(WindowTarget.ManyToOne), or remove the PoolingSpec";
        }

        int sequence = output.Lengths.CommonPrefixLength(actual.Lengths);
        return sequence == output.Count
            ? ", in another order"
            : $": sequence {sequence} has {actual.Lengths[sequence]} rows, its output {output.Lengths[sequence]}";
    }

    private static bool IsPooled(SequenceShape shape) => shape.StepCount == 1 && shape.RowCount == shape.Count;
}
