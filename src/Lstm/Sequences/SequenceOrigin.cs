namespace Lstm.Sequences;

/// <summary>The origin of a batch's sequences; known only for a batch that the library cut from series.</summary>
internal sealed class SequenceOrigin
{
    private readonly object _cut;
    private readonly SequenceShape _shape;
    private readonly int _shapeVersion;
    private readonly LanePart[] _parts;

    /// <summary>Notes an origin.</summary>
    /// <param name="cut">The same object for all batches of one cut.</param>
    /// <param name="shape">The shape of the batch's input.</param>
    /// <param name="parts">The steps of a series that each sequence has.</param>
    /// <param name="isLanes">Whether the batches were cut to continue each other.</param>
    public SequenceOrigin(object cut, SequenceShape shape, LanePart[] parts, bool isLanes)
        => (_cut, _shape, _shapeVersion, _parts, IsLanes) = (cut, shape, shape.Version, parts, isLanes);

    /// <summary>Whether the batches were cut to continue each other.</summary>
    public bool IsLanes { get; }

    /// <summary>Whether a batch of this shape still has the sequences that it was cut with, and was not refilled since.</summary>
    public bool IsOf(SequenceShape shape) => ReferenceEquals(shape, _shape) && shape.Version == _shapeVersion;

    /// <summary>
    /// The reason why carried states would continue other sequences than those of the previous batch; null if they continue the
    /// same.
    /// </summary>
    public string? WhyNotContinuing(SequenceOrigin previous)
    {
        if (!ReferenceEquals(_cut, previous._cut))
        {
            return "it begins another series than the batch before it ends; give all series to one call of Lanes.ToBatches, "
                + "or pair input and target in a TrainingBatch of your own if the series do continue";
        }

        for (int b = 0; b < Math.Min(_parts.Length, previous._parts.Length); b++)
        {
            (LanePart begun, LanePart ended) = (_parts[b], previous._parts[b]);
            if (begun.Series != ended.Series || begun.First != ended.First + ended.Steps)
            {
                bool isSame = begun.Series == ended.Series;
                string of = isSame ? "the series" : $"series {begun.Series}";
                string before = isSame ? string.Empty : $" of series {ended.Series}";
                return $"sequence {b} begins at step {begun.First} of {of}, but sequence {b} of the batch before ends before " +
                    $"step "
                    + $"{ended.First + ended.Steps}{before}; cut the series with new Lanes(count, stepsPerBatch).ToBatches " +
                    $"and keep the order of the batches";
            }
        }

        return null;
    }
}
