using System.Text;

namespace Lstm.Onnx;

/// <summary>What an import did.</summary>
public sealed class OnnxReport
{
    internal OnnxReport(
        IReadOnlyList<OnnxMapping> mappings, IReadOnlyList<string> layers, IReadOnlyList<string> ignored,
        IReadOnlyList<string> left)
        => (Mappings, Layers, Ignored, Left) = (mappings, layers, ignored, left);

    /// <summary>Each parameter with its source.</summary>
    public IReadOnlyList<OnnxMapping> Mappings { get; }

    /// <summary>Each layer with the node it stands for, activations and directions included.</summary>
    public IReadOnlyList<string> Layers { get; }

    /// <summary>What has no effect here, with the reason.</summary>
    public IReadOnlyList<string> Ignored { get; }

    /// <summary>Inputs and outputs that the caller has to provide or compute, with their shapes.</summary>
    public IReadOnlyList<string> Left { get; }

    /// <summary>All of it as text, a line each.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        foreach (OnnxMapping mapping in Mappings)
        {
            text.AppendLine($"{mapping.Source} [{string.Join(", ", mapping.SourceShape)}] → {mapping.Parameter}: {mapping.Note}");
        }

        Append("layer", Layers);
        Append("ignored", Ignored);
        Append("left to the caller", Left);
        return text.ToString();

        void Append(string what, IReadOnlyList<string> items)
        {
            foreach (string item in items)
            {
                text.AppendLine($"{what}: {item}");
            }
        }
    }
}
