using System.Numerics;
using Lstm.Onnx.Files;

namespace Lstm.Onnx.Graphs;

/// <summary>An ONNX graph as a network.</summary>
internal static class GraphImport
{
    public static OnnxImport<T> Read<T>(ModelProto model, int size, OnnxImportOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (model.Graph is null)
        {
            throw new InvalidDataException("The file is no ONNX model: it has no graph.");
        }

        try
        {
            return Read<T>(model.Graph, () => new GraphContext(model, size, new TensorReader(options.ExternalFolder)), options);
        }
        catch (Exception e) when (e is OverflowException or ArgumentException and not ArgumentNullException)
        {
            throw new InvalidDataException($"The file has sizes or numbers that no network has: {e.Message}", e);
        }
    }

    private static OnnxImport<T> Read<T>(GraphProto graph, Func<GraphContext> newContext, OnnxImportOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GraphIndex index = new(graph);
        (NodeProto? node, GraphScope scope) = options.Node is { } name ? index.Find(name) : (null, index.Main);
        GraphContext context = newContext();
        foreach (OnnxTensor constant in options.Constants)
        {
            context.Set(constant.Name, new Constant(constant));
        }

        GraphReading reading = new(scope, context);
        GraphRoots roots = new(scope, context);
        string[] wanted = node is null ? roots.OfGraph(options) : roots.OfNode(node, Alone);
        reading.Evaluate(wanted);
        if (context.Problems.Count > 0)
        {
            context.ThrowIfAny($"The graph cannot be read as a network.{Advice(index, options)} Problems");
        }

        bool isPart = node is not null || options.Input is not null || options.Output is not null;
        if (index.Rest(reading.Read) is { } rest)
        {
            (isPart ? roots.Left : context.Ignored).Add(isPart ? rest : $"{rest}, which no output needs");
        }

        if (!isPart)
        {
            context.Ignored.AddRange(context.Unread());
        }

        GraphOutputs outputs = GraphOutputs.Find(context, wanted);
        return new NetworkBuilder<T>(context, outputs.Final, options).Build(outputs, roots);

        // What a tensor is when nothing is known of the graph's inputs: a constant, or a tensor of one number.
        Value? Alone(string tensor)
        {
            GraphContext trial = newContext();
            new GraphReading(scope, trial).Evaluate([tensor]);
            return trial.Find(tensor);
        }
    }

    private static string Advice(GraphIndex index, OnnxImportOptions options)
    {
        string unrolled = index.IsUnrolled
            ? " An LSTM of the graph is unrolled into MatMul nodes, which is no LSTM to a reader: export the model with " +
                "ONNX's LSTM operator."
            : string.Empty;
        return options.Node is null && index.LstmNames.Count > 0
            ? $"{unrolled} OnnxImportOptions.Node reads one of its LSTM nodes alone: {string.Join(", ", index.LstmNames)};"
                + " Input and Output read what lies between two tensors."
            : unrolled;
    }
}
