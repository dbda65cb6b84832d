using Lstm.Onnx.Files;

namespace Lstm.Onnx.Graphs;

/// <summary>The graph of a file, or a body of an If, Loop or Scan node within it.</summary>
/// <param name="graph">The graph or body.</param>
/// <param name="outer">The graph around it, whose tensors it can read; null for the file's graph.</param>
/// <param name="prefix">The names of the node and of the attribute that have the body.</param>
internal sealed class GraphScope(GraphProto graph, GraphScope? outer, (string Node, string Attribute) prefix)
{
    public GraphProto Graph => graph;

    /// <summary>The number of characters of <see cref="Path"/>, which is made when it is needed only.</summary>
    public long PathLength { get; } = outer is null ? 0 : outer.PathLength + prefix.Node.Length + prefix.Attribute.Length + 2;

    /// <summary>The way to the body, e.g. <c>If_0/then_branch/</c>; empty for the file's graph.</summary>
    public string Path => outer is null ? string.Empty : $"{outer.Path}{prefix.Node}/{prefix.Attribute}/";

    /// <summary>The graphs whose tensors can be read here, the file's own first, this one last.</summary>
    public IReadOnlyList<GraphScope> Visible
    {
        get
        {
            List<GraphScope> all = [];
            for (GraphScope? scope = this; scope is not null; scope = scope.Outer)
            {
                all.Add(scope);
            }

            all.Reverse();
            return all;
        }
    }

    private GraphScope? Outer => outer;

    /// <summary>What the file says of the shape of a tensor; null if it says nothing.</summary>
    public ValueInfoProto? FindInfo(string name)
        => Visible.Reverse()
            .SelectMany(scope => scope.Graph.Input.Concat(scope.Graph.ValueInfo).Concat(scope.Graph.Output))
            .FirstOrDefault(value => value.Name == name && value.Type?.TensorType?.Shape is not null);
}
