using System.Globalization;
using System.Numerics;
using Lstm.Cells;
using Lstm.Formats;
using Lstm.Onnx.Files;
using Lstm.Specs;

namespace Lstm.Onnx.Export;

/// <summary>Writes stacks of LSTM layers.</summary>
internal sealed class LstmExport<T>(Network<T> network, GraphWriter writer, PoolingExport poolings, OnnxExportOptions options)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly (string Name, int Gates)[] Kernels = [("W", 4), ("R", 4), ("B", 8), ("P", 3)];

    private readonly ScanExport<T> _scans = new(network, writer, poolings);

    /// <summary>The options of a layer that no graph of ONNX says, or not with these options of the export.</summary>
    public static IEnumerable<string> Obstacles(LstmSpec spec, string name, OnnxExportOptions options)
    {
        if (spec.Cell is not LstmEquations)
        {
            yield return $"layer '{name}' has {spec.Cell}, whose equations are code";
        }

        if (spec.Normalization is BatchNormalization && options.States)
        {
            yield return $"layer '{name}' has BatchNormalization, whose statistics depend on the number of the step, which " +
                "States does not carry";
        }
    }

    public ExportSteps Write(LstmSpec spec, string name, ExportSteps steps)
    {
        for (int layer = 0; layer < spec.Layers; layer++)
        {
            ExportSteps own = WriteLayer(spec, name, layer, steps);
            steps = spec.Shortcut switch
            {
                LstmShortcut.Add => own with { Name = writer.Node(name, "Add", [own.Name, steps.Name]), LastHidden = null },
                LstmShortcut.Concatenate => new ExportSteps(
                    writer.Node(name, "Concat", [own.Name, steps.Name], GraphWriter.Int("axis", 2)), own.Features
                    + steps.Features, own.Lengths, own.IsPooled),
                _ => own,
            };
        }

        return steps;
    }

    private ExportSteps WriteLayer(LstmSpec spec, string name, int layer, ExportSteps steps)
    {
        string place = string.Create(CultureInfo.InvariantCulture, $"{name}_l{layer}");
        return ScanExport<T>.Needs(spec)
            ? WriteScans(spec, name, place, layer, steps)
            : WriteOperator(spec, name, place, layer, steps);
    }

    private ExportSteps WriteOperator(LstmSpec spec, string name, string place, int layer, ExportSteps steps)
    {
        bool isBoth = spec.Direction == LstmDirection.Bidirectional;
        int directions = isBoth ? 2 : 1, units = spec.HiddenSize;
        string?[] kernels = WriteKernels(spec, name, place, layer, directions, steps.Features);
        string h = Initial(place, "h", units, directions, Learned(spec, name, layer, "initial_h"), steps);
        string c = Initial(place, "c", units, directions, Learned(spec, name, layer, "initial_c"), steps);
        string[] inputs =
        [
            steps.Name, kernels[0]!, kernels[1]!, kernels[2] ?? string.Empty, steps.Lengths ?? string.Empty, h, c,
            kernels[3] ?? string.Empty,
        ];
        int used = Array.FindLastIndex(inputs, input => input.Length > 0) + 1;
        string[] outputs = writer.Nodes(place, "LSTM", inputs[..used], 3, [.. Attributes(spec, units)]);
        if (options.States)
        {
            WriteStates(place, directions, steps.Lengths, (outputs[1], h, units), (outputs[2], c, units));
        }

        if (!isBoth)
        {
            string squeezed = writer.Node(place, "Squeeze", [outputs[0], writer.Integers(1)]);
            return new ExportSteps(squeezed, units, steps.Lengths, steps.IsPooled)
            {
                LastHidden = () => outputs[1],
                ForwardFeatures = spec.Direction == LstmDirection.Forward ? units : 0,
            };
        }

        bool isMerged = spec.Merge != LstmMerge.Concatenate;
        string y = isMerged ? Merged(outputs[0], 1, keeps: false) : Beside(outputs[0], [0, 2, 1, 3], [0, 0, 2 * units]);
        return new ExportSteps(y, isMerged ? units : 2 * units, steps.Lengths, steps.IsPooled)
        {
            LastHidden = () => isMerged
                ? Merged(outputs[1], 0, keeps: true)
                : Beside(outputs[1], [1, 0, 2], [1, -1, 2 * units]),
            ForwardFeatures = units,
        };

        string Beside(string values, long[] order, long[] shape) => writer.Node(
            place, "Reshape",
            [writer.Node(place, "Transpose", [values], GraphWriter.Ints("perm", order)), writer.Integers(shape)]);

        string Merged(string values, int axis, bool keeps) => writer.Node(
            place, spec.Merge switch { LstmMerge.Sum => "ReduceSum", LstmMerge.Mean => "ReduceMean", _ => "ReduceProd" },
            [values, writer.Integers(axis)], GraphWriter.Int("keepdims", keeps ? 1 : 0));
    }

    // One Scan for each direction.
    private ExportSteps WriteScans(LstmSpec spec, string name, string place, int layer, ExportSteps steps)
    {
        ScanDirection[] all = ScanDirection.Of(spec, name, layer);
        int directions = all.Length, size = all[0].Size, width = all[0].Width, units = spec.HiddenSize;
        string h = Initial(place, "h", width, directions, Learned(spec, name, layer, "initial_h"), steps);
        string c = Initial(place, "c", units, directions, Learned(spec, name, layer, "initial_c"), steps);
        ScanResult[] results =
            [.. all.Select((direction, d) => _scans.Write(direction, steps, State(h, width, d), State(c, units, d)))];
        if (options.States)
        {
            WriteStates(
                place, directions, null, (Both(result => result.Hidden), h, width), (Both(result => result.Cell), c, units));
        }

        if (directions == 1)
        {
            bool isForward = spec.Direction == LstmDirection.Forward;
            return new ExportSteps(results[0].Output, size, steps.Lengths, steps.IsPooled)
            {
                ForwardFeatures = isForward ? size : 0,
            };
        }

        bool isMerged = spec.Merge != LstmMerge.Concatenate;
        return new ExportSteps(
            Merged(results[0].Output, results[1].Output), isMerged ? size : 2 * size, steps.Lengths, steps.IsPooled)
        {
            ForwardFeatures = size,
            LastHidden = () => Merged(
                poolings.LastOf(results[0].Output, steps.Lengths), poolings.FirstOf(results[1].Output, steps.Lengths)),
        };

        // [N, values] of one direction.
        string State(string states, int values, int d) => states.Length == 0
            ? writer.Node(place, "Squeeze", [Zeros(place, values, steps), writer.Integers(0)])
            : writer.Node(place, "Gather", [states, writer.Integer(d)], GraphWriter.Int("axis", 0));

        string Both(Func<ScanResult, string> state) => writer.Node(
            place, "Concat",
            [.. results.Select(result => writer.Node(place, "Unsqueeze", [state(result), writer.Integers(0)]))],
            GraphWriter.Int("axis", 0));

        string Merged(string ahead, string back) => spec.Merge switch
        {
            LstmMerge.Concatenate => writer.Node(place, "Concat", [ahead, back], GraphWriter.Int("axis", 2)),
            LstmMerge.Product => writer.Node(place, "Mul", [ahead, back]),
            LstmMerge.Sum => writer.Node(place, "Add", [ahead, back]),
            _ => writer.Node(place, "Mul", [writer.Node(place, "Add", [ahead, back]), writer.Number(0.5)]),
        };
    }

    private string?[] WriteKernels(LstmSpec spec, string name, string place, int layer, int directions, int inputs)
    {
        int units = spec.HiddenSize;
        bool hasPeepholes = spec.Cell is LstmEquations { Peephole: true };
        int[] lengths =
            [4 * units * inputs, 4 * units * units, spec.Bias == LstmBias.None ? 0 : 8 * units, hasPeepholes ? 3 * units : 0];
        T[][] values = [.. lengths.Select(length => new T[directions * length])];
        for (int d = 0; d < directions; d++)
        {
            Span<T> Part(int kernel) => values[kernel].AsSpan(d * lengths[kernel], lengths[kernel]);
            network.ReadKernels(name, new LstmKernelTargets<T>
            {
                Input = Part(0),
                Recurrent = Part(1),
                Bias = lengths[2] == 0 ? default(LstmGateTargets<T>) : Part(2),
                Peephole = hasPeepholes ? Part(3) : default(LstmGateTargets<T>),
            }, LstmKernelLayout.Onnx, layer, reverse: d == 1);
        }

        int[][] shapes =
            [[directions, 4 * units, inputs], [directions, 4 * units, units], [directions, 8 * units], [directions, 3 * units]];
        return [.. Kernels.Select(
            (kernel, i) => lengths[i] == 0 ? null : writer.Constant<T>($"{place}/{kernel.Name}", values[i], shapes[i]))];
    }

    // [D, N, values], or no tensor for zeros.
    private string Initial(string place, string state, int values, int directions, T[]? learned, ExportSteps steps)
    {
        if (options.States)
        {
            string input = writer.Take($"{place}_{state}");
            writer.Graph.Input.Add(GraphWriter.Value(input, writer.ValueType, directions, "batch", values));
            return input;
        }

        if (learned is null)
        {
            return string.Empty;
        }

        string constant = writer.Constant<T>($"{place}/initial_{state}", learned, directions, 1, values);
        return ForAll(place, constant, directions, values, steps);
    }

    private T[]? Learned(LstmSpec spec, string name, int layer, string parameter)
    {
        if (!spec.LearnInitialState || options.States)
        {
            return null;
        }

        string[] suffixes = spec.Direction == LstmDirection.Bidirectional ? [string.Empty, "_reverse"] : [string.Empty];
        return [.. suffixes.SelectMany(suffix
            => network.Read(string.Create(CultureInfo.InvariantCulture, $"{name}.{parameter}_l{layer}{suffix}")))];
    }

    private string Zeros(string place, int values, ExportSteps steps)
        => ForAll(place, writer.Constant<T>($"{place}/zeros", new T[values], 1, 1, values), 1, values, steps);

    // [D, 1, values] for each sequence.
    private string ForAll(string place, string constant, int directions, int values, ExportSteps steps)
    {
        string batch = writer.Node(
            place, "Gather", [writer.Node(place, "Shape", [steps.Name]), writer.Integers(1)], GraphWriter.Int("axis", 0));
        string shape = writer.Node(
            place, "Concat", [writer.Integers(directions), batch, writer.Integers(values)], GraphWriter.Int("axis", 0));
        return writer.Node(place, "Expand", [constant, shape]);
    }

    // With lengths, ONNX Runtime's LSTM gives zeros after a sequence without steps; the state stays what it was.
    private void WriteStates(
        string place, int directions, string? lengths, params (string Final, string Initial, int Values)[] states)
    {
        for (int i = 0; i < states.Length; i++)
        {
            string name = writer.Take($"{place}_{(i == 0 ? 'h' : 'c')}_out");
            NodeProto node = new() { Name = name, OpType = "Identity" };
            node.Input.Add(states[i].Final);
            if (lengths is not null)
            {
                string count = writer.Node(place, "Cast", [lengths], GraphWriter.Int("to", GraphWriter.Int64));
                string row = writer.Node(place, "Reshape", [count, writer.Integers(1, -1, 1)]);
                node.OpType = "Where";
                node.Input.Insert(0, writer.Node(place, "Greater", [row, writer.Integer(0)]));
                node.Input.Add(states[i].Initial);
            }

            node.Output.Add(name);
            writer.Graph.Node.Add(node);
            writer.Graph.Output.Add(GraphWriter.Value(name, writer.ValueType, directions, "batch", states[i].Values));
        }
    }

    private static IEnumerable<AttributeProto> Attributes(LstmSpec spec, int units)
    {
        LstmEquations equations = (LstmEquations)spec.Cell;
        yield return GraphWriter.Int("hidden_size", units);
        yield return GraphWriter.Text("direction", spec.Direction.ToString().ToLowerInvariant());
        if (equations.CoupledGates)
        {
            yield return GraphWriter.Int("input_forget", 1);
        }

        if (equations.PreActivationClip is { } clip)
        {
            yield return GraphWriter.Float("clip", clip);
        }

        LstmActivation?[] all = [equations.GateActivation, equations.CellActivation, equations.HiddenActivation];
        LstmActivation?[] reverse =
        [
            equations.ReverseGateActivation ?? all[0], equations.ReverseCellActivation
            ?? all[1], equations.ReverseHiddenActivation ?? all[2],
        ];
        all = spec.Direction == LstmDirection.Bidirectional ? [.. all, .. reverse] : all;
        if (Array.TrueForAll(all, activation => activation is null))
        {
            yield break;
        }

        LstmActivation[] named =
            [.. all.Select((one, i) => one ?? new(i % 3 == 0 ? LstmActivationFunction.Sigmoid : LstmActivationFunction.Tanh))];
        double[] alphas =
            [.. named.Where(one => Graphs.OnnxActivations.Defaults(one.Function).Alpha is not null).Select(one => one.Alpha)];
        double[] betas =
            [.. named.Where(one => Graphs.OnnxActivations.Defaults(one.Function).Beta is not null).Select(one => one.Beta)];
        yield return GraphWriter.Texts("activations", named.Select(one => one.Function.ToString()));
        if (alphas.Length > 0)
        {
            yield return GraphWriter.Floats("activation_alpha", alphas);
        }

        if (betas.Length > 0)
        {
            yield return GraphWriter.Floats("activation_beta", betas);
        }
    }
}
