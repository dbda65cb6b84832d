using System.Globalization;
using Lstm.Onnx.Files;

namespace Lstm.Onnx.Graphs;

/// <summary>How a graph's inputs and outputs belong to those of the network.</summary>
internal sealed class GraphSignature
{
    private readonly List<string> _left = [];

    public GraphSignature(InputNode input, List<LayerNode> chain, GraphOutputs outputs, GraphRoots roots, int inputSize)
    {
        Input = input;
        LstmNode[] lstms = [.. chain.OfType<LstmNode>()];
        foreach (LstmNode lstm in lstms)
        {
            Lengths ??= lstm.Lengths;
            Directions.AddRange(lstm.Directions);
        }

        SetRoles();
        AddLengths(lstms, roots);
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

        Dictionary<string, int> states = new(StringComparer.Ordinal);
        foreach (DirectionWeights direction in Directions)
        {
            foreach (InputPart part in new[] { direction.HiddenInput, direction.CellInput }.OfType<InputPart>())
            {
                states[part.Input.Name] = direction.Recurrent.Shape[^1];
            }
        }

        foreach (InputNode root in roots.Inputs)
        {
            int? last = root == input && !input.IsInteger ? inputSize
                : states.TryGetValue(root.Name, out int units) ? units : null;
            string name = $"the input '{Shorten.Text(root.Name)}' [{Sizes(root, last)}]";
            _left.Add(root.Name == Lengths ? $"{name}: the lengths of the SequenceBatch"
                : root == input ? $"{name}: the SequenceBatch, axes {string.Join(", ", root.Axes.Select(axis => axis.Role))}"
                : states.ContainsKey(root.Name) ? $"{name}: initial states, the NetworkState"
                : $"{name}, which the network does not read");
        }

        _left.AddRange(roots.Left);
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

    private static string Sizes(InputNode input, int? last) => string.Join(", ", input.Axes.Select((axis, i)
        => (axis.Size ?? (i == input.Axes.Length - 1 ? last : null))?.ToString(CultureInfo.InvariantCulture) ?? "?"));

    // A SequenceBatch has one length for each sequence, whatever the layers of the graph have.
    private void AddLengths(LstmNode[] lstms, GraphRoots roots)
    {
        if (Lengths is null)
        {
            return;
        }

        if (!roots.Inputs.Any(input => input.Name == Lengths))
        {
            _left.Add($"'{Shorten.Text(Lengths)}', sequence_lens, which the graph computes: the lengths of the SequenceBatch");
        }

        foreach (LstmNode lstm in lstms.Where(lstm => lstm.Lengths != Lengths))
        {
            string other = lstm.Lengths is null ? "no sequence_lens" : $"the sequence_lens '{Shorten.Text(lstm.Lengths)}'";
            _left.Add($"the lengths of '{lstm.Source}', which has {other} in the graph: here all layers have those of the " +
                $"SequenceBatch");
        }
    }

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
