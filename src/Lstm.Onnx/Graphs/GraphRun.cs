using System.Numerics;
using Lstm.Onnx.Files;

namespace Lstm.Onnx.Graphs;

/// <summary>Runs a network on tensors in the form of the graph that it was read from.</summary>
internal sealed class GraphRun<T>(Network<T> network, GraphSignature signature)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public OnnxTensor[] Run(IReadOnlyList<OnnxTensor> inputs)
    {
        OnnxTensor x = Find(inputs, signature.Input.Name);
        int count = Size(x, AxisRole.Batch), steps = Size(x, AxisRole.Time);
        int[] lengths = [.. Enumerable.Repeat(steps, count)];
        if (signature.Lengths is { } name)
        {
            lengths = [.. Find(inputs, name).To<long>().Select(length => checked((int)length))];
            if (lengths.Length != count || lengths.Any(length => length < 0 || length > steps))
            {
                throw new ArgumentException(
                    $"The input '{name}' has {lengths.Length} lengths; it has to have {count}, each from 0 to {steps}.",
                    nameof(inputs));
            }
        }

        NetworkInput<T> batch = Batch(x, count, lengths);
        NetworkState<T> state = network.CreateState(count);
        for (int d = 0; d < signature.Directions.Count; d++)
        {
            CopyInitial(inputs, signature.Directions[d].HiddenInput, state.Hidden(d), count);
            CopyInitial(inputs, signature.Directions[d].CellInput, state.Cell(d), count);
        }

        SequenceBatch<T> output = network.Predict(batch, state);
        return
        [
            .. signature.Sequences.Select(sequence => Dense(sequence.Name, sequence.Value, output, count, steps)),
            .. signature.States.Select(final => States(final.Name, final.Value, state, count)),
        ];
    }

    private static OnnxTensor Find(IReadOnlyList<OnnxTensor> inputs, string name)
        => inputs.FirstOrDefault(input => input.Name == name)
            ?? throw new ArgumentException($"The input '{Shorten.Text(name)}' is missing.", nameof(inputs));

    private int Size(OnnxTensor x, AxisRole role)
    {
        Atom[] axes = signature.Input.Axes;
        if (x.Shape.Count != axes.Length)
        {
            throw new ArgumentException($"The input {x} has {x.Shape.Count} axes; the graph's has {axes.Length}.", nameof(x));
        }

        int axis = Array.FindIndex(axes, one => one.Role == role);
        return axis < 0 ? 1 : x.Shape[axis];
    }

    private NetworkInput<T> Batch(OnnxTensor x, int count, int[] lengths)
    {
        Atom[] axes = signature.Input.Axes;
        int features = Size(x, AxisRole.Feature);
        if (!signature.Input.IsInteger && features != network.InputSize)
        {
            throw new ArgumentException(
                $"The input {x} has {features} values per step; the network takes {network.InputSize}.", nameof(x));
        }

        T[] values = network.TakesIds ? [] : x.To<T>();
        int[][] ids = new int[count][];
        T[][] rows = new T[count][];
        for (int b = 0; b < count; b++)
        {
            (ids[b], rows[b]) = (new int[network.TakesIds ? lengths[b] : 0], new T[network.TakesIds ? 0 : lengths[b] * features]);
            for (int i = 0; i < lengths[b] * features; i++)
            {
                int at = 0;
                for (int axis = 0; axis < axes.Length; axis++)
                {
                    int index = axes[axis].Role switch { AxisRole.Batch => b, AxisRole.Time => i / features, _ => i % features };
                    at = (at * x.Shape[axis]) + index;
                }

                if (network.TakesIds)
                {
                    // A negative id counts from the table's end, as in ONNX.
                    int id = (int)x[at];
                    ids[b][i] = id < 0 ? id + network.InputSize : id;
                }
                else
                {
                    rows[b][i] = values[at];
                }
            }
        }

        return network.TakesIds ? SequenceBatch.FromSequences<int>(ids, 1) : SequenceBatch.FromSequences<T>(rows, features);
    }

    private static void CopyInitial(IReadOnlyList<OnnxTensor> inputs, InputPart? part, Span<T> state, int count)
    {
        if (part is null)
        {
            return;
        }

        OnnxTensor tensor = Find(inputs, part.Input.Name);
        T[] values = tensor.To<T>();
        int units = state.Length / count, entries = tensor.Count / state.Length;
        if (tensor.Count != entries * state.Length || part.First >= entries)
        {
            throw new ArgumentException($"The initial states {tensor} are not [entries, {count}, {units}].", nameof(inputs));
        }

        for (int i = 0; i < state.Length; i++)
        {
            (int b, int unit) = Math.DivRem(i, units);
            int row = part.Axis == 1 ? (b * entries) + part.First : (part.First * count) + b;
            state[i] = values[(row * units) + unit];
        }
    }

    // The output's rows in the graph's axes, 0 where there is none.
    private OnnxTensor Dense(string name, Flow flow, SequenceBatch<T> output, int count, int steps)
    {
        Atom[] features = flow.Node.Features;
        return Fill(name, flow.Groups, count, steps, place =>
        {
            int feature = 0, b = 0, t = 0;
            foreach (Atom atom in features)
            {
                // An axis of one value may have been squeezed away.
                feature = (feature * (int)atom.Size!.Value) + place.GetValueOrDefault(atom);
            }

            foreach ((Atom atom, int index) in place)
            {
                b = atom.Role == AxisRole.Batch ? index : b;
                t = atom.Role == AxisRole.Time ? index : t;
            }

            return t < output.Lengths[b] ? output[b, t][feature] : T.Zero;
        });
    }

    private OnnxTensor States(string name, FinalState final, NetworkState<T> state, int count)
    {
        int[] entries = [.. final.Entries.Select(entry => signature.Directions.IndexOf(entry.Direction))];
        return Fill(name, final.Groups, count, 1, place =>
        {
            int entry = 0, b = 0, unit = 0;
            foreach ((Atom atom, int index) in place)
            {
                entry = atom == final.Axis ? index : entry;
                b = atom.Role == AxisRole.Batch ? index : b;
                unit = atom.Role == AxisRole.Feature ? index : unit;
            }

            Span<T> values = final.IsCell ? state.Cell(entries[entry]) : state.Hidden(entries[entry]);
            return values[(b * (values.Length / count)) + unit];
        });
    }

    // The sequences and steps of the graph's input are those of the tensors at hand, whatever sizes the file was made with.
    private OnnxTensor Fill(string name, Atom[][] groups, int count, int steps, Func<Dictionary<Atom, int>, T> value)
    {
        Atom[] atoms = [.. groups.SelectMany(group => group)];
        int SizeOf(Atom atom) => atom.Role switch
        {
            AxisRole.Batch => count,
            AxisRole.Time when signature.Input.Axes.Contains(atom) => steps,
            _ => (int)(atom.Size ?? 1),
        };
        int[] shape = [.. groups.Select(group => group.Aggregate(1, (product, atom) => checked(product * SizeOf(atom))))];
        T[] values = new T[shape.Aggregate(1, (product, size) => checked(product * size))];
        Dictionary<Atom, int> place = [];
        for (int i = 0; i < values.Length; i++)
        {
            for (int a = atoms.Length - 1, rest = i; a >= 0; rest /= SizeOf(atoms[a]), a--)
            {
                place[atoms[a]] = rest % SizeOf(atoms[a]);
            }

            values[i] = value(place);
        }

        return new OnnxTensor(name, shape, values);
    }
}
