using Lstm.Cells;
using Lstm.Specs;
using Lstm.Tests.Support;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Lstm.Onnx.Tests;

/// <summary>
/// Exported networks run by ONNX Runtime: whole, other sizes, ragged, step by step; and imported again with the same bits.
/// </summary>
public class ExportTests
{
    private const double Limit = 1e-5;

    public static TheoryData<string> Names { get; } = new(Cases.Keys.ToArray());

    private static Dictionary<string, (int Inputs, LayerSpec[] Specs)> Cases => new()
    {
        ["plain"] = (3, [new LstmSpec(5)]),
        ["stack"] = (3, [new LstmSpec(5) { Layers = 3, Bias = LstmBias.Two, Dropout = 0.2 }, new DenseSpec(2)]),
        ["no bias"] = (3, [new LstmSpec(5) { Bias = LstmBias.None }, new DenseSpec(2) { Bias = false }]),
        ["reverse"] = (3, [new LstmSpec(5) { Direction = LstmDirection.Reverse }]),
        ["bidirectional"] = (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional, Layers = 2 }]),
        ["merge sum"] = (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional, Layers = 2, Merge = LstmMerge.Sum }]),
        ["merge mean"] = (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Mean }]),
        ["merge product"] = (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Product }]),
        ["peephole, clip, coupled"] = (3, [new LstmSpec(5)
        {
            Cell = new LstmEquations { Peephole = true, PreActivationClip = 0.5, CoupledGates = true },
                Direction = LstmDirection.Bidirectional, Bias = LstmBias.Two,
        }]),
        ["activations"] = (3, [new LstmSpec(5)
        {
            Cell = new LstmEquations
            {
                GateActivation = new(LstmActivationFunction.HardSigmoid, 0.25, 0.4),
                    CellActivation = new(LstmActivationFunction.ScaledTanh, 1.2, 0.7),
                HiddenActivation = new(LstmActivationFunction.Softsign),
                ReverseGateActivation = new(LstmActivationFunction.Sigmoid),
                ReverseCellActivation = new(LstmActivationFunction.Elu, 0.7),
                    ReverseHiddenActivation = new(LstmActivationFunction.LeakyRelu, 0.1),
            },
            Direction = LstmDirection.Bidirectional,
        }]),
        ["more activations"] = (3, [new LstmSpec(5)
        {
            Cell = new LstmEquations
            {
                CellActivation = new(LstmActivationFunction.Relu),
                    HiddenActivation = new(LstmActivationFunction.ThresholdedRelu, 0.02),
                ReverseCellActivation = new(LstmActivationFunction.Softplus),
                ReverseHiddenActivation = new(LstmActivationFunction.Affine, 0.8, 0.1),
            },
            Direction = LstmDirection.Bidirectional,
        }]),
        ["residual"] = (5, [new LstmSpec(5) { Layers = 3, Shortcut = LstmShortcut.Add }]),
        ["skip"] = (3, [new LstmSpec(5) { Layers = 2, Shortcut = LstmShortcut.Concatenate }, new PoolingSpec(Pooling.Last)]),
        ["residual bidirectional, last"] =
            (6, [new LstmSpec(3) { Direction = LstmDirection.Bidirectional, Shortcut = LstmShortcut.Add },
            new PoolingSpec(Pooling.Last)]),
        ["learned state"] =
        (3, [new LstmSpec(5) { LearnInitialState = true, Layers = 2, Direction = LstmDirection.Bidirectional }]),
        ["embedding"] =
            (11, [new EmbeddingSpec(4), new LstmSpec(5), new DenseSpec(2), new ActivationSpec(ActivationFunction.LogSoftmax)]),
        ["last"] =
        (3, [new LstmSpec(5), new DropoutSpec(0.3), new PoolingSpec(Pooling.Last),
        new DenseSpec(2) { Activation = Activation.Sigmoid }]),
        ["last bidirectional"] =
            (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional }, new PoolingSpec(Pooling.Last), new DenseSpec(2)]),
        ["last merged"] =
        (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional, Merge = LstmMerge.Product },
        new PoolingSpec(Pooling.Last), new DenseSpec(2)]),
        ["last step"] = (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional }, new PoolingSpec(Pooling.LastStep)]),
        ["first step"] = (3, [new LstmSpec(5) { Direction = LstmDirection.Bidirectional }, new PoolingSpec(Pooling.FirstStep)]),
        ["mean"] = (3, [new LstmSpec(5), new PoolingSpec(Pooling.Mean), new DenseSpec(2) { Activation = Activation.Tanh }]),
        ["max"] =
            (3, [new LstmSpec(5), new PoolingSpec(Pooling.Max), new DenseSpec(4),
            new ActivationSpec(ActivationFunction.Softmax)]),
        ["layer norm"] =
        (3, [new LayerNormSpec { Epsilon = 0.01 }, new LstmSpec(5), new LayerNormSpec(),
        new DenseSpec(2) { Activation = Activation.Relu }]),
        ["autoencoder"] =
            (3, [new LstmSpec(5), new PoolingSpec(Pooling.Last), new RepeatLastSpec(4), new LstmSpec(6), new DenseSpec(3)]),
        ["repeat last"] = (3, [new DenseSpec(4), new RepeatLastSpec(3), new LstmSpec(4), new PoolingSpec(Pooling.Mean)]),
        ["element layers"] = (3,
        [
            new DenseSpec(5), new ActivationSpec(ActivationFunction.ScaledTanh) { Alpha = 1.3, Beta = 0.7 }, new LstmSpec(5),
            new ActivationSpec(ActivationFunction.Affine) { Alpha = 1.5, Beta = 0.25 },
                new ActivationSpec(ActivationFunction.Elu) { Alpha = 0.5 },
            new ActivationSpec(ActivationFunction.LeakyRelu) { Alpha = 0.1 }, new ActivationSpec(ActivationFunction.Softplus),
            new ActivationSpec(ActivationFunction.HardSigmoid) { Alpha = 0.2, Beta = 0.5 },
                new ActivationSpec(ActivationFunction.Softsign),
            new ActivationSpec(ActivationFunction.ThresholdedRelu) { Alpha = 0.1 }, new ActivationSpec(ActivationFunction.Tanh),
        ]),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void ONNX_Runtime_gives_the_outputs_of_the_network(string name)
    {
        Network<float> network = Made(name);
        foreach (
            (bool batchFirst, int count, int steps) in (ReadOnlySpan<(bool, int, int)>)[
            (true, 3, 6), (false, 2, 9), (true, 1, 1)])
        {
            using Session session = new(network, new() { BatchFirst = batchFirst });
            session.Compare([.. Enumerable.Repeat(steps, count)], batchFirst);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ONNX_Runtime_gives_the_outputs_of_ragged_sequences(string name)
    {
        using Session session = new(Made(name), new() { Lengths = true });
        session.Compare([4, 7, 1, 7, 0, 2], batchFirst: true);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Import_of_our_own_export_gives_the_same_bits(string name)
    {
        Network<float> network = Made(name);
        bool masks = network.Specs.OfType<LstmSpec>().Any();
        foreach (bool states in (bool[])[false, true])
        {
            MemoryStream file = new();
            OnnxModel.Export(network, file, new() { States = states && masks });
            file.Position = 0;
            OnnxImport<float> same = OnnxModel.Import<float>(file);
            SequenceBatch<float> batch = Sequences(network, [5, 5, 5]);
            NetworkInput<float> input = network.TakesIds ? Ids([5, 5, 5]) : batch;
            NetworkState<float>? state = states ? null : same.Network.CreateState(3);
            if (states && network.Specs.OfType<LstmSpec>().Any(spec => spec.LearnInitialState))
            {
                continue;
            }

            Close.SameBits<float>(network.Predict(input).Rows, same.Network.Predict(input, state).Rows, name);
        }
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("stack")]
    [InlineData("residual")]
    [InlineData("learned state forward")]
    [InlineData("peephole forward")]
    public void Steps_through_the_state_inputs_equal_the_stream(string name)
    {
        Network<float> network = name switch
        {
            "learned state forward" => Made(3, new LstmSpec(5) { LearnInitialState = true }, new DenseSpec(2)),
            "peephole forward" => Made(3, new LstmSpec(5) { Cell = new LstmEquations { Peephole = true } }),
            _ => Made(name),
        };
        using Session session = new(network, new() { States = true });
        session.CompareSteps(12);
    }

    [Fact]
    public void A_sequence_of_length_zero_keeps_its_state()
    {
        Network<float> network = Made(3, new LstmSpec(5) { Direction = LstmDirection.Bidirectional });
        using Session session = new(network, new() { States = true, Lengths = true });
        session.CompareStates([3, 0, 2]);
    }

    [Fact]
    public void A_double_network_is_written_as_float_or_as_double()
    {
        Network<double> network = Network.Create<double>(3, 5, new LstmSpec(4), new DenseSpec(2));
        foreach (bool isDouble in (bool[])[false, true])
        {
            MemoryStream file = new();
            OnnxModel.Export(network, file, new() { Double = isDouble });
            file.Position = 0;
            OnnxImport<double> same = OnnxModel.Import<double>(file);
            double[] x = [.. Enumerable.Range(0, 12).Select(i => Math.Cos(i))];
            double[] expected = network.Predict(SequenceBatch.FromSequences<double>([x], 3)).GetSequence(0);
            double[] actual = same.Network.Predict(SequenceBatch.FromSequences<double>([x], 3)).GetSequence(0);
            if (isDouble)
            {
                Close.SameBits<double>(expected, actual, "y");
                file.Position = 0;
                Assert.Contains("is double", Assert.Throws<InvalidDataException>(() => OnnxModel.Import<float>(file)).Message);
            }
            else
            {
                Close.Within<double>(expected, actual, new(1e-6), "y");
            }
        }
    }

    [Fact]
    public void What_ONNX_cannot_say_is_refused_by_name()
    {
        Network<float> network = Network.Create(
            3, new LstmSpec(4) { Projection = new(2), Name = "a" }, new LstmSpec(4)
            {
                Name = "b", Cell = new LstmEquations { CellClip = 1, OutputGate = false },
                    Normalization = new LayerNormalization(),
                Regularization = new() { HiddenZoneout = 0.1 },
            });
        string message = Assert.Throws<NotSupportedException>(() => OnnxModel.Export(network, new MemoryStream())).Message;
        Assert.All(
            ["'a' has Projection", "'b' has CellClip", "'b' has OutputGate", "'b' has Normalization", "'b' has HiddenZoneout"],
            part => Assert.Contains(part, message));
    }

    private static Network<float> Made(string name) => Made(Cases[name].Inputs, Cases[name].Specs);

    private static Network<float> Made(int inputs, params LayerSpec[] specs)
    {
        Network<float> network = Network.Create<float>(inputs, 7, specs);
        int seed = 1;
        foreach (Lstm.Parameters.Parameter parameter in network.Parameters)
        {
            // Biases and states too are something other than zero.
            network.WriteParameter(parameter.Name, new ReadOnlySpan<float>(OnnxBuilder.Values(parameter.Count, seed++)));
        }

        return network;
    }

    private static SequenceBatch<float> Sequences(Network<float> network, int[] lengths) => SequenceBatch.FromSequences<float>(
        [.. lengths.Select((length, b) => OnnxBuilder.Values(length * (network.TakesIds ? 1 : network.InputSize), b + 2))],
        network.TakesIds ? 1 : network.InputSize);

    private static SequenceBatch<int> Ids(int[] lengths)
        => SequenceBatch.FromSequences<int>(
            [.. lengths.Select((length, b) => Enumerable.Range(0, length).Select(t => ((t * 7) + b) % 11).ToArray())]);

    /// <summary>A network and its exported file in ONNX Runtime.</summary>
    private sealed class Session : IDisposable
    {
        private readonly Network<float> _network;
        private readonly InferenceSession _session;

        public Session(Network<float> network, OnnxExportOptions options)
        {
            MemoryStream file = new();
            OnnxModel.Export(network, file, options);
            _network = network;
            _session = new InferenceSession(file.ToArray());
        }

        public void Compare(int[] lengths, bool batchFirst)
        {
            NetworkInput<float> batch = _network.TakesIds ? Ids(lengths) : Sequences(_network, lengths);
            List<NamedOnnxValue> inputs = [Input(lengths, batchFirst)];
            if (_session.InputMetadata.ContainsKey("lengths"))
            {
                inputs.Add(NamedOnnxValue.CreateFromTensor("lengths", new DenseTensor<int>(lengths, [lengths.Length])));
            }

            SequenceBatch<float> expected = _network.Predict(batch);
            using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> outputs = _session.Run(inputs);
            Tensor<float> actual = outputs[0].AsTensor<float>();
            double largest = expected.Rows.ToArray().Max(Math.Abs);
            for (int b = 0; b < lengths.Length; b++)
            {
                for (int t = 0; t < expected.Lengths[b]; t++)
                {
                    for (int f = 0; f < _network.OutputSize; f++)
                    {
                        float value = actual.Rank == 2 ? actual[b, f] : batchFirst ? actual[b, t, f] : actual[t, b, f];
                        Assert.True(
                            Math.Abs(value - expected[b, t][f]) <= Limit * (1 + largest),
                            $"[{b}, {t}, {f}]: {value}, expected {expected[b, t][f]}.");
                    }
                }
            }
        }

        public void CompareSteps(int steps)
        {
            float[] values = OnnxBuilder.Values(steps * _network.InputSize);
            using NetworkStream<float> stream = _network.OpenStream();
            NetworkState<float> start = _network.CreateState(1);
            string[] names = [.. _session.InputMetadata.Keys.Where(name => name != "input")];
            Dictionary<string, DenseTensor<float>> states = names.ToDictionary(name => name, name =>
            {
                int entry =
                    int.Parse(
                    name[(name.IndexOf("_l", StringComparison.Ordinal) + 2)..name.LastIndexOf('_')],
                    System.Globalization.CultureInfo.InvariantCulture);
                Span<float> state = name.EndsWith("_h", StringComparison.Ordinal) ? start.Hidden(entry) : start.Cell(entry);
                return new DenseTensor<float>(state.ToArray(), [1, 1, state.Length]);
            });
            for (int t = 0; t < steps; t++)
            {
                float[] x = values[(t * _network.InputSize)..((t + 1) * _network.InputSize)];
                List<NamedOnnxValue> inputs =
                    [NamedOnnxValue.CreateFromTensor("input", new DenseTensor<float>(x, [1, 1, x.Length]))];
                inputs.AddRange(states.Select(pair => NamedOnnxValue.CreateFromTensor(pair.Key, pair.Value)));
                using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> outputs = _session.Run(inputs);
                Close.Within<float>(
                    Array.ConvertAll(stream.Step(x), value => (double)value), [.. outputs[0].AsTensor<float>()],
                    new(Limit, 0, Limit), $"step {t}");
                foreach (string name in names)
                {
                    states[name] = outputs.Single(output => output.Name == name + "_out").AsTensor<float>().ToDenseTensor();
                }
            }
        }

        public void CompareStates(int[] lengths)
        {
            NetworkState<float> state = _network.CreateState(lengths.Length);
            List<NamedOnnxValue> inputs =
                [Input(lengths, batchFirst: true),
                NamedOnnxValue.CreateFromTensor("lengths", new DenseTensor<int>(lengths, [lengths.Length]))];
            int units = state.Hidden(0).Length / lengths.Length;
            foreach (bool isCell in (bool[])[false, true])
            {
                float[] all = OnnxBuilder.Values(2 * lengths.Length * units, isCell ? 3 : 5);
                all.AsSpan(0, all.Length / 2).CopyTo(isCell ? state.Cell(0) : state.Hidden(0));
                all.AsSpan(all.Length / 2).CopyTo(isCell ? state.Cell(1) : state.Hidden(1));
                inputs.Add(
                    NamedOnnxValue.CreateFromTensor(
                    isCell ? "lstm_l0_c" : "lstm_l0_h", new DenseTensor<float>(all, [2, lengths.Length, units])));
            }

            using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> outputs = _session.Run(inputs);
            _network.Predict(Sequences(_network, lengths), state);
            foreach (bool isCell in (bool[])[false, true])
            {
                float[] expected = isCell ? [.. state.Cell(0), .. state.Cell(1)] : [.. state.Hidden(0), .. state.Hidden(1)];
                float[] actual =
                    [.. outputs.Single(output => output.Name == (isCell ? "lstm_l0_c_out" : "lstm_l0_h_out")).AsTensor<float>()];
                Close.Within<float>(
                    Array.ConvertAll(expected, value => (double)value), actual, new(Limit, 0, Limit), isCell ? "c" : "h");
            }
        }

        public void Dispose() => _session.Dispose();

        private NamedOnnxValue Input(int[] lengths, bool batchFirst)
        {
            int steps = lengths.Max(), count = lengths.Length, features = _network.TakesIds ? 1 : _network.InputSize;
            SequenceBatch<float>? values = _network.TakesIds ? null : Sequences(_network, lengths);
            SequenceBatch<int>? ids = _network.TakesIds ? Ids(lengths) : null;
            float[] all = new float[steps * count * features];
            for (int b = 0; b < count; b++)
            {
                for (int t = 0; t < lengths[b]; t++)
                {
                    int row = batchFirst ? (b * steps) + t : (t * count) + b;
                    if (ids is not null)
                    {
                        all[row] = ids[b, t][0];
                    }
                    else
                    {
                        values![b, t].CopyTo(all.AsSpan(row * features));
                    }
                }
            }

            int[] shape = batchFirst ? [count, steps] : [steps, count];
            return ids is null
                ? NamedOnnxValue.CreateFromTensor("input", new DenseTensor<float>(all, [.. shape, features]))
                : NamedOnnxValue.CreateFromTensor("input", new DenseTensor<long>(Array.ConvertAll(all, id => (long)id), shape));
        }
    }
}
