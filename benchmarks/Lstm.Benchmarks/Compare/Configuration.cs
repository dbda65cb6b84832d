using System.Text.Json;

namespace Lstm.Benchmarks.Compare;

/// <summary>The sizes of one row: input, hidden, layers, batch, steps.</summary>
internal readonly record struct Configuration(int I, int H, int L, int B, int T)
{
    /// <summary>2·4·H·(I_l + H) for each token and layer: the multiply-adds of one forward pass, two operations each.</summary>
    public double ForwardFlops
    {
        get
        {
            double perToken = 0;
            for (int layer = 0; layer < L; layer++)
            {
                perToken += 2.0 * 4 * H * (InputOf(layer) + H);
            }

            return perToken * B * T;
        }
    }

    /// <summary>The rows of <c>compare</c>, in the order they run in.</summary>
    public static IReadOnlyList<(string What, Configuration Configuration)> Rows()
    {
        IReadOnlyDictionary<string, Configuration[]> lists = ReadAll();
        (string What, string List)[] kinds =
            [("infer_step", "infer_step"), ("infer_seq", "infer_seq"), ("train_fwdbwd", "train"), ("train_step", "train")];
        return [.. from kind in kinds from configuration in lists[kind.List] select (kind.What, configuration)];
    }

    /// <summary>Inputs of a layer.</summary>
    public int InputOf(int layer) => layer == 0 ? I : H;

    public override string ToString() => $"I{I}_H{H}_L{L}_B{B}_T{T}";

    /// <summary>Reads a name such as I64_H128_L2_B32_T100.</summary>
    public static Configuration Parse(string name)
    {
        int[] n = [.. name.Split('_').Select(part => int.Parse(part[1..]))];
        return new Configuration(n[0], n[1], n[2], n[3], n[4]);
    }

    /// <summary>Reads the lists of configs.json: kind of work → configurations.</summary>
    public static IReadOnlyDictionary<string, Configuration[]> ReadAll()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "configs.json");
        Dictionary<string, int[][]> lists = JsonSerializer.Deserialize<Dictionary<string, int[][]>>(File.ReadAllText(path))!;
        return lists.ToDictionary(
            list => list.Key,
            list => list.Value.Select(n => new Configuration(n[0], n[1], n[2], n[3], n[4])).ToArray());
    }
}
