using System.Numerics;
using Lstm.Onnx.Files;

namespace Lstm.Onnx.Graphs;

/// <summary>An ONNX graph as a network.</summary>
internal static class GraphImport
{
    private const long BudgetFactor = 16;
    private const long BudgetStart = 1 << 20;

    public static OnnxImport<T> Read<T>(ModelProto model, int size, OnnxImportOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (model.Graph is null)
        {
            throw new InvalidDataException("The file is no ONNX model: it has no graph.");
        }

        GraphContext context = new(model, new TensorReader(options.ExternalFolder), (BudgetFactor * size) + BudgetStart);
        foreach (OnnxTensor constant in options.Constants)
        {
            context.Set(constant.Name, new Constant(constant));
        }

        try
        {
            return Read<T>(model, context, options);
        }
        catch (Exception e) when (e is OverflowException or ArgumentException and not ArgumentNullException)
        {
            throw new InvalidDataException($"The file has sizes or numbers that no network has: {e.Message}", e);
        }
    }

    private static OnnxImport<T> Read<T>(ModelProto model, GraphContext context, OnnxImportOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GraphReading reading = new(model, context);
        GraphRoots roots = new(model.Graph, context);
        string[] wanted = options.Node is { } name
            ? roots.OfNode(reading, name)
            : roots.OfGraph(options);
        reading.Evaluate(wanted);
        string unrolled = context.Problems.Count > 0 && reading.IsUnrolled
            ? " An LSTM of the graph is unrolled into MatMul nodes, which is no LSTM to a reader: export the model with " +
                "ONNX's LSTM operator"
            : string.Empty;
        string part = context.Problems.Count > 0 && options.Node is null && reading.LstmNames.Any()
            ? $" OnnxImportOptions.Node reads one of its LSTM nodes alone: " +
                $"{string.Join(", ", reading.LstmNames.Take(10).Select(lstm => $"'{lstm}'"))}"
            : string.Empty;
        context.ThrowIfAny($"The graph cannot be read as a network.{unrolled}{part} Problems");
        GraphOutputs outputs = GraphOutputs.Find(context, wanted);
        NetworkBuilder<T> builder = new(context, outputs.Final, options);
        return builder.Build(outputs, roots);
    }
}
