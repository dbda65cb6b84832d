using System.Numerics;

namespace Lstm.Formats.Foreign.Json;

/// <summary>A layer of a file.</summary>
/// <param name="source">Its name in the file, as <see cref="ImportOptions.Parts"/> gives it.</param>
/// <param name="inputs">Values per step that it takes.</param>
/// <param name="outputs">Values per step that it gives.</param>
internal abstract class JsonLayer<T>(string source, int inputs, int outputs)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public string Source => source;

    public int Inputs => inputs;

    public int Outputs => outputs;

    /// <summary>Whether the file calls it so; the layer of the network then gets this name.</summary>
    public bool HasName { get; init; }

    /// <summary>What it is in the file, with its tensors' shapes.</summary>
    public required string Text { get; init; }

    /// <summary>Why no layer of a network computes it; null if one does.</summary>
    public virtual string? WhyNot => null;

    /// <summary>The layer of the network, without its name.</summary>
    public abstract LayerSpec ToSpec();

    /// <summary>Gives its parameters their values.</summary>
    public virtual void Write(NetworkDraft<T> draft, string name)
    {
    }
}
