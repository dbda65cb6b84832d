using System.Numerics;
using Lstm.Parameters;

namespace Lstm.Formats.Kernels;

/// <summary>
/// Turns another program's kernels into the values of parameters, and collects all that keeps them from fitting.
/// </summary>
internal sealed class KernelSource<T>(LstmDirectionPlace place, LstmKernelLayout layout, int[] gates)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int[] _peepholes = LstmKernelLayout.PeepholePlaces(gates);
    private readonly List<string> _problems = [];

    /// <summary>What does not fit, a sentence without its full stop for each.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>The parameters, each with its values in PyTorch's layout.</summary>
    public List<(Parameter Parameter, T[] Values)> Values { get; } = [];

    public void Convert(in LstmKernels<T> kernels)
    {
        ConvertWeights(kernels);
        ConvertBiases(kernels);
        if (place.Parameters.TryGetValue("weight_ch", out Parameter? peephole))
        {
            Add(peephole, kernels.Peephole, nameof(kernels.Peephole), _peepholes, inputs: 1, first: 0);
        }
        else if (!kernels.Peephole.IsEmpty)
        {
            _problems.Add("Peephole is given; the layer has none. Set LstmEquations.Peephole");
        }

        ConvertProjection(kernels.Projection);
    }

    /// <exception cref="ArgumentException">Something does not fit; the message lists all of it.</exception>
    public void ThrowIfAny(string argument)
    {
        if (_problems.Count > 0)
        {
            throw new ArgumentException($"The kernels do not fit '{place.Text}': {string.Join("; ", _problems)}.", argument);
        }
    }

    private void ConvertWeights(in LstmKernels<T> kernels)
    {
        Parameter input = place.Parameters["weight_ih"], hidden = place.Parameters["weight_hh"];
        if (kernels.Joined.IsEmpty)
        {
            Add(input, kernels.Input, nameof(kernels.Input), gates, place.Inputs, first: 0);
            Add(hidden, kernels.Recurrent, nameof(kernels.Recurrent), gates, place.Hidden, first: 0);
            return;
        }

        if (!kernels.Input.IsEmpty || !kernels.Recurrent.IsEmpty)
        {
            _problems.Add("Joined is given beside Input or Recurrent; give Joined alone, or the other two");
        }

        int inputs = place.Inputs + place.Hidden;
        if (Add(input, kernels.Joined, nameof(kernels.Joined), gates, inputs, first: 0))
        {
            Add(hidden, kernels.Joined, nameof(kernels.Joined), gates, inputs, first: place.Inputs);
        }
    }

    private void ConvertBiases(in LstmKernels<T> kernels)
    {
        LstmGateValues<T> first = kernels.Bias, second = kernels.RecurrentBias;
        int count = 4 * place.Units;
        if (first.Count == 1 && first[0].Length == 2 * count && second.IsEmpty)
        {
            second = first[0][count..];
            first = first[0][..count];
        }

        T[]? one = Biases(first, nameof(kernels.Bias)), two = Biases(second, nameof(kernels.RecurrentBias));
        if (place.Biases == 0)
        {
            if (!first.IsEmpty || !second.IsEmpty || layout.ForgetBias != 0)
            {
                _problems.Add("a bias is given; the layer has none. Set LstmSpec.Bias to One or Two");
            }

            return;
        }

        one ??= new T[count];
        if (place.Biases == 1 && two is not null)
        {
            for (int i = 0; i < count; i++)
            {
                one[i] = BiasSum.Of<T>(double.CreateTruncating(one[i]), double.CreateTruncating(two[i]));
            }
        }

        for (int unit = place.Units; unit < 2 * place.Units && layout.ForgetBias != 0; unit++)
        {
            one[unit] = BiasSum.Of<T>(double.CreateTruncating(one[unit]), layout.ForgetBias);
        }

        Values.Add((place.Parameters["bias_ih"], one));
        if (place.Biases == 2)
        {
            Values.Add((place.Parameters["bias_hh"], two ?? new T[count]));
        }
    }

    private T[]? Biases(LstmGateValues<T> given, string name)
    {
        if (given.IsEmpty)
        {
            return null;
        }

        T[] values = new T[4 * place.Units];
        return Copy(given, name, gates, 1, 0, 1, values) ? values : null;
    }

    private void ConvertProjection(ReadOnlySpan<T> given)
    {
        if (!place.Parameters.TryGetValue("weight_hr", out Parameter? projection))
        {
            if (!given.IsEmpty)
            {
                _problems.Add("Projection is given; the layer has none. Set LstmSpec.Projection");
            }

            return;
        }

        int rows = projection.Shape[0], columns = projection.Shape[1];
        if (given.Length != projection.Count)
        {
            string shape = layout.InputsByGates ? $"[{columns}, {rows}]" : $"[{rows}, {columns}]";
            _problems.Add($"Projection has {given.Length} values; it is {shape}, {projection.Count} values");
            return;
        }

        KernelIndex index = new([0], layout.InputsByGates, isSeparate: false, rows, columns);
        T[] values = new T[projection.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = given[index.Of(0, i / columns, i % columns).Index];
        }

        Values.Add((projection, values));
    }

    private bool Add(Parameter parameter, LstmGateValues<T> given, string name, int[] places, int inputs, int first)
    {
        int columns = parameter.Shape.Count == 1 ? 1 : parameter.Shape[1];
        T[] values = new T[parameter.Count];
        if (!Copy(given, name, places, inputs, first, columns, values))
        {
            return false;
        }

        Values.Add((parameter, values));
        return true;
    }

    // values [gates · H, columns] from the other program's inputs first … first + columns − 1
    private bool Copy(LstmGateValues<T> given, string name, int[] places, int inputs, int first, int columns, T[] values)
    {
        KernelIndex index = new(places, layout.InputsByGates, given.Count > 1, place.Units, inputs);
        if (given.Count != index.Arrays)
        {
            _problems.Add(
                given.IsEmpty ? $"{name} is missing; it is {index.Shape(name)}"
                : $"{name} has {given.Count} spans; it is {index.Shape(name)}");
            return false;
        }

        bool fits = true;
        for (int i = 0; i < given.Count; i++)
        {
            if (given[i].Length != index.Length)
            {
                string which = given.Count > 1 ? $"{name}, gate {i}," : name;
                _problems.Add($"{which} has {given[i].Length} values; it is {index.Shape(name)}, {index.Length} values");
                fits = false;
            }
        }

        for (int row = 0; row < places.Length * place.Units && fits; row++)
        {
            (int gate, int unit) = Math.DivRem(row, place.Units);
            for (int column = 0; column < columns; column++)
            {
                (int array, int at) = index.Of(gate, unit, first + column);
                values[(row * columns) + column] = given[array][at];
            }
        }

        return fits;
    }
}
