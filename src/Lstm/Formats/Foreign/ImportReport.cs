using System.Text;

namespace Lstm.Formats;

/// <summary>What an import did with a file of another program.</summary>
public sealed record ImportReport
{
    /// <summary>The format of the file, e.g. <c>PyTorch state_dict (zip)</c>.</summary>
    public required string Format { get; init; }

    /// <summary>Each parameter of the network with the tensor that it comes from.</summary>
    public IReadOnlyList<ImportMapping> Mappings { get; init; } = [];

    /// <summary>Each layer of the network with what it stands for in the file: activations, directions, merges.</summary>
    public IReadOnlyList<string> Layers { get; init; } = [];

    /// <summary>What the file has and the network does not need, each with the reason.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>What the caller has to provide or compute, such as layers that cannot be expressed, with their shapes.</summary>
    public IReadOnlyList<string> Left { get; init; } = [];

    /// <summary>The whole report as text, one line for each item.</summary>
    public override string ToString()
    {
        StringBuilder text = new(Format + "\n");
        Append("layer", Layers);
        Append("tensor", Mappings);
        Append("ignored", Ignored);
        Append("left to the caller", Left);
        return text.ToString();

        void Append<TItem>(string what, IReadOnlyList<TItem> items)
        {
            foreach (TItem item in items)
            {
                text.Append(what).Append(": ").Append(item).Append('\n');
            }
        }
    }
}
