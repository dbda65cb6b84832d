using Lstm.Keras.Files;

namespace Lstm.Keras.Models;

/// <summary>Compares the tensors of a layer in the file with those that its options ask for.</summary>
internal static class WeightCheck
{
    private static readonly string[] LstmNames = ["kernel", "recurrent_kernel", "bias"];

    /// <summary>Adds to a list what is missing, superfluous or of a wrong shape.</summary>
    /// <returns>Whether all of it fits.</returns>
    public static bool Compare(
        KerasLayer layer, IReadOnlyList<WeightTensor> tensors, IReadOnlyList<(string Name, long[] Shape)> wanted,
        List<string> problems)
    {
        int before = problems.Count;
        for (int i = 0; i < wanted.Count; i++)
        {
            string shape = $"[{string.Join(", ", wanted[i].Shape)}]";
            if (i >= tensors.Count)
            {
                problems.Add($"{layer}: its {wanted[i].Name} {shape} is missing");
            }
            else if (!tensors[i].Shape.Select(size => (long)size).SequenceEqual(wanted[i].Shape))
            {
                problems.Add($"{layer}: its {wanted[i].Name} is {tensors[i]}; it has to be {shape}");
            }
            else if (tensors[i].Type == HdfType.Other)
            {
                problems.Add($"{layer}: its {wanted[i].Name} {tensors[i]} has no floating-point values");
            }
        }

        foreach (WeightTensor extra in tensors.Skip(wanted.Count))
        {
            problems.Add($"{layer}: {extra} is one tensor too many");
        }

        return problems.Count == before;
    }

    /// <summary>The tensors of an LSTM.</summary>
    public static List<(string Name, long[] Shape)> Lstm(LstmSpec spec, bool isBoth, bool isCuDnn, int inputs)
    {
        long units = spec.HiddenSize;
        List<(string, long[])> wanted = [];
        foreach (string direction in isBoth ? (string[])["forward ", "backward "] : [string.Empty])
        {
            wanted.Add((direction + LstmNames[0], [inputs, 4 * units]));
            wanted.Add((direction + LstmNames[1], [units, 4 * units]));
            if (spec.Bias != LstmBias.None)
            {
                wanted.Add((direction + LstmNames[2], [(isCuDnn ? 8 : 4) * units]));
            }
        }

        return wanted;
    }
}
