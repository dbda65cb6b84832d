using System.Numerics;
using Lstm.Parameters;
using Lstm.Simd;

namespace Lstm.Tests.Support;

/// <summary>
/// Random values that depend on a seed and a key only: the same sequence in whatever batch, the same network at every width.
/// </summary>
internal static class Sample
{
    /// <summary>Uniform in ±scale, the same (but for rounding) in float and double.</summary>
    public static T[] Values<T>(int seed, int count, double scale = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var random = new Random(seed);
        var values = new T[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = T.CreateChecked(scale * ((2 * random.NextDouble()) - 1));
        }

        return values;
    }

    /// <summary>[length, features]; a longer one begins like a shorter one of the same seed and key.</summary>
    public static T[] Sequence<T>(int seed, int key, int length, int features)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Values<T>((1000 * seed) + key, length * features);

    /// <summary>Sequences whose keys are their indices.</summary>
    public static SequenceBatch<T> Batch<T>(int seed, int features, params ReadOnlySpan<int> lengths)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var sequences = new List<T[]>();
        foreach (int length in lengths)
        {
            sequences.Add(Sequence<T>(seed, sequences.Count, length, features));
        }

        return SequenceBatch.FromSequences<T>(sequences, features);
    }

    public static int[] IdSequence(int seed, int key, int length, int ids)
    {
        var random = new Random((1000 * seed) + key);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(ids))];
    }

    public static SequenceBatch<int> Ids(int seed, int ids, params int[] lengths) =>
        SequenceBatch.FromSequences<int>([.. lengths.Select((length, b) => IdSequence(seed, b, length, ids))]);

    /// <summary>A network with every parameter random, those that would start at zero too.</summary>
    public static Network<T> Network<T>(int seed, int inputSize, params LayerSpec[] specs)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Network<T>(SimdDispatch.Best, seed, inputSize, specs);

    /// <inheritdoc cref="Network{T}(int, int, LayerSpec[])"/>
    public static Network<T> Network<T>(SimdWidth width, int seed, int inputSize, params LayerSpec[] specs)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var network = new Network<T>(inputSize, specs, width);
        foreach (Parameter parameter in network.Parameters)
        {
            T[] values = Values<T>(seed++, parameter.Count, 0.5);
            bool isVariance = parameter.IsStatistic && parameter.Name.Contains("_var", StringComparison.Ordinal);
            parameter.Pack<T>(isVariance ? Array.ConvertAll(values, value => value + T.One) : values, network.Flat);
        }

        network.Touch();
        return network;
    }

    public static NetworkState<T> State<T>(Network<T> network, int count, int seed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        NetworkState<T> state = network.CreateState(count);
        for (int entry = 0; entry < state.Sizes.Count; entry++)
        {
            Values<T>(seed++, state.Hidden(entry).Length).CopyTo(state.Hidden(entry));
            Values<T>(seed++, state.Cell(entry).Length).CopyTo(state.Cell(entry));
        }

        return state;
    }

    /// <summary>All states of all entries, h before c.</summary>
    public static T[] Flat<T>(NetworkState<T> state)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var values = new List<T>();
        for (int entry = 0; entry < state.Sizes.Count; entry++)
        {
            values.AddRange(state.Hidden(entry));
            values.AddRange(state.Cell(entry));
        }

        return [.. values];
    }

    /// <summary>All sequences one after the other, in the caller's order.</summary>
    public static T[] Flat<T>(SequenceBatch<T> batch)
        where T : unmanaged => [.. batch.ToList().SelectMany(sequence => sequence)];
}
