using Google.Protobuf;
using Lstm.Cells;
using Lstm.Onnx.Export;
using Lstm.Onnx.Files;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Lstm.Onnx.Tests;

/// <summary>ONNX's LSTM with every attribute and input, in random combinations, beside ONNX Runtime.</summary>
public class OperatorTests
{
    private static readonly string[] Functions =
        ["Sigmoid", "Tanh", "Relu", "Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu", "Softsign",
        "Softplus"];

    [Theory]
    [InlineData(7)]
    [InlineData(14)]
    [InlineData(22)]
    public void Every_attribute_gives_the_outputs_of_ONNX_Runtime(int opset)
    {
        Random random = new(opset);
        List<string> failures = [];
        for (int i = 0; i < 150; i++)
        {
            Node node = new(random, opset);
            try
            {
                IReadOnlyList<OnnxTensor> expected = node.RunRuntime();
                Compare(expected, Import<float>(node.Bytes(isDouble: false)).Run(node.Inputs), node);

                // Double values are those of float here, so that the results differ by the rounding of float only.
                Compare(expected, Import<double>(node.Bytes(isDouble: true)).Run(node.Inputs), node);
                if (opset >= 14)
                {
                    OnnxTensor[] turned = [.. node.Inputs.Select(Turned)];
                    OnnxImport<float> batchFirst = Import<float>(node.Bytes(isDouble: false, layout: 1));
                    Compare([.. expected.Select(Turned)], batchFirst.Run(turned), node);
                }
            }
            catch (Exception e)
            {
                failures.Add($"{node}: {e.GetType().Name} {e.Message}");
            }
        }

        Assert.True(failures.Count == 0, $"{failures.Count} of 150 failed:\n{string.Join('\n', failures.Take(20))}");
    }

    [Theory]
    [InlineData("Sigmoid,Tanh")]
    [InlineData("2")]
    [InlineData("")]
    [InlineData("Swish")]
    public void Activations_of_other_names_are_refused(string name)
    {
        Node node = new(new Random(1), 14) { Activations = [name, "Tanh", "Tanh"] };
        string message = Assert.Throws<InvalidDataException>(() => Import<float>(node.Bytes(isDouble: false))).Message;
        Assert.Contains($"unknown activation '{name}'", message);
    }

    [Theory]
    [InlineData("Affine")]
    [InlineData("ScaledTanh")]
    public void Activations_without_a_default_need_their_numbers(string name)
    {
        Node node = new(new Random(1), 14) { Activations = ["Sigmoid", name, "Tanh"], Alphas = [0.5f] };
        string message = Assert.Throws<InvalidDataException>(() => Import<float>(node.Bytes(isDouble: false))).Message;
        Assert.Contains($"no α or β for its activation {name}", message);
    }

    [Fact]
    public void A_threshold_that_ONNX_and_its_runtime_guess_differently_is_reported()
    {
        Node node = new(new Random(1), 14) { Activations = ["Sigmoid", "ThresholdedRelu", "Tanh"], Alphas = [] };
        OnnxImport<float> import = Import<float>(node.Bytes(isDouble: false));
        LstmEquations equations = Assert.IsType<LstmEquations>(Assert.IsType<LstmSpec>(import.Network.Specs.Single()).Cell);
        Assert.Equal(new(LstmActivationFunction.ThresholdedRelu, 1), equations.CellActivation);
        Assert.Contains(import.Report.Ignored, line => line.Contains("no α for ThresholdedRelu; it is 1"));
    }

    private static OnnxImport<T> Import<T>(byte[] file)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
        => OnnxModel.Import<T>(new MemoryStream(file));

    private static void Compare(IReadOnlyList<OnnxTensor> expected, IReadOnlyList<OnnxTensor> actual, Node node)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach (OnnxTensor one in expected)
        {
            OnnxTensor other = actual.Single(output => output.Name == one.Name);
            Assert.Equal(one.Shape, other.Shape);
            double[] values = one.To<double>(), ours = other.To<double>();
            double largest = values.Max(Math.Abs);
            for (int i = 0; i < values.Length; i++)
            {
                Assert.True(
                    Math.Abs(values[i] - ours[i]) <= 1e-5 * (1 + largest), $"{one.Name}[{i}] is {ours[i]}, not {values[i]}");
            }
        }
    }

    // The batch before the steps, or before the directions.
    private static OnnxTensor Turned(OnnxTensor tensor)
    {
        int[] shape = [.. tensor.Shape], order = shape.Length switch
        {
            // Y [T, D, N, H] is [N, T, D, H]
            4 => [2, 0, 1, 3],
            3 => [1, 0, 2],
            _ => [0],
        };
        int[] turned = [.. order.Select(axis => shape[axis])];
        return tensor.Pick(turned, i =>
        {
            int[] index = new int[shape.Length];
            for (int axis = turned.Length - 1; axis >= 0; i /= turned[axis], axis--)
            {
                index[order[axis]] = i % turned[axis];
            }

            int at = 0;
            for (int axis = 0; axis < shape.Length; axis++)
            {
                at = (at * shape[axis]) + index[axis];
            }

            return at;
        });
    }

    /// <summary>One LSTM node as a file, with random attributes and inputs.</summary>
    private sealed class Node
    {
        private readonly Dictionary<string, (float[] Values, int[] Shape)> _constants = [];
        private readonly List<OnnxTensor> _inputs = [];
        private readonly int _opset;
        private readonly int _directions;
        private readonly int _units;
        private readonly string _direction;
        private readonly float? _clip;
        private readonly long? _coupled;

        public Node(Random random, int opset)
        {
            int inputs = random.Next(1, 7), steps = random.Next(1, 8), count = random.Next(1, 5);
            (_opset, _units) = (opset, random.Next(1, 20));
            _direction = ((string[])["forward", "reverse", "bidirectional"])[random.Next(3)];
            _directions = _direction == "bidirectional" ? 2 : 1;
            _clip = random.Next(3) == 0 ? 0.2f + random.NextSingle() : null;
            _coupled = random.Next(3) == 0 ? random.Next(2) : null;
            Activations = random.Next(2) == 0 ? []
                : [.. Enumerable.Range(0, 3 * _directions).Select(_ => Functions[random.Next(11)])];
            (int alphas, int betas) = (Activations.Count(HasAlpha), Activations.Count(HasBeta));

            // All of them, or none where ONNX and ONNX Runtime have the same defaults.
            bool given = random.Next(3) > 0 || Activations.Any(name => name is "Affine" or "ScaledTanh" or "ThresholdedRelu");
            Alphas = given ? Values(random, alphas, 0.6f, 0.4f) : [];
            Betas = given ? Values(random, betas, 0.5f, 0.3f) : [];
            Constant("W", 4 * _units, inputs);
            Constant("R", 4 * _units, _units);
            if (random.Next(4) > 0)
            {
                Constant("B", 8 * _units);
            }

            if (random.Next(3) == 0)
            {
                Constant("P", 3 * _units);
            }

            Input("X", steps, count, inputs);
            if (random.Next(2) == 0)
            {
                int[] lengths = [.. Enumerable.Range(0, count).Select(_ => random.Next(1, steps + 1))];
                _inputs.Add(OnnxTensor.Create<int>("sequence_lens", lengths, count));
            }

            if (random.Next(2) == 0)
            {
                Input("initial_h", _directions, count, _units);
                Input("initial_c", _directions, count, _units);
            }

            void Constant(string name, params int[] shape)
                => _constants[name] = (Values(random, _directions * shape.Aggregate((a, b) => a * b)), [_directions, .. shape]);

            void Input(string name, params int[] shape)
                => _inputs.Add(OnnxTensor.Create<float>(name, Values(random, shape.Aggregate((a, b) => a * b)), shape));
        }

        public IReadOnlyList<string> Activations { get; init; }

        public float[] Alphas { get; init; }

        public float[] Betas { get; init; }

        public IReadOnlyList<OnnxTensor> Inputs => _inputs;

        public byte[] Bytes(bool isDouble, int layout = 0)
        {
            GraphWriter writer = new(isDouble);
            NodeProto node = new() { OpType = "LSTM", Name = "lstm" };
            foreach (string name in (string[])["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"])
            {
                OnnxTensor? input = _inputs.Find(one => one.Name == name);
                node.Input.Add(_constants.ContainsKey(name) || input is not null ? name : string.Empty);
                if (_constants.TryGetValue(name, out (float[] Values, int[] Shape) constant))
                {
                    writer.Constant<float>(name, constant.Values, constant.Shape);
                }
                else if (input is not null)
                {
                    object[] sizes = [.. (layout == 1 ? Turned(input) : input).Shape.Select(size => (object)size)];
                    writer.Graph.Input.Add(GraphWriter.Value(name, input.IsInteger ? 6 : writer.ValueType, sizes));
                }
            }

            foreach (string output in (string[])["Y", "Y_h", "Y_c"])
            {
                node.Output.Add(output);
                int rank = output == "Y" ? 4 : 3;
                writer.Graph.Output.Add(
                    GraphWriter.Value(
                        output, writer.ValueType, [.. Enumerable.Range(0, rank).Select(i => (object)$"{output}{i}")]));
            }

            node.Attribute.Add(GraphWriter.Int("hidden_size", _units));
            node.Attribute.Add(GraphWriter.Text("direction", _direction));
            AddTo(node, layout);
            writer.Graph.Node.Add(node);
            ModelProto model = new() { IrVersion = 8, Graph = writer.Graph };
            model.OpsetImport.Add(new OperatorSetIdProto { Version = _opset });
            return model.ToByteArray();
        }

        public IReadOnlyList<OnnxTensor> RunRuntime()
        {
            using SessionOptions options = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
            using InferenceSession session = new(Bytes(isDouble: false), options);
            NamedOnnxValue[] values = [.. _inputs.Select(input => input.IsInteger
                ? NamedOnnxValue.CreateFromTensor(input.Name, new DenseTensor<int>(input.To<int>(), [.. input.Shape]))
                : NamedOnnxValue.CreateFromTensor(input.Name, new DenseTensor<float>(input.To<float>(), [.. input.Shape])))];
            using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> outputs = session.Run(values);
            return [.. outputs.Select(output =>
            {
                DenseTensor<float> tensor = output.AsTensor<float>().ToDenseTensor();
                return OnnxTensor.Create<float>(output.Name, tensor.Buffer.Span, tensor.Dimensions);
            })];
        }

        public override string ToString()
            => $"{_direction} H {_units}, clip {_clip}, coupled {_coupled}, {string.Join(' ', Activations)} "
                + $"α {string.Join(' ', Alphas)} β {string.Join(' ', Betas)}, {string.Join(' ', _constants.Keys)} "
                + $"{string.Join(' ', _inputs)}";

        private static bool HasAlpha(string function)
            => function is "Affine" or "LeakyRelu" or "ThresholdedRelu" or "ScaledTanh" or "HardSigmoid" or "Elu";

        private static bool HasBeta(string function) => function is "Affine" or "ScaledTanh" or "HardSigmoid";

        private static float[] Values(Random random, int count, float middle = 0, float spread = 0.6f)
            => [.. Enumerable.Range(0, count).Select(_ => middle + (spread * ((2 * random.NextSingle()) - 1)))];

        private void AddTo(NodeProto node, int layout)
        {
            if (_clip is { } clip)
            {
                node.Attribute.Add(new AttributeProto { Name = "clip", F = clip, Type = 1 });
            }

            if (_coupled is { } coupled)
            {
                node.Attribute.Add(GraphWriter.Int("input_forget", coupled));
            }

            if (Activations.Count > 0)
            {
                node.Attribute.Add(GraphWriter.Texts("activations", Activations));
            }

            foreach ((string name, float[] values) in (ReadOnlySpan<(string, float[])>)
                [("activation_alpha", Alphas), ("activation_beta", Betas)])
            {
                if (values.Length > 0)
                {
                    AttributeProto attribute = new() { Name = name, Type = 6 };
                    attribute.Floats.Add(values);
                    node.Attribute.Add(attribute);
                }
            }

            if (layout == 1)
            {
                node.Attribute.Add(GraphWriter.Int("layout", 1));
            }
        }
    }
}
