using System.Numerics;
using Lstm.Onnx.Files;
using Lstm.Onnx.Own;

namespace Lstm.Onnx.Export;

/// <summary>A network as an ONNX model.</summary>
internal static class NetworkExport
{
    public static ModelProto Write<T>(Network<T> network, OnnxExportOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string[] names = LayerNames.Of(network.Specs, network.Parameters);
        string[] obstacles =
        [
            .. network.Specs.SelectMany(
                (spec, i) => spec is LstmSpec lstm ? LstmExport<T>.Obstacles(lstm, names[i], options) : []),
        ];
        if (obstacles.Length > 0)
        {
            throw new NotSupportedException(
                $"An ONNX file cannot say all of the network: {string.Join("; ", obstacles)}. Leave these options out, or keep " +
                $"the network in Lstm's own format.");
        }

        GraphWriter writer = new(options.Double);
        ExportSteps steps = WriteInputs(network, options, writer);
        PoolingExport poolings = new(writer);
        LstmExport<T> lstms = new(network, writer, poolings, options);
        SmallLayerExport<T> small = new(network, writer, poolings);
        for (int i = 0; i < names.Length; i++)
        {
            steps = network.Specs[i] switch
            {
                LstmSpec spec => lstms.Write(spec, names[i], steps),
                var spec => small.Write(spec, names[i], steps),
            };
        }

        WriteOutput(options, writer, steps);
        return ModelOf(network, writer.Graph, options);
    }

    private static ExportSteps WriteInputs<T>(Network<T> network, OnnxExportOptions options, GraphWriter writer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string input = writer.Take(options.InputName);
        writer.Take(options.OutputName);
        object[] axes = options.BatchFirst ? ["batch", "time"] : ["time", "batch"];
        writer.Graph.Input.Add(network.TakesIds
            ? GraphWriter.Value(input, GraphWriter.Int64, axes)
            : GraphWriter.Value(input, writer.ValueType, [.. axes, network.InputSize]));
        string? lengths = options.Lengths ? writer.Take("lengths") : null;
        if (lengths is not null)
        {
            writer.Graph.Input.Add(GraphWriter.Value(lengths, GraphWriter.Int32, "batch"));
        }

        string steps = !options.BatchFirst ? input
            : writer.Node("input", "Transpose", [input], GraphWriter.Ints("perm", network.TakesIds ? [1, 0] : [1, 0, 2]));
        return new ExportSteps(steps, network.InputSize, lengths, IsPooled: false);
    }

    private static void WriteOutput(OnnxExportOptions options, GraphWriter writer, ExportSteps steps)
    {
        NodeProto node = new() { Name = options.OutputName, OpType = "Identity" };
        node.Input.Add(steps.Name);
        node.Output.Add(options.OutputName);
        if (steps.IsPooled)
        {
            node.OpType = "Squeeze";
            node.Input.Add(writer.Integers(0));
        }
        else if (options.BatchFirst)
        {
            node.OpType = "Transpose";
            node.Attribute.Add(GraphWriter.Ints("perm", 1, 0, 2));
        }

        writer.Graph.Node.Add(node);
        object[] axes = steps.IsPooled ? ["batch", steps.Features] : options.BatchFirst ? ["batch", "steps", steps.Features]
            : ["steps", "batch", steps.Features];
        writer.Graph.Output.Insert(0, GraphWriter.Value(options.OutputName, writer.ValueType, axes));
    }

    private static ModelProto ModelOf<T>(Network<T> network, GraphProto graph, OnnxExportOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ModelProto model = new() { IrVersion = 10, ProducerName = "Lstm", Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 22 });
        foreach ((string key, string value) in network.Metadata)
        {
            if (key != FileDescription.Key)
            {
                model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
            }
        }

        // With States the file has no learned initial state.
        IEnumerable<LayerSpec> specs = network.Specs.Select(
            spec => spec is LstmSpec lstm && options.States ? lstm with { LearnInitialState = false } : spec);
        FileDescription description = new(network.InputSize, [.. specs], options);
        model.MetadataProps.Add(new StringStringEntryProto { Key = FileDescription.Key, Value = description.ToJson() });

        return model;
    }
}
