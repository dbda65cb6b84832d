using System.Text;

namespace Lstm.Onnx.Files;

/// <summary>A node and its attributes by name.</summary>
internal sealed class NodeAttributes
{
    private readonly Dictionary<string, AttributeProto> _all = new(StringComparer.Ordinal);

    public NodeAttributes(NodeProto node)
    {
        foreach (AttributeProto attribute in node.Attribute)
        {
            _all.TryAdd(attribute.Name, attribute);
        }
    }

    public bool Has(string name) => _all.ContainsKey(name);

    public long Int(string name, long none) => _all.TryGetValue(name, out AttributeProto? attribute) ? attribute.I : none;

    public double Float(string name, double none) => _all.TryGetValue(name, out AttributeProto? attribute) ? attribute.F : none;

    public long[]? Ints(string name) => _all.TryGetValue(name, out AttributeProto? attribute) ? [.. attribute.Ints] : null;

    public double[] Floats(string name)
        => _all.TryGetValue(name, out AttributeProto? attribute) ? [.. attribute.Floats.Select(value => (double)value)] : [];

    public string? Text(string name) => _all.TryGetValue(name, out AttributeProto? attribute) ? attribute.S.ToStringUtf8() : null;

    public string[] Texts(string name)
        => _all.TryGetValue(name, out AttributeProto? attribute)
            ? [.. attribute.Strings.Select(text => text.ToString(Encoding.UTF8))] : [];

    public TensorProto? Tensor(string name) => _all.TryGetValue(name, out AttributeProto? attribute) ? attribute.T : null;
}
