using System.Globalization;
using System.Numerics;
using Lstm.Cells;
using Lstm.Formats;
using Lstm.Onnx.Files;
using Lstm.Specs;

namespace Lstm.Onnx.Export;

/// <summary>Writes stacks of LSTM layers.</summary>
internal sealed class LstmExport<T>(Network<T> network, GraphWriter writer, OnnxExportOptions options)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly (string Name, int Gates)[] Kernels = [("W", 4), ("R", 4), ("B", 8), ("P", 3)];

    /// <summary>The options of a layer that ONNX's operator cannot say.</summary>
    public static IEnumerable<string> Obstacles(LstmSpec spec, string name)
    {
        if (spec.Cell is not LstmEquations equations)
        {
            return [$"layer '{name}' has a custom cell"];
        }

        List<string> found = [];
        Add(!equations.InputGate, "InputGate = false");
        Add(!equations.ForgetGate, "ForgetGate = false");
        Add(!equations.OutputGate, "OutputGate = false");
        Add(equations.GateRecurrence, "GateRecurrence");
        Add(equations.CellClip is not null, "CellClip");
        Add(spec.Projection is not null, "Projection");
        Add(spec.Normalization is not null, "Normalization");
        Add(spec.Regularization.HiddenZoneout > 0, "HiddenZoneout");
        Add(spec.Regularization.CellZoneout > 0, "CellZoneout");
        return found;

        void Add(bool condition, string option)
        {
            if (condition)
            {
                found.Add($"layer '{name}' has {option}");
            }
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
        bool isBoth = spec.Direction == LstmDirection.Bidirectional;
        int directions = isBoth ? 2 : 1, units = spec.HiddenSize;
        string place = string.Create(CultureInfo.InvariantCulture, $"{name}_l{layer}");
        string?[] kernels = WriteKernels(spec, name, place, layer, directions, steps.Features);
        (string h, string c) = Initial(spec, name, place, layer, directions, steps);
        string[] inputs =
            [steps.Name, kernels[0]!, kernels[1]!, kernels[2] ?? string.Empty, steps.Lengths ?? string.Empty, h, c, kernels[3]
            ?? string.Empty];
        string[] outputs =
            writer.Nodes(
            place, "LSTM", inputs[..(Array.FindLastIndex(inputs, input => input.Length > 0) + 1)], 3,
            [.. Attributes(spec, units)]);
        if (options.States)
        {
            WriteStates(place, directions, units, steps.Lengths, (outputs[1], h), (outputs[2], c));
        }

        if (!isBoth)
        {
            string squeezed = writer.Node(place, "Squeeze", [outputs[0], writer.Integers(1)]);
            return new ExportSteps(squeezed, units, steps.Lengths, steps.IsPooled)
            {
                LastHidden = outputs[1], ForwardFeatures = spec.Direction == LstmDirection.Forward ? units : 0,
            };
        }

        (string y, string last) = spec.Merge == LstmMerge.Concatenate
            ? (Beside(outputs[0], [0, 2, 1, 3], [0, 0, 2 * units]), Beside(outputs[1], [1, 0, 2], [1, -1, 2 * units]))
            : (Merged(outputs[0], 1, keeps: false), Merged(outputs[1], 0, keeps: true));
        return new ExportSteps(
            y, spec.Merge == LstmMerge.Concatenate ? 2 * units
            : units, steps.Lengths, steps.IsPooled) { LastHidden = last, ForwardFeatures = units };

        string Beside(string values, long[] order, long[] shape) => writer.Node(
            place, "Reshape",
            [writer.Node(place, "Transpose", [values], GraphWriter.Ints("perm", order)), writer.Integers(shape)]);

        string Merged(string values, int axis, bool keeps) => writer.Node(
            place, spec.Merge switch { LstmMerge.Sum => "ReduceSum", LstmMerge.Mean => "ReduceMean", _ => "ReduceProd" },
            [values, writer.Integers(axis)], GraphWriter.Int("keepdims", keeps ? 1 : 0));
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

    private (string H, string C) Initial(LstmSpec spec, string name, string place, int layer, int directions, ExportSteps steps)
    {
        if (options.States)
        {
            string h = writer.Take(place + "_h"), c = writer.Take(place + "_c");
            writer.Graph.Input.Add(GraphWriter.Value(h, writer.ValueType, directions, "batch", spec.HiddenSize));
            writer.Graph.Input.Add(GraphWriter.Value(c, writer.ValueType, directions, "batch", spec.HiddenSize));
            return (h, c);
        }

        if (!spec.LearnInitialState)
        {
            return (string.Empty, string.Empty);
        }

        string batch =
            writer.Node(
            place, "Gather", [writer.Node(place, "Shape", [steps.Name]), writer.Integers(1)], GraphWriter.Int("axis", 0));
        string shape =
            writer.Node(
            place, "Concat", [writer.Integers(directions), batch, writer.Integers(spec.HiddenSize)], GraphWriter.Int("axis", 0));
        return (Learned("initial_h"), Learned("initial_c"));

        string Learned(string parameter)
        {
            T[] values = new T[directions * spec.HiddenSize];
            for (int d = 0; d < directions; d++)
            {
                string full =
                    string.Create(
                    CultureInfo.InvariantCulture, $"{name}.{parameter}_l{layer}{(d == 1 ? "_reverse" : string.Empty)}");
                network.ReadParameter(full, values.AsSpan(d * spec.HiddenSize, spec.HiddenSize));
            }

            string constant = writer.Constant<T>($"{place}/{parameter}", values, directions, 1, spec.HiddenSize);
            return writer.Node(place, "Expand", [constant, shape]);
        }
    }

    // After a sequence without steps ONNX Runtime gives zeros; the state stays what it was.
    private void WriteStates(
        string place, int directions, int units, string? lengths, params (string Final, string Initial)[] states)
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
            writer.Graph.Output.Add(GraphWriter.Value(name, writer.ValueType, directions, "batch", units));
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
