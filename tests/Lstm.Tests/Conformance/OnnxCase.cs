using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Parameters;
using Lstm.Tests.Support;

namespace Lstm.Tests.Conformance;

/// <summary>
/// One LSTM operator of ONNX as a network of ours: outputs, final states and, where the case has them, gradients.
/// </summary>
/// <remarks>
/// ONNX's gates are i o f c and its peepholes i o f. X is [T, N, I], W [D, 4H, I], R [D, 4H, H], B [D, 8H], P [D, 3H], the states
/// [D, N, H], Y [T, D, N, H]; with layout 1, N comes first in X, Y and the states. After a sequence without steps, ONNX Runtime's
/// states are zeros with zero gradients; ours are the initial ones, and the gradient passes through: that difference is asserted,
/// not passed over.
/// </remarks>
internal sealed class OnnxCase<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] Gates = [0, 2, 3, 1];
    private static readonly int[] Peepholes = [0, 2, 1];

    private readonly CaseTensors tensors;
    private readonly Tolerance tolerance;
    private readonly bool batchFirst;
    private readonly LstmSpec spec;
    private readonly int directions;
    private readonly int steps;
    private readonly int count;
    private readonly int inputs;
    private readonly int[] lengths;

    /// <summary>
    /// Inputs have ONNX's names; out.Y and the like are expected, grad.X the gradients for the output gradients ct.Y.
    /// </summary>
    public OnnxCase(OnnxAttributes attributes, CaseTensors tensors, Tolerance tolerance)
    {
        this.tensors = tensors;
        this.tolerance = tolerance;
        batchFirst = attributes.Numbers("layout") is [1];
        int[] shape = Read("X").Shape;
        (steps, count, inputs) = (shape[0], shape[1], shape[2]);
        lengths = tensors.Has("sequence_lens")
            ? [.. tensors["sequence_lens"].Values.Select(length => (int)length)]
            : [.. Enumerable.Repeat(steps, count)];
        LstmSpec converted = OnnxSpec.From(attributes);
        spec = converted with
        {
            Bias = tensors.Has("B") ? LstmBias.Two : LstmBias.None,
            Cell = converted.Equations with { Peephole = tensors.Has("P") },
        };
        directions = spec.Direction == LstmDirection.Bidirectional ? 2 : 1;
    }

    private int Units => spec.HiddenSize;

    public void Compare()
    {
        Network<T> network = Network.Create<T>(inputs, spec);
        foreach (Parameter parameter in network.Parameters)
        {
            T[] values = Array.ConvertAll(Converted(parameter, string.Empty), T.CreateChecked);
            network.WriteParameter(parameter.Name, Tensor.Create(values, [.. parameter.Shape.Select(n => (nint)n)]));
        }

        SequenceBatch<T> batch = SequenceBatch.FromTensor<T>(
            Tensor.Create(Read("X").To<T>(), [steps, count, inputs]).AsReadOnlyTensorSpan(), batchFirst: false, lengths);
        NetworkState<T> state = State(network, "initial_h", "initial_c");
        using Tape<T> tape = network.CreateTape();
        SequenceBatch<T> output = network.Forward(batch, state, tape);
        Equal("out.Y", Dense(output, Units, directions));
        EqualStates("out.Y_h", state.Hidden, "initial_h");
        EqualStates("out.Y_c", state.Cell, "initial_c");
        if (tensors.Has("ct.Y"))
        {
            CompareGradients(network, tape);
        }

        tensors.AssertAllRead();
    }

    private void CompareGradients(Network<T> network, Tape<T> tape)
    {
        Scatter("ct.Y", tape.OutputGradient);
        tape.FinalStateGradient = State(network, "ct.Y_h", "ct.Y_c");
        Gradient<T> gradient = network.CreateGradient();
        network.Backward(tape, gradient);
        Equal("grad.X", Dense(tape.InputGradient, inputs, 1));
        foreach (Parameter parameter in network.Parameters)
        {
            T[] values = new T[parameter.Count];
            gradient.Read(parameter.Name).FlattenTo(values);
            Close.Within<T>(Converted(parameter, "grad."), values, tolerance, $"grad.{parameter.Name}");
        }

        EqualStates("grad.initial_h", tape.InitialStateGradient.Hidden, "ct.Y_h");
        EqualStates("grad.initial_c", tape.InitialStateGradient.Cell, "ct.Y_c");
    }

    // A parameter in our order, from ONNX's tensors or their gradients.
    private double[] Converted(Parameter parameter, string prefix)
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
        double[] all = tensors[prefix + source].Values;
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

    private void Scatter(string name, SequenceBatch<T> batch)
    {
        T[] values = Read(name).To<T>();
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
        for (int d = 0; d < directions; d++)
        {
            StateValues(h).AsSpan(d * count * Units, count * Units).CopyTo(state.Hidden(d));
            StateValues(c).AsSpan(d * count * Units, count * Units).CopyTo(state.Cell(d));
        }

        return state;
    }

    private T[] StateValues(string name) => tensors.Has(name) ? Read(name).To<T>() : new T[directions * count * Units];

    // A sequence without steps has exactly what passes through it.
    private void EqualStates(string name, Entry actual, string passing)
    {
        if (!tensors.Has(name))
        {
            return;
        }

        double[] expected = Read(name).Values;
        T[] values = [.. Enumerable.Range(0, directions).SelectMany(d => actual(d).ToArray())], passed = StateValues(passing);
        for (int i = 0; i < values.Length; i++)
        {
            if (lengths[i / Units % count] == 0)
            {
                Assert.Equal(0, expected[i]);
                Assert.Equal(passed[i], values[i]);
                values[i] = T.Zero;
            }
        }

        Close.Within<T>(expected, values, tolerance, name);
    }

    private void Equal(string name, T[] actual)
    {
        if (tensors.Has(name))
        {
            Close.Within<T>(Read(name).Values, actual, tolerance, name);
        }
    }

    // With N behind T and D, whatever the layout is.
    private ReferenceTensor Read(string name) => !batchFirst ? tensors[name] : name[(name.IndexOf('.') + 1)..] switch
    {
        "Y" => tensors[name].Permute(1, 2, 0, 3),
        "X" or "Y_h" or "Y_c" or "initial_h" or "initial_c" => tensors[name].Permute(1, 0, 2),
        _ => tensors[name],
    };

    private delegate Span<T> Entry(int entry);
}
