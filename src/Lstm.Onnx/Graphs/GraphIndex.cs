using Lstm.Onnx.Files;

namespace Lstm.Onnx.Graphs;

/// <summary>All nodes of a file by name: those of its graph, and those of the bodies of If, Loop and Scan.</summary>
internal sealed class GraphIndex
{
    private const int MostShown = 10;
    private readonly List<(NodeProto Node, GraphScope Scope)> _nodes = [];

    /// <exception cref="InvalidDataException">Two tensors of one graph have the same name.</exception>
    public GraphIndex(GraphProto graph)
    {
        Main = new GraphScope(graph, null, default);
        Queue<GraphScope> open = new([Main]);
        while (open.TryDequeue(out GraphScope? scope))
        {
            HashSet<string> names = new(StringComparer.Ordinal);
            foreach (string name in scope.Graph.Initializer.Select(tensor => tensor.Name)
                .Concat(scope.Graph.Node.SelectMany(node => node.Output)))
            {
                if (name.Length > 0 && !names.Add(name))
                {
                    throw new InvalidDataException(
                        $"The graph is broken: two of its tensors have the name '{Shorten.Text(name)}'.");
                }
            }

            foreach (NodeProto node in scope.Graph.Node)
            {
                _nodes.Add((node, scope));
                foreach (AttributeProto attribute in node.Attribute)
                {
                    foreach (GraphProto body in attribute.G is null ? attribute.Graphs : [attribute.G, .. attribute.Graphs])
                    {
                        open.Enqueue(new GraphScope(body, scope, (Label(node), attribute.Name)));
                    }
                }
            }
        }
    }

    /// <summary>The file's own graph.</summary>
    public GraphScope Main { get; }

    /// <summary>The names of LSTM nodes, for messages: with the way to their body where a name alone means several.</summary>
    public IReadOnlyList<string> LstmNames
    {
        get
        {
            (NodeProto Node, GraphScope Scope)[] all = [.. _nodes.Where(pair => pair.Node.OpType == "LSTM")];
            Dictionary<string, int> counts = all.GroupBy(pair => Label(pair.Node), StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
            string[] shown = [.. all.Take(MostShown).Select(pair => counts[Label(pair.Node)] == 1
                ? $"'{Shorten.Text(Label(pair.Node))}'"
                : $"'{Shorten.Text(pair.Scope.Path + Label(pair.Node))}'")];
            return all.Length > shown.Length ? [.. shown, $"and {all.Length - shown.Length} more"] : shown;
        }
    }

    /// <summary>Whether an LSTM stands in the file as products and activations of four gates.</summary>
    public bool IsUnrolled
    {
        get
        {
            Dictionary<string, (bool Sigmoid, bool Tanh)> readers = new(StringComparer.Ordinal);
            foreach ((NodeProto node, _) in _nodes.Where(pair => pair.Node.Input.Count > 0))
            {
                (bool sigmoid, bool tanh) = readers.GetValueOrDefault(node.Input[0]);
                readers[node.Input[0]] = (sigmoid | (node.OpType is "Sigmoid" or "HardSigmoid"), tanh | (node.OpType == "Tanh"));
            }

            // Four parts of one product: three go through a sigmoid and one through tanh.
            return _nodes.Any(pair => pair.Node.OpType == "Split" && pair.Node.Output.Count == 4 && HasGates(pair.Node.Output))
                || _nodes.Where(pair => pair.Node.OpType == "Slice" && pair.Node.Input.Count > 0 && pair.Node.Output.Count > 0)
                    .GroupBy(pair => pair.Node.Input[0], pair => pair.Node.Output[0], StringComparer.Ordinal)
                    .Any(parts => parts.Count() == 4 && HasGates(parts));

            bool HasGates(IEnumerable<string> parts)
                => parts.Count(name => readers.GetValueOrDefault(name).Sigmoid) >= 3
                    && parts.Any(name => readers.GetValueOrDefault(name).Tanh);
        }
    }

    /// <summary>A node as messages and reports name it: by its name, or else by its first output.</summary>
    public static string Label(NodeProto node)
        => node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault(name => name.Length > 0, node.OpType);

    /// <summary>The node of a name, of the way to a body and a name, or that gives the tensor of a name.</summary>
    /// <exception cref="InvalidDataException">There is no such node, or there are several.</exception>
    public (NodeProto Node, GraphScope Scope) Find(string name)
    {
        (NodeProto, GraphScope)[] found = [.. _nodes.Where(pair => pair.Node.Name == name)];
        found = found.Length > 0 ? found : [.. _nodes.Where(pair => pair.Node.Output.Contains(name) && name.Length > 0)];
        found = found.Length > 0 ? found : [.. _nodes.Where(pair => pair.Scope.PathLength + Label(pair.Node).Length == name.Length
            && name.EndsWith(Label(pair.Node), StringComparison.Ordinal)
            && name.StartsWith(pair.Scope.Path, StringComparison.Ordinal))];
        string lstms = LstmNames.Count == 0 ? "it has no LSTM node"
            : $"its LSTM nodes are {string.Join(", ", LstmNames)}";
        return found.Length switch
        {
            1 => found[0],
            0 => throw new InvalidDataException($"The graph has no node '{Shorten.Text(name)}'; {lstms}."),
            _ => throw new InvalidDataException($"The graph has {found.Length} nodes '{Shorten.Text(name)}'; {lstms}."),
        };
    }

    /// <summary>The nodes that were not read, as one line for the report; null if all were.</summary>
    public string? Rest(IReadOnlySet<NodeProto> read)
    {
        (string Type, int Count)[] rest = [.. _nodes.Where(pair => !read.Contains(pair.Node) && pair.Node.OpType != "Constant")
            .GroupBy(pair => pair.Node.OpType, StringComparer.Ordinal).Select(group => (group.Key, group.Count()))
            .OrderByDescending(pair => pair.Item2)];
        return rest.Length == 0 ? null
            : $"{rest.Sum(pair => pair.Count)} other nodes of the graph: "
                + string.Join(", ", rest.Take(MostShown).Select(pair => $"{pair.Count} {Shorten.Text(pair.Type)}"))
                + (rest.Length > MostShown ? ", …" : string.Empty);
    }
}
