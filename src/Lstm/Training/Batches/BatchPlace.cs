



using Lstm.Sequences;

namespace Lstm.Training.Batches;

/// <summary>Where the caller finds a batch that is checked; the default for one that is no part of a list.</summary>
/// <param name="argument">The name of the argument that the list is.</param>
/// <param name="list">The list as it is named in messages, such as "training batches".</param>
/// <param name="index">The batch's index in it.</param>
internal readonly struct BatchPlace(string argument, string list, int index)
{
    private readonly string? _argument = argument;

    /// <summary>The argument's name: the list's, or that of the batch itself.</summary>
    public string Argument(string own) => _argument ?? own;

    /// <summary>A row, as the caller counts: "sequence 2, step 3, batch 33 of the training batches".</summary>
    public string Of(SequenceShape shape, int row)
    {
        (int sequence, int step) = shape.Place(row);
        return $"sequence {sequence}, step {shape.FirstStep + step}{(_argument is null ? string.Empty : $", {Batch}")}";
    }

    /// <summary>"sequence 2, step 3, batch 33 of the training batches", in a feature of a row where there are several.</summary>
    public string Of(SequenceShape shape, int index, int features)
        => (features == 1 ? string.Empty : $"feature {index % features} of ") + Of(shape, index / features);

    /// <summary>A part of the batch: "target", or "target of batch 33 of the training batches".</summary>
    public string Part(string part) => _argument is null ? part : $"{part} of {Batch}";

    /// <summary>" (batch 33 of the training batches)", or nothing.</summary>
    public string Suffix => _argument is null ? string.Empty : $" ({Batch})";

    private string Batch => $"batch {index} of the {list}";
}
