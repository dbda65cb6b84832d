using Lstm.Tests.Support;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Lstm.Onnx.Tests;

/// <summary>A network and its exported file in ONNX Runtime, fed with the same values.</summary>
internal sealed class ExportedModel : IDisposable
{
    /// <summary>The largest difference allowed, as a part of 1 + the tensor's largest value.</summary>
    public const double Limit = 1e-5;

    private readonly Network<float> _network;
    private readonly OnnxExportOptions _options;
    private readonly InferenceSession _session;

    public ExportedModel(Network<float> network, OnnxExportOptions options)
    {
        MemoryStream file = new();
        OnnxModel.Export(network, file, options);
        (_network, _options) = (network, options);
        using SessionOptions one = new() { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        _session = new InferenceSession(file.ToArray(), one);
    }

    // The states of a file, in the order of the network's layers: h and c of each.
    private string[] StateNames => [.. _session.InputNames.Where(name => name.EndsWith("_h") || name.EndsWith("_c"))];

    /// <summary>Runs sequences, from random states if the file takes some, and compares outputs and final states.</summary>
    public void Compare(int seed, params int[] lengths)
    {
        NetworkState<float> state = _network.CreateState(lengths.Length);
        if (_options.States)
        {
            state = Sample.State(_network, lengths.Length, seed);
        }

        List<NamedOnnxValue> inputs = [Values(seed, lengths)];
        if (_options.Lengths)
        {
            inputs.Add(NamedOnnxValue.CreateFromTensor("lengths", new DenseTensor<int>(lengths, [lengths.Length])));
        }

        AddStates(inputs, state);
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> outputs = _session.Run(inputs);
        NetworkInput<float> batch = _network.TakesIds
            ? Sample.Ids(seed, _network.InputSize, lengths) : Sample.Batch<float>(seed, _network.InputSize, lengths);
        SequenceBatch<float> expected = _network.Predict(batch, state);
        CompareOutput(expected, Tensor(outputs, _options.OutputName));
        CompareStates(outputs, state);
    }

    /// <summary>Runs one sequence step by step through the states, beside a stream of the network.</summary>
    public void CompareSteps(int seed, int steps)
    {
        using NetworkStream<float> stream = _network.OpenStream();
        NetworkState<float> state = _network.CreateState(1);
        int[] ids = _network.TakesIds ? Sample.IdSequence(seed, 0, steps, _network.InputSize) : [];
        float[] values = _network.TakesIds ? [] : Sample.Sequence<float>(seed, 0, steps, _network.InputSize);
        List<NamedOnnxValue> states = [];
        AddStates(states, state);
        for (int t = 0; t < steps; t++)
        {
            float[] x = _network.TakesIds ? [] : values[(t * _network.InputSize)..((t + 1) * _network.InputSize)];
            NamedOnnxValue input = _network.TakesIds
                ? NamedOnnxValue.CreateFromTensor("input", new DenseTensor<long>(new long[] { ids[t] }, [1, 1]))
                : NamedOnnxValue.CreateFromTensor("input", new DenseTensor<float>(x, [1, 1, x.Length]));
            using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> outputs = _session.Run([input, .. states]);
            float[] expected = new float[_network.OutputSize];
            if (_network.TakesIds)
            {
                stream.StepIds([ids[t]], expected);
            }
            else
            {
                stream.Step(x, expected);
            }

            CompareValues(expected, [.. Tensor(outputs, "output")], $"step {t}");
            states = [.. StateNames.Select(name
                => NamedOnnxValue.CreateFromTensor(name, Tensor(outputs, name + "_out").ToDenseTensor()))];
        }
    }

    public void Dispose() => _session.Dispose();

    private static Tensor<float> Tensor(IEnumerable<DisposableNamedOnnxValue> outputs, string name)
        => outputs.Single(output => output.Name == name).AsTensor<float>();

    private static void CompareValues(float[] expected, float[] actual, string what) => Close.Within<float>(
        Array.ConvertAll(expected, value => (double)value), actual, new(Limit, 0, Limit), what);

    private NamedOnnxValue Values(int seed, int[] lengths)
    {
        int steps = Math.Max(1, lengths.Max()), count = lengths.Length, features = _network.TakesIds ? 1 : _network.InputSize;
        float[] all = new float[steps * count * features];
        for (int b = 0; b < count; b++)
        {
            float[] one = _network.TakesIds
                ? Array.ConvertAll(Sample.IdSequence(seed, b, lengths[b], _network.InputSize), id => (float)id)
                : Sample.Sequence<float>(seed, b, lengths[b], features);
            for (int t = 0; t < lengths[b]; t++)
            {
                int row = _options.BatchFirst ? (b * steps) + t : (t * count) + b;
                one.AsSpan(t * features, features).CopyTo(all.AsSpan(row * features));
            }
        }

        int[] shape = _options.BatchFirst ? [count, steps] : [steps, count];
        return _network.TakesIds
            ? NamedOnnxValue.CreateFromTensor(
                _options.InputName, new DenseTensor<long>(Array.ConvertAll(all, id => (long)id), shape))
            : NamedOnnxValue.CreateFromTensor(_options.InputName, new DenseTensor<float>(all, [.. shape, features]));
    }

    private void AddStates(List<NamedOnnxValue> inputs, NetworkState<float> state)
    {
        int entry = 0;
        foreach (string name in StateNames)
        {
            int directions = _session.InputMetadata[name].Dimensions[0];
            bool isCell = name.EndsWith("_c");
            float[] values =
                [.. Enumerable.Range(entry, directions).SelectMany(e => (isCell ? state.Cell(e) : state.Hidden(e)).ToArray())];
            inputs.Add(NamedOnnxValue.CreateFromTensor(
                name, new DenseTensor<float>(values, [directions, state.Count, values.Length / directions / state.Count])));
            entry += isCell ? directions : 0;
        }
    }

    private void CompareOutput(SequenceBatch<float> expected, Tensor<float> actual)
    {
        double largest = expected.Rows.ToArray().Append(0).Max(Math.Abs);
        for (int b = 0; b < expected.Lengths.Length; b++)
        {
            for (int t = 0; t < expected.Lengths[b]; t++)
            {
                for (int f = 0; f < _network.OutputSize; f++)
                {
                    float value = actual.Rank == 2 ? actual[b, f] : _options.BatchFirst ? actual[b, t, f] : actual[t, b, f];
                    Assert.True(
                        Math.Abs(value - expected[b, t][f]) <= Limit * (1 + largest),
                        $"[{b}, {t}, {f}]: {value}, expected {expected[b, t][f]}, the largest value is {largest}.");
                }
            }
        }
    }

    private void CompareStates(IDisposableReadOnlyCollection<DisposableNamedOnnxValue> outputs, NetworkState<float> state)
    {
        List<NamedOnnxValue> expected = [];
        AddStates(expected, state);
        foreach (NamedOnnxValue value in expected)
        {
            CompareValues([.. value.AsTensor<float>()], [.. Tensor(outputs, value.Name + "_out")], value.Name);
        }
    }
}
