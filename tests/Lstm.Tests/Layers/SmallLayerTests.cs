using Lstm.Formats;
using Lstm.Specs;
using Lstm.Tests.Support;
using TensorFile = Lstm.Tests.Support.TensorFile;

namespace Lstm.Tests.Layers;

/// <summary>Layers without recurrence: activations alone, layer normalisation, repetition, and poolings by step.</summary>
public class SmallLayerTests
{
    [Fact]
    public void Softmax_of_large_values_is_finite_and_sums_to_one()
    {
        Network<float> network = Network.Create<float>(3, new ActivationSpec(ActivationFunction.Softmax));
        float[] y = network.Predict(SequenceBatch.FromSequences<float>([[1000, 1001, 999]], 3)).GetSequence(0);
        Assert.Equal(1, y.Sum(), 6);
        Assert.Equal(1 / (1 + Math.Exp(-1) + Math.Exp(-2)), y[1], 6);
    }

    [Theory]
    [InlineData("softmax", ActivationFunction.Softmax)]
    [InlineData("log_softmax", ActivationFunction.LogSoftmax)]
    public void Softmax_and_its_gradient_equal_PyTorch(string name, ActivationFunction function)
    {
        string folder = Path.Combine(Shared.RequireConformance(), "torch", "modules");
        TensorFile file = TensorFile.Read(Path.Combine(folder, "softmax.f64.safetensors"));
        int features = file.Shape("in.x")[^1];
        Network<double> network = Network.Create<double>(features, new ActivationSpec(function));
        using Tape<double> tape = network.CreateTape();
        SequenceBatch<double> output =
            network.Forward(SequenceBatch.FromSequences<double>([file.Doubles("in.x")], features), tape);
        Close.Within<double>(file.Doubles($"out.{name}"), output.GetSequence(0), new(1e-12, 1e-10), "y");
        file.Doubles("ct.output").CopyTo(tape.OutputGradient.Rows);
        network.Backward(tape, network.CreateGradient());
        Close.Within<double>(file.Doubles($"grad.{name}"), tape.InputGradient.GetSequence(0), new(1e-12, 1e-10), "dx");
    }

    [Fact]
    public void Layer_norm_equals_its_definition()
    {
        Network<double> network = Sample.Network<double>(5, 7, new LayerNormSpec { Epsilon = 0.01 });
        double[] gamma = new double[7], beta = new double[7], x = [.. Enumerable.Range(0, 7).Select(i => Math.Sin(i) * 3)];
        network.ReadParameter("norm.weight", gamma);
        network.ReadParameter("norm.bias", beta);
        double mean = x.Average(), variance = x.Average(value => (value - mean) * (value - mean));
        double[] expected = [.. x.Select((value, i) => (gamma[i] * (value - mean) / Math.Sqrt(variance + 0.01)) + beta[i])];
        Close.Relative(expected, network.Predict(SequenceBatch.FromSequences<double>([x], 7)).GetSequence(0), 1e-13, "y");
        Assert.All(Read(Network.Create<double>(7, new LayerNormSpec()), "norm.weight", 7), value => Assert.Equal(1, value));
    }

    [Fact]
    public void Layer_norm_of_the_first_values_lets_the_others_pass()
    {
        Network<double> network = Sample.Network<double>(5, 7, new LayerNormSpec { Features = 4 }),
            alone = Network.Create<double>(4, new LayerNormSpec());
        foreach (string parameter in (string[])["norm.weight", "norm.bias"])
        {
            alone.WriteParameter(parameter, Read(network, parameter, 4).AsSpan());
        }

        double[] x = [.. Enumerable.Range(0, 7).Select(i => Math.Sin(i) * 3)];
        double[] first = alone.Predict(SequenceBatch.FromSequences<double>([x[..4]], 4)).GetSequence(0);
        Assert.Equal(
            [.. first, .. x[4..]], network.Predict(SequenceBatch.FromSequences<double>([x], 7)).GetSequence(0));
    }

    [Theory]
    [InlineData(Pooling.LastStep, 4)]
    [InlineData(Pooling.FirstStep, 0)]
    public void Poolings_by_step_take_both_directions_there(Pooling pooling, int step)
    {
        LstmSpec lstm = new(3) { Direction = LstmDirection.Bidirectional };
        Network<double> whole = Sample.Network<double>(3, 2, lstm),
            pooled = Sample.Network<double>(3, 2, lstm, new PoolingSpec(pooling));
        SequenceBatch<double> batch = Sample.Batch<double>(1, 2, 3, 5, 0);
        SequenceBatch<double> all = whole.Predict(batch), one = pooled.Predict(batch);
        Assert.Equal(all[1, step].ToArray(), one[1, 0].ToArray());
        Assert.Equal(new double[6], one[2, 0].ToArray());
    }

    [Fact]
    public void Repeat_last_gives_the_last_row_at_every_step_and_zeros_for_none()
    {
        Network<double> network = Network.Create<double>(2, new RepeatLastSpec(3));
        SequenceBatch<double> output = network.Predict(SequenceBatch.FromSequences<double>([[1, 2, 3, 4], [], [5, 6]], 2));
        Assert.Equal([3, 4, 3, 4, 3, 4], output.GetSequence(0));
        Assert.Equal(new double[6], output.GetSequence(1));
        Assert.Equal([5, 6, 5, 6, 5, 6], output.GetSequence(2));
        Assert.Contains("repeats the last step", Assert.Throws<NotSupportedException>(() => network.OpenStream()).Message);
    }

    [Fact]
    public void Steps_of_a_stream_equal_the_whole_sequence_bit_for_bit()
    {
        Network<float> network = Sample.Network<float>(
            3, 5, new LayerNormSpec(), new LstmSpec(9), new ActivationSpec(ActivationFunction.Elu) { Alpha = 0.5 },
            new DenseSpec(11),
            new ActivationSpec(ActivationFunction.LogSoftmax), new ActivationSpec(ActivationFunction.Softmax));
        SequenceBatch<float> batch = Sample.Batch<float>(1, 5, 6);
        float[] expected = network.Predict(batch).GetSequence(0);
        using NetworkStream<float> stream = network.OpenStream();
        float[] actual = [.. Enumerable.Range(0, 6).SelectMany(t => stream.Step(batch[0, t].ToArray()))];
        Close.SameBits(expected, actual, "y");
    }

    [Fact]
    public void Specs_travel_with_files_and_as_JSON()
    {
        LayerSpec[] specs =
        [
            new LstmSpec(4), new LayerNormSpec { Epsilon = 1e-3, Name = "n" },
            new LayerNormSpec { Features = 3 }, new PoolingSpec(Pooling.LastStep),
            new RepeatLastSpec(3), new DenseSpec(5),
            new ActivationSpec(ActivationFunction.HardSigmoid) { Alpha = 0.2, Beta = 0.5 },
                new ActivationSpec(ActivationFunction.Softmax),
            new PoolingSpec(Pooling.FirstStep),
        ];
        Assert.Equal(specs, LayerSpecJson.ListFromJson(LayerSpecJson.ToJson(specs)));
        Network<double> network = Sample.Network<double>(3, 2, specs);
        MemoryStream file = new();
        network.Save(file);
        file.Position = 0;
        Network<double> same = Network.Load<double>(file);
        SequenceBatch<double> batch = Sample.Batch<double>(1, 2, 3, 0, 4);
        Close.SameBits<double>(network.Predict(batch).Rows, same.Predict(batch).Rows, "y");
    }

    [Fact]
    public void Wrong_numbers_are_refused_by_name()
    {
        Refused("Alpha", new ActivationSpec(ActivationFunction.ScaledTanh));
        Refused("Alpha", new ActivationSpec(ActivationFunction.Elu) { Alpha = -1 });
        Refused("Alpha", new ActivationSpec(ActivationFunction.Tanh) { Alpha = 1 });
        Refused("Beta", new ActivationSpec(ActivationFunction.Affine) { Alpha = 1, Beta = double.NaN });
        Refused("Function", new ActivationSpec((ActivationFunction)99));
        Refused("Epsilon", new LayerNormSpec { Epsilon = 0 });
        Refused("Features", new LayerNormSpec { Features = 3 });
        Refused("Features", new LayerNormSpec { Features = 0 });
        Refused("Steps", new RepeatLastSpec(0));
        Network<float> network = Network.Create(2, new DenseSpec(3), new ActivationSpec(ActivationFunction.Softmax));
        Assert.Contains("takes logits", Assert.Throws<ArgumentException>(
            () => Trainer.Create(network, Loss.SoftmaxCrossEntropy(), Optimizer.Adam(0.1))
                .Fit([new(SequenceBatch.FromSequences<float>([[1, 2]], 2), SequenceBatch.FromSequences<int>([[1]]))],
                1)).Message);

        static void Refused(string property, LayerSpec spec)
            => Assert.Contains(property, Assert.Throws<ArgumentException>(() => Network.Create(2, spec)).Message);
    }

    private static double[] Read(Network<double> network, string name, int count)
    {
        double[] values = new double[count];
        network.ReadParameter(name, values);
        return values;
    }
}
