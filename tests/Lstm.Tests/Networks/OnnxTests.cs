using System.Numerics;
using System.Numerics.Tensors;
using System.Text.Json;
using Lstm.Tests.Support;

namespace Lstm.Tests.Networks;

/// <summary>The variants of the LSTM that ONNX describes, against ONNX Runtime's outputs and against gradients of its semantics.</summary>
/// <remarks>
/// ONNX's gates are i o f c and its peepholes i o f. X is [T, N, I], W [D, 4H, I], R [D, 4H, H], B [D, 8H], P [D, 3H], the states
/// [D, N, H], Y [T, D, N, H]. A sequence without steps has zeros there as its final state, and here its initial state: it is
/// left out.
/// </remarks>
public abstract class OnnxTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] Gates = [0, 2, 3, 1];
    private static readonly int[] Peepholes = [0, 2, 1];

    protected abstract (double Tolerance, double Floor) Limits { get; }

    [Fact]
    public void Forward_and_Backward_of_every_shared_case_equal_the_gradients_of_ONNX() => CompareAll("lstm_onnx_grad_f64", 35, Limits);

    [Fact]
    public void Forward_of_every_shared_case_equals_ONNX_Runtime() => CompareAll("lstm_grid_ort130", 35, (1e-5, 1));

    private static void CompareAll(string name, int least, (double Tolerance, double Floor) limits)
    {
        string folder = Path.Combine(Shared.RequireConformance(), "ort");
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, name + ".json")));
        TensorFile file = TensorFile.Read(Path.Combine(folder, name + ".safetensors"));
        int compared = 0;
        foreach (JsonElement entry in cases.RootElement.GetProperty("cases").EnumerateArray())
        {
            new Case(entry.GetProperty("name").GetString()!, entry.GetProperty("attributes"), file, limits).Compare();
            compared++;
        }

        Assert.True(compared >= least, $"only {compared} cases were found");
    }

    private sealed class Case
    {
        private readonly string name;
        private readonly TensorFile file;
        private readonly (double Tolerance, double Floor) limits;
        private readonly LstmSpec spec;
        private readonly int directions;
        private readonly int steps;
        private readonly int count;
        private readonly int inputs;
        private readonly int[] lengths;

        public Case(string name, JsonElement attributes, TensorFile file, (double Tolerance, double Floor) limits)
        {
            this.name = name;
            this.file = file;
            this.limits = limits;
            (steps, count, inputs) = (Shape("X")[0], Shape("X")[1], Shape("X")[2]);
            lengths = file.Has($"{name}/sequence_lens")
                ? [.. file.Longs($"{name}/sequence_lens").Select(length => (int)length)]
                : [.. Enumerable.Repeat(steps, count)];
            spec = new LstmSpec(attributes.GetProperty("hidden_size").GetInt32())
            {
                Direction = Enum.Parse<LstmDirection>(attributes.GetProperty("direction").GetString()!, ignoreCase: true),
                Bias = file.Has($"{name}/B") ? LstmBias.Two : LstmBias.None,
                Peephole = file.Has($"{name}/P"),
                CoupledGates = attributes.TryGetProperty("input_forget", out JsonElement coupled) && coupled.GetInt32() == 1,
                PreActivationClip = attributes.TryGetProperty("clip", out JsonElement clip) ? clip.GetDouble() : null,
            };
            if (attributes.TryGetProperty("activations", out JsonElement names))
            {
                // α and β are given in order to those functions that have one.
                Queue<double> alphas = Numbers(attributes, "activation_alpha"), betas = Numbers(attributes, "activation_beta");
                LstmActivation[] all = [.. names.EnumerateArray().Select(f => Activation(f.GetString()!, alphas, betas))];
                spec = spec with { GateActivation = all[0], CellActivation = all[1], HiddenActivation = all[2] };
                if (all.Length == 6)
                {
                    spec = spec with { ReverseGateActivation = all[3], ReverseCellActivation = all[4], ReverseHiddenActivation = all[5] };
                }
            }

            directions = spec.Direction == LstmDirection.Bidirectional ? 2 : 1;
        }

        private static Queue<double> Numbers(JsonElement attributes, string name)
            => new(attributes.TryGetProperty(name, out JsonElement values) ? values.EnumerateArray().Select(value => value.GetDouble()) : []);

        private static LstmActivation Activation(string name, Queue<double> alphas, Queue<double> betas)
        {
            LstmActivationFunction function = Enum.Parse<LstmActivationFunction>(name, ignoreCase: true);
            (double? alpha, double? beta) = function switch
            {
                LstmActivationFunction.HardSigmoid => (0.2, 0.5),
                LstmActivationFunction.LeakyRelu => (0.01, null),
                LstmActivationFunction.Elu or LstmActivationFunction.ThresholdedRelu => (1.0, null),
                LstmActivationFunction.ScaledTanh or LstmActivationFunction.Affine => (1.0, 1.0),
                _ => ((double?)null, (double?)null),
            };
            double Next(double? value, Queue<double> given) => value is { } number ? given.TryDequeue(out double first) ? first : number : 0;
            return new(function, Next(alpha, alphas), Next(beta, betas));
        }

        private int Units => spec.HiddenSize;

        public void Compare()
        {
            Network<T> network = Network.Create<T>(inputs, spec);
            foreach (Parameter parameter in network.Parameters)
            {
                network.WriteParameter(parameter.Name, Tensor.Create(Converted(parameter, string.Empty), [.. parameter.Shape.Select(n => (nint)n)]));
            }

            SequenceBatch<T> batch = SequenceBatch.FromTensor<T>(
                Tensor.Create(Values("X"), [steps, count, inputs]).AsReadOnlyTensorSpan(), batchFirst: false, lengths);
            NetworkState<T> state = State(network, "initial_h", "initial_c");
            using Tape<T> tape = network.CreateTape();
            SequenceBatch<T> output = network.Forward(batch, state, tape);
            Equal("out.Y", Dense(output, Units, directions));
            EqualStates("out.Y_h", state.Hidden);
            EqualStates("out.Y_c", state.Cell);
            if (!file.Has($"{name}/ct.Y"))
            {
                return;
            }

            Scatter("ct.Y", tape.OutputGradient);
            tape.FinalStateGradient = State(network, "ct.Y_h", "ct.Y_c");
            Gradient<T> gradient = network.CreateGradient();
            network.Backward(tape, gradient);
            Equal("grad.X", Dense(tape.InputGradient, inputs, 1));
            foreach (Parameter parameter in network.Parameters)
            {
                T[] values = new T[parameter.Count];
                gradient.Read(parameter.Name).FlattenTo(values);
                Close.Relative<T>(Converted(parameter, "grad."), values, limits.Tolerance, $"{name} grad.{parameter.Name}", limits.Floor);
            }

            if (file.Has($"{name}/grad.initial_h"))
            {
                EqualStates("grad.initial_h", tape.InitialStateGradient.Hidden);
                EqualStates("grad.initial_c", tape.InitialStateGradient.Cell);
            }
        }

        // A parameter in our order, from ONNX's tensors or their gradients.
        private T[] Converted(Parameter parameter, string prefix)
        {
            string own = parameter.Name["lstm.".Length..];
            int direction = own.EndsWith("_reverse", StringComparison.Ordinal) ? 1 : 0;
            (string source, int first, int[] order) = own[..own.IndexOf("_l0", StringComparison.Ordinal)] switch
            {
                "weight_ih" => ("W", 0, Gates),
                "weight_hh" => ("R", 0, Gates),
                "bias_ih" => ("B", 0, Gates),
                "bias_hh" => ("B", 4, Gates),
                _ => ("P", 0, Peepholes),
            };
            T[] all = Values(prefix + source);
            int length = all.Length / directions, block = parameter.Count / order.Length;
            return [.. order.SelectMany(gate => all.AsSpan((direction * length) + ((first + gate) * block), block).ToArray())];
        }

        // [T, directions, N, features], zero beyond each length.
        private T[] Dense(SequenceBatch<T> batch, int features, int parts)
        {
            T[] values = new T[steps * count * parts * features];
            ForEach(batch, features, parts, (row, at) => row.CopyTo(values.AsSpan(at, features)));
            return values;
        }

        private void Scatter(string tensor, SequenceBatch<T> batch)
        {
            T[] values = Values(tensor);
            ForEach(batch, Units, directions, (row, at) => values.AsSpan(at, Units).CopyTo(row));
        }

        private void ForEach(SequenceBatch<T> batch, int features, int parts, Action<Span<T>, int> use)
        {
            for (int b = 0; b < count; b++)
            {
                for (int t = 0; t < lengths[b]; t++)
                {
                    for (int d = 0; d < parts; d++)
                    {
                        use(batch[b, t].Slice(d * features, features), ((((t * parts) + d) * count) + b) * features);
                    }
                }
            }
        }

        private NetworkState<T> State(Network<T> network, string h, string c)
        {
            NetworkState<T> state = network.CreateState(count);
            for (int d = 0; d < directions && file.Has($"{name}/{h}"); d++)
            {
                Values(h).AsSpan(d * count * Units, count * Units).CopyTo(state.Hidden(d));
                Values(c).AsSpan(d * count * Units, count * Units).CopyTo(state.Cell(d));
            }

            return state;
        }

        private void EqualStates(string tensor, Entry actual)
        {
            T[] expected = Values(tensor), values = [.. Enumerable.Range(0, directions).SelectMany(d => actual(d).ToArray())];
            for (int i = 0; i < values.Length; i++)
            {
                if (lengths[i / Units % count] == 0)
                {
                    values[i] = expected[i] = T.Zero;
                }
            }

            Close.Relative<T>(expected, values, limits.Tolerance, $"{name} {tensor}", limits.Floor);
        }

        private void Equal(string tensor, T[] actual)
            => Close.Relative<T>(Values(tensor), actual, limits.Tolerance, $"{name} {tensor}", limits.Floor);

        private T[] Values(string tensor) => Array.ConvertAll(file.Doubles($"{name}/{tensor}"), T.CreateChecked);

        private int[] Shape(string tensor) => file.Shape($"{name}/{tensor}");

        private delegate Span<T> Entry(int entry);
    }
}

public sealed class OnnxDoubleTests : OnnxTests<double>
{
    protected override (double Tolerance, double Floor) Limits => (1e-10, 1e-3);
}

public sealed class OnnxFloatTests : OnnxTests<float>
{
    protected override (double Tolerance, double Floor) Limits => (1e-5, 1);
}
