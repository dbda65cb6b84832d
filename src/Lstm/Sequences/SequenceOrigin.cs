namespace Lstm.Sequences;

/// <summary>Where the sequences of a batch come from: known of a batch that the library cut from series, unknown of any other.</summary>
/// <remarks>
/// It belongs to the shape that the batch had when it was cut. A batch that was refilled since has other sequences, whose origin is
/// unknown.
/// </remarks>
internal sealed class SequenceOrigin
{
    private readonly object _cut;
    private readonly SequenceShape _shape;
    private readonly int _shapeVersion;
    private readonly (int Series, int Step)[] _starts;

    /// <summary>Notes an origin.</summary>
    /// <param name="cut">The same object for all batches of one cut.</param>
    /// <param name="shape">The shape of the batch's input.</param>
    /// <param name="starts">For each sequence the series and the step of it that its first step is.</param>
    public SequenceOrigin(object cut, SequenceShape shape, (int Series, int Step)[] starts)
        => (_cut, _shape, _shapeVersion, _starts) = (cut, shape, shape.Version, starts);

    private bool IsKnown => _shape.Version == _shapeVersion;

    /// <summary>Why carried states would continue other sequences than those of the batch before; null if they continue the same, or nobody knows.</summary>
    public string? WhyNotContinuing(SequenceOrigin previous)
    {
        if (!IsKnown || !previous.IsKnown)
        {
            return null;
        }

        if (!ReferenceEquals(_cut, previous._cut))
        {
            return "it begins another series than the batch before it ends; give all series to one call of Lanes.ToBatches, "
                + "or pair input and target in a TrainingBatch of your own if the series do continue";
        }

        for (int b = 0; b < Math.Min(_starts.Length, previous._starts.Length); b++)
        {
            (int series, int end) = previous._starts[b];
            end += previous._shape.Lengths[b];
            if (_starts[b] != (series, end))
            {
                string begins = series == _starts[b].Series ? $"step {_starts[b].Step}" : $"step {_starts[b].Step} of series {_starts[b].Series}";
                return $"sequence {b} begins at {begins} of {(series == _starts[b].Series ? "the" : "its")} series, but sequence {b} of the batch before ends before step {end}"
                    + $"{(series == _starts[b].Series ? string.Empty : $" of series {series}")}; "
                    + "cut the series with new Lanes(count, stepsPerBatch).ToBatches and keep the order of the batches";
            }
        }

        return null;
    }
}
