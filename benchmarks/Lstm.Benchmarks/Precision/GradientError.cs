using System.Numerics;
using Lstm.Parameters;

namespace Lstm.Benchmarks.Precision;

/// <summary>
/// How far the gradients of a pass in <see cref="float"/> lie from those of the same pass in <see cref="double"/>.
/// </summary>
internal static class GradientError
{
    // With γ = 1 a layer-normalised recurrence amplifies differences, so that after hundreds of steps the two passes have nothing
    // in common.
    private const float Gamma = 0.1f;

    /// <summary>
    /// Of each parameter max |a − b| / max |b|, b in double: random inputs and output gradients in ±1, starting weights as drawn,
    /// γ of norms 0.1.
    /// </summary>
    /// <param name="inputs">Features of a step; ids if the first layer is an embedding.</param>
    /// <param name="steps">Length of each sequence.</param>
    /// <param name="sequences">How many of them.</param>
    /// <param name="specs">The layers.</param>
    public static Dictionary<string, double> Measure(int inputs, int steps, int sequences, params LayerSpec[] specs)
    {
        Network<float> network = Network.Create<float>(inputs, 1, specs);
        Network<double> exact = Network.Create<double>(inputs, 1, specs);
        foreach (Parameter parameter in network.Parameters)
        {
            float[] values = Flat(network.ReadParameter(parameter.Name));
            if (parameter.Name.Contains(".norm_", StringComparison.Ordinal)
                && parameter.Name.Contains("_weight_", StringComparison.Ordinal))
            {
                Array.Fill(values, Gamma);
                network.WriteParameter(parameter.Name, System.Numerics.Tensors.Tensor.Create(values, [values.Length]));
            }

            nint[] shape = [.. parameter.Shape.Select(size => (nint)size)];
            exact.WriteParameter(parameter.Name, System.Numerics.Tensors.Tensor.Create(ToDouble(values), shape));
        }

        Gradient<float> gradient = Run(network, steps, sequences);
        Gradient<double> expected = Run(exact, steps, sequences);
        return network.Parameters.Where(parameter => !parameter.IsStatistic).ToDictionary(
            parameter => parameter.Name,
            parameter => Largest(ToDouble(Flat(gradient.Read(parameter.Name))), Flat(expected.Read(parameter.Name))));
    }

    private static Gradient<T> Run<T>(Network<T> network, int steps, int sequences)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Random random = new(1);
        using Tape<T> tape = network.CreateTape(1);
        Gradient<T> gradient = network.CreateGradient();
        if (network.TakesIds)
        {
            int[][] ids = [.. Enumerable.Range(0, sequences).Select(_ => Ids(random, steps, network.InputSize))];
            network.Forward(SequenceBatch.FromSequences<int>(ids), tape);
        }
        else
        {
            T[][] inputs = [.. Enumerable.Range(0, sequences).Select(_ => Values<T>(random, steps * network.InputSize))];
            network.Forward(SequenceBatch.FromSequences<T>(inputs, network.InputSize), tape);
        }

        Values<T>(random, tape.OutputGradient.Rows.Length).CopyTo(tape.OutputGradient.Rows);
        network.Backward(tape, gradient);
        return gradient;
    }

    private static int[] Ids(Random random, int count, int ids) => [.. Enumerable.Range(0, count).Select(_ => random.Next(ids))];

    // Floats, in whatever type, so that both passes read the same numbers.
    private static T[] Values<T>(Random random, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => [.. Enumerable.Range(0, count).Select(_ => T.CreateChecked((float)((2 * random.NextDouble()) - 1)))];

    private static double Largest(ReadOnlySpan<double> actual, ReadOnlySpan<double> expected)
    {
        double error = 0, largest = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            error = Math.Max(error, Math.Abs(actual[i] - expected[i]));
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }

        return error / largest;
    }

    private static T[] Flat<T>(System.Numerics.Tensors.Tensor<T> tensor)
    {
        T[] values = new T[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }

    private static double[] ToDouble(ReadOnlySpan<float> values)
    {
        double[] result = new double[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            result[i] = values[i];
        }

        return result;
    }
}
