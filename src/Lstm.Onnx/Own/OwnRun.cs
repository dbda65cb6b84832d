using System.Numerics;
using Lstm.Onnx.Export;
using Lstm.Onnx.Files;

namespace Lstm.Onnx.Own;

/// <summary>Runs a network on tensors in the form of its exported file.</summary>
internal sealed class OwnRun<T>(Network<T> network, OnnxExportOptions options)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The inputs with states, h and c of each layer: the entries of the network's state that each has.</summary>
    public IReadOnlyList<(string Name, int Entry, int Directions, bool IsCell)> States { get; } = StatesOf(network, options);

    public OnnxTensor[] Run(IReadOnlyList<OnnxTensor> inputs)
    {
        OnnxTensor x = Find(inputs, options.InputName);
        if (x.Shape.Count != (network.TakesIds ? 2 : 3) || (!network.TakesIds && x.Shape[2] != network.InputSize))
        {
            throw new ArgumentException($"The input {x} has another shape than the file's.", nameof(inputs));
        }

        int count = x.Shape[options.BatchFirst ? 0 : 1], steps = x.Shape[options.BatchFirst ? 1 : 0];
        int[] lengths = Lengths(inputs, count, steps);
        NetworkState<T> state = network.CreateState(count);
        foreach ((string name, int entry, int directions, bool isCell) in States)
        {
            OnnxTensor tensor = Find(inputs, name);
            T[] values = tensor.To<T>();
            for (int d = 0; d < directions; d++)
            {
                Span<T> own = isCell ? state.Cell(entry + d) : state.Hidden(entry + d);
                if (values.Length != directions * own.Length)
                {
                    throw new ArgumentException(
                        $"The input {tensor} has {values.Length} values; it has to have [{directions}, {count}, " +
                        $"{own.Length / Math.Max(1, count)}].", nameof(inputs));
                }

                values.AsSpan(d * own.Length, own.Length).CopyTo(own);
            }
        }

        SequenceBatch<T> output = network.Predict(Batch(x, count, lengths), state);
        return [Output(output), .. States.Select(place => StateOf(state, place))];
    }

    private static (string Name, int Entry, int Directions, bool IsCell)[] StatesOf(
        Network<T> network, OnnxExportOptions options)
    {
        List<(string, int, int, bool)> all = [];
        string[] names = LayerNames.Of(network.Specs, network.Parameters);
        int entry = 0;
        for (int i = 0; i < names.Length && options.States; i++)
        {
            for (int layer = 0; network.Specs[i] is LstmSpec spec && layer < spec.Layers; layer++)
            {
                int directions = spec.Direction == LstmDirection.Bidirectional ? 2 : 1;
                all.Add((LayerNames.State(names[i], layer, "h"), entry, directions, false));
                all.Add((LayerNames.State(names[i], layer, "c"), entry, directions, true));
                entry += directions;
            }
        }

        return [.. all];
    }

    private static OnnxTensor Find(IReadOnlyList<OnnxTensor> inputs, string name)
        => inputs.FirstOrDefault(input => input.Name == name)
            ?? throw new ArgumentException($"The input '{Shorten.Text(name)}' is missing.", nameof(inputs));

    private static OnnxTensor StateOf(NetworkState<T> state, (string Name, int Entry, int Directions, bool IsCell) place)
    {
        T[] values =
        [
            .. Enumerable.Range(place.Entry, place.Directions)
                .SelectMany(entry => (place.IsCell ? state.Cell(entry) : state.Hidden(entry)).ToArray()),
        ];
        int size = place.IsCell ? state.Sizes[place.Entry].Cell : state.Sizes[place.Entry].Hidden;
        return new OnnxTensor(place.Name + "_out", [place.Directions, state.Count, size], values);
    }

    private int[] Lengths(IReadOnlyList<OnnxTensor> inputs, int count, int steps)
    {
        if (!options.Lengths)
        {
            return [.. Enumerable.Repeat(steps, count)];
        }

        long[] lengths = Find(inputs, "lengths").To<long>();
        return lengths.Length == count && lengths.All(length => length >= 0 && length <= steps)
            ? Array.ConvertAll(lengths, length => (int)length)
            : throw new ArgumentException(
                $"The input 'lengths' has {lengths.Length} lengths; it has to have {count}, each from 0 to {steps}.",
                nameof(inputs));
    }

    private NetworkInput<T> Batch(OnnxTensor x, int count, int[] lengths)
    {
        int features = network.TakesIds ? 1 : network.InputSize;
        int steps = x.Shape[options.BatchFirst ? 1 : 0];
        if (network.TakesIds)
        {
            return SequenceBatch.FromSequences<int>(Sequences(Array.ConvertAll(x.To<long>(), id => checked((int)id))), 1);
        }

        return SequenceBatch.FromSequences<T>(Sequences(x.To<T>()), features);

        TValue[][] Sequences<TValue>(TValue[] values)
        {
            TValue[][] all = new TValue[count][];
            for (int b = 0; b < count; b++)
            {
                all[b] = new TValue[lengths[b] * features];
                for (int t = 0; t < lengths[b]; t++)
                {
                    int row = options.BatchFirst ? (b * steps) + t : (t * count) + b;
                    values.AsSpan(row * features, features).CopyTo(all[b].AsSpan(t * features));
                }
            }

            return all;
        }
    }

    // Rows past a sequence's length are 0.
    private OnnxTensor Output(SequenceBatch<T> output)
    {
        int count = output.Lengths.Length, features = network.OutputSize;
        int steps = 0;
        foreach (int length in output.Lengths)
        {
            steps = Math.Max(steps, length);
        }

        bool isPooled = network.Specs.LastOrDefault(spec => spec is PoolingSpec or Specs.RepeatLastSpec) is PoolingSpec;
        T[] values = new T[count * steps * features];
        for (int b = 0; b < count; b++)
        {
            for (int t = 0; t < output.Lengths[b]; t++)
            {
                int row = options.BatchFirst ? (b * steps) + t : (t * count) + b;
                output[b, t].CopyTo(values.AsSpan(row * features));
            }
        }

        int[] shape = isPooled ? [count, features] : options.BatchFirst ? [count, steps, features] : [steps, count, features];
        return new OnnxTensor(options.OutputName, shape, values);
    }
}
