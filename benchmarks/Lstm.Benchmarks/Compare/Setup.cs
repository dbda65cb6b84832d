using System.Numerics;

namespace Lstm.Benchmarks.Compare;

/// <summary>A network of a configuration, its input, and its oracle.</summary>
internal sealed class Setup<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Random _random = new(1);

    public Setup(Configuration configuration)
    {
        Configuration = configuration;
        Network = Lstm.Network.Create<T>(configuration.I, 7, new LstmSpec(configuration.H) { Layers = configuration.L });
        Batch = NewBatch(configuration.I, configuration.T);
    }

    public Configuration Configuration { get; }

    public Network<T> Network { get; }

    /// <summary>The input [T, B, I].</summary>
    public SequenceBatch<T> Batch { get; }

    /// <summary>A batch of the configuration's B sequences, uniform in ±1.</summary>
    public SequenceBatch<T> NewBatch(int features, int steps)
    {
        SequenceBatch<T> batch = new(features);
        int[] lengths = new int[Configuration.B];
        Array.Fill(lengths, steps);
        batch.Reshape(lengths);
        foreach (ref T value in batch.Rows)
        {
            value = T.CreateChecked((2 * _random.NextDouble()) - 1);
        }

        return batch;
    }

    /// <summary>An oracle with the network's weights, read by their names in PyTorch's layout.</summary>
    public Oracle CreateOracle()
    {
        OracleLayer[] layers = new OracleLayer[Configuration.L];
        for (int k = 0; k < layers.Length; k++)
        {
            layers[k] = new OracleLayer(
                Configuration.InputOf(k), Configuration.H, Read($"weight_ih_l{k}"), Read($"weight_hh_l{k}"),
                Read($"bias_ih_l{k}"));
        }

        return new Oracle(layers);

        double[] Read(string name) => Doubles(Network.ReadParameter($"lstm.{name}").ToArray());
    }

    public static double[] Doubles(ReadOnlySpan<T> values)
    {
        double[] result = new double[values.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = double.CreateChecked(values[i]);
        }

        return result;
    }

    /// <summary>Whether a tensor is the oracle's, up to rounding: relative to the tensor's largest value.</summary>
    /// <exception cref="InvalidOperationException">It is not.</exception>
    public void RequireClose(string what, ReadOnlySpan<T> actual, ReadOnlySpan<double> expected)
    {
        if (actual.Length != expected.Length)
        {
            throw new InvalidOperationException(
                $"{Configuration}: {what} has {actual.Length} values, the oracle's {expected.Length}.");
        }

        double largest = 0;
        double error = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            double difference = Math.Abs(double.CreateChecked(actual[i]) - expected[i]);
            error = difference <= error ? error : difference;
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }

        double tolerance = typeof(T) == typeof(float) ? 1e-4 : 1e-12;
        if (!(error <= tolerance * largest))
        {
            throw new InvalidOperationException($"{Configuration}: {what} is off by {error:g3}, with values up to {largest:g3}.");
        }
    }
}
