using System.Numerics;
using Lstm.Parameters;

namespace Lstm.Formats.Kernels;

/// <summary>Turns the values of parameters into another program's kernels.</summary>
/// <remarks>The kernels are gone through twice: everything is checked before anything is written.</remarks>
internal sealed class KernelTarget<T>(
    LstmDirectionPlace place, LstmKernelLayout layout, int[] gates, Func<Parameter, T[]> read)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int[] _peepholes = LstmKernelLayout.PeepholePlaces(gates);
    private readonly List<string> _problems = [];
    private bool _writes;

    /// <exception cref="ArgumentException">Something does not fit; the message lists all of it.</exception>
    public void Convert(in LstmKernelTargets<T> kernels, string argument)
    {
        Copy(kernels);
        if (_problems.Count > 0)
        {
            throw new ArgumentException($"The kernels do not fit '{place.Text}': {string.Join("; ", _problems)}.", argument);
        }

        _writes = true;
        Copy(kernels);
    }

    private void Copy(in LstmKernelTargets<T> kernels)
    {
        int all = place.Inputs + place.Hidden;
        Copy(Of("weight_ih"), kernels.Input, nameof(kernels.Input), gates, place.Inputs, 0, place.Inputs);
        Copy(Of("weight_hh"), kernels.Recurrent, nameof(kernels.Recurrent), gates, place.Hidden, 0, place.Hidden);
        if (Copy(Of("weight_ih"), kernels.Joined, nameof(kernels.Joined), gates, all, 0, place.Inputs))
        {
            Copy(Of("weight_hh"), kernels.Joined, nameof(kernels.Joined), gates, all, place.Inputs, place.Hidden);
        }

        CopyBiases(kernels);
        Copy(Of("weight_ch"), kernels.Peephole, nameof(kernels.Peephole), _peepholes, 1, 0, 1);
        CopyProjection(kernels.Projection);
    }

    private void CopyBiases(in LstmKernelTargets<T> kernels)
    {
        LstmGateTargets<T> first = kernels.Bias, second = kernels.RecurrentBias;
        int count = 4 * place.Units;
        if (first.Count == 1 && first[0].Length == 2 * count && second.IsEmpty)
        {
            second = new(first[0][count..]);
            first = new(first[0][..count]);
        }

        T[] one = Of("bias_ih") ?? new T[count], two = Of("bias_hh") ?? new T[count];
        for (int i = 0; i < count && second.IsEmpty && place.Biases == 2; i++)
        {
            one[i] = BiasSum.Of<T>(double.CreateTruncating(one[i]), double.CreateTruncating(two[i]));
        }

        for (int unit = place.Units; unit < 2 * place.Units && layout.ForgetBias != 0; unit++)
        {
            one[unit] = BiasSum.Of<T>(double.CreateTruncating(one[unit]), -layout.ForgetBias);
        }

        Copy(one, first, nameof(kernels.Bias), gates, 1, 0, 1);
        Copy(two, second, nameof(kernels.RecurrentBias), gates, 1, 0, 1);
    }

    private void CopyProjection(Span<T> target)
    {
        if (target.IsEmpty)
        {
            return;
        }

        if (Of("weight_hr") is not { } values)
        {
            _problems.Add("Projection is asked for; the layer has none");
            return;
        }

        int rows = place.Hidden, columns = place.Units;
        if (target.Length != values.Length)
        {
            string shape = layout.InputsByGates ? $"[{columns}, {rows}]" : $"[{rows}, {columns}]";
            _problems.Add($"Projection has room for {target.Length} values; it is {shape}, {values.Length} values");
            return;
        }

        KernelIndex index = new([0], layout.InputsByGates, isSeparate: false, rows, columns);
        for (int i = 0; i < values.Length && _writes; i++)
        {
            target[index.Of(0, i / columns, i % columns).Index] = values[i];
        }
    }

    private T[]? Of(string name) => place.Parameters.TryGetValue(name, out Parameter? parameter) ? read(parameter) : null;

    private bool Copy(T[]? values, LstmGateTargets<T> target, string name, int[] places, int inputs, int first, int columns)
    {
        if (target.IsEmpty)
        {
            return false;
        }

        KernelIndex index = new(places, layout.InputsByGates, target.Count > 1, place.Units, inputs);
        if (values is null || target.Count != index.Arrays)
        {
            _problems.Add(
                values is null ? $"{name} is asked for; the layer has none"
                : $"{name} has {target.Count} spans; it is {index.Shape(name)}");
            return false;
        }

        bool fits = true;
        for (int i = 0; i < target.Count; i++)
        {
            if (target[i].Length != index.Length)
            {
                string which = target.Count > 1 ? $"{name}, gate {i}," : name;
                _problems.Add(
                    $"{which} has room for {target[i].Length} values; it is {index.Shape(name)}, {index.Length} values");
                fits = false;
            }
        }

        for (int row = 0; row < places.Length * place.Units && fits && _writes; row++)
        {
            (int gate, int unit) = Math.DivRem(row, place.Units);
            for (int column = 0; column < columns; column++)
            {
                (int array, int at) = index.Of(gate, unit, first + column);
                target[array][at] = values[(row * columns) + column];
            }
        }

        return fits;
    }
}
