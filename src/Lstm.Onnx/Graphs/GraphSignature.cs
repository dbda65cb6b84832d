using Lstm.Onnx.Files;

namespace Lstm.Onnx.Graphs;

/// <summary>How a graph's inputs and outputs belong to those of the network.</summary>
internal sealed class GraphSignature
{
    private readonly List<string> _left = [];

    public GraphSignature(InputNode input, List<LayerNode> chain, GraphOutputs outputs, GraphRoots roots)
    {
        Input = input;
        foreach (LstmNode lstm in chain.OfType<LstmNode>())
        {
            Lengths ??= lstm.Lengths;
            Directions.AddRange(lstm.Directions);
        }

        SetRoles();
        foreach ((string name, Value value) in outputs.All)
        {
            if (value is Flow flow && flow.Node == outputs.Final)
            {
                Sequences.Add((name, flow));
            }
            else if (value is FinalState state && state.Entries.All(entry => Directions.Contains(entry.Direction)))
            {
                States.Add((name, state));
            }
            else
            {
                _left.Add($"the output '{Shorten.Text(name)}', which the network does not give");
            }
        }

        HashSet<string> used =
            [input.Name, .. Directions.SelectMany(d => (string?[])[d.HiddenInput?.Input.Name, d.CellInput?.Input.Name])
            .OfType<string>()];
        foreach (InputNode root in roots.Inputs)
        {
            string axes =
                string.Join(
                ", ", root.Axes.Select(axis => axis.Size?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"));
            _left.Add(root.Name == Lengths ? $"the input '{Shorten.Text(root.Name)}' [{axes}]: the lengths of the SequenceBatch"
                : root == input
                    ? $"the input '{Shorten.Text(root.Name)}' [{axes}]: the SequenceBatch, axes " +
                        $"{string.Join(", ", root.Axes.Select(axis => axis.Role))}"
                : used.Contains(root.Name) ? $"the input '{Shorten.Text(root.Name)}' [{axes}]: initial states, the NetworkState"
                : $"the input '{Shorten.Text(root.Name)}' [{axes}], which the network does not read");
        }
    }

    public InputNode Input { get; }

    /// <summary>The input with the lengths of the sequences.</summary>
    public string? Lengths { get; }

    /// <summary>The directions in the order of a state's entries.</summary>
    public List<DirectionWeights> Directions { get; } = [];

    /// <summary>The outputs that are the network's own, with their axes.</summary>
    public List<(string Name, Flow Value)> Sequences { get; } = [];

    /// <summary>The outputs that are final states.</summary>
    public List<(string Name, FinalState Value)> States { get; } = [];

    /// <summary>What the caller has to provide or compute.</summary>
    public IReadOnlyList<string> Left => _left;

    // A network without an LSTM does not ask which axis is which.
    private void SetRoles()
    {
        Atom[] open = [.. Input.Axes.Where(axis => axis.Role == AxisRole.Unknown)];
        if (!Input.IsInteger && open.Length > 0 && !Input.Axes.Any(axis => axis.Role == AxisRole.Feature))
        {
            open[^1].Role = AxisRole.Feature;
            open = open[..^1];
        }

        bool hasBatch = Input.Axes.Any(axis => axis.Role == AxisRole.Batch);
        for (int i = 0; i < open.Length; i++)
        {
            open[i].Role = i == 0 && !hasBatch ? AxisRole.Batch : AxisRole.Time;
        }
    }
}
