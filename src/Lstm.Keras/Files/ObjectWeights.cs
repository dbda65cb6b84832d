using System.Globalization;
using System.Text.RegularExpressions;
using Lstm.Keras.Models;

namespace Lstm.Keras.Files;

/// <summary>
/// Weights as Keras 3 writes them into <c>.weights.h5</c>: groups named by the classes of layers in the order of the model, e.g.
/// <c>layers/lstm_1/cell/vars/0</c>.
/// </summary>
internal sealed partial class ObjectWeights : WeightStore
{
    private static readonly string[] Roots = ["layers", "_layer_checkpoint_dependencies"];

    /// <summary>The directions of a Bidirectional in the order of its weights.</summary>
    private static readonly string[] First = ["vars", "cell", "layer", "forward_layer", "backward_layer"];

    private readonly HdfFile _file;
    private readonly Dictionary<string, string> _keys = new(StringComparer.Ordinal);

    public ObjectWeights(HdfFile file)
    {
        _file = file;
        foreach (string root in Roots)
        {
            if (!file.Root.Children.TryGetValue(root, out HdfNode? layers))
            {
                continue;
            }

            foreach ((string name, HdfNode group) in layers.Children)
            {
                List<WeightTensor> tensors = [];
                Collect(group, tensors);
                Groups.Add((name, tensors));
            }
        }

        foreach (string name in file.Root.Children.Keys.Where(name => name is "optimizer" or "metrics" or "seed_generators"))
        {
            Ignored.Add($"'{name}': for training");
        }
    }

    public static bool Is(HdfNode root) => Roots.Any(root.Children.ContainsKey);

    // The groups stand in the order of their names: the layers' classes say which comes next.
    public override IEnumerable<(string Layer, List<WeightTensor> Tensors)> For(IReadOnlyList<LayerSpec> specs)
    {
        Dictionary<string, List<WeightTensor>> groups = Groups.ToDictionary(group => group.Layer, group => group.Tensors);
        HashSet<string> taken = new(StringComparer.Ordinal);
        foreach (LayerSpec spec in specs)
        {
            string[] kinds = spec switch
            {
                LstmSpec { Direction: LstmDirection.Bidirectional } => ["bidirectional"],
                LstmSpec => ["lstm", "rnn"],
                DenseSpec => ["dense", "time_distributed"],
                EmbeddingSpec => ["embedding"],
                _ => ["layer_normalization"],
            };
            string? next = kinds.SelectMany(kind => Enumerable.Range(0, groups.Count + 1)
                .Select(i => i == 0 ? kind : FormattableString.Invariant($"{kind}_{i}")))
                .FirstOrDefault(name => !taken.Contains(name) && groups.GetValueOrDefault(name) is { Count: > 0 });
            if (next is not null)
            {
                taken.Add(next);
                yield return (next, groups[next]);
            }
        }

        foreach ((string layer, List<WeightTensor> tensors) in WithTensors.Where(group => !taken.Contains(group.Layer)))
        {
            yield return (layer, tensors);
        }
    }

    public override void Bind(IReadOnlyList<KerasLayer> layers)
    {
        HashSet<string> groups = [.. Groups.Select(group => group.Layer)];
        Dictionary<string, int> counts = new(StringComparer.Ordinal);
        foreach (KerasLayer layer in layers)
        {
            string kind = Snake(layer.ClassName);
            int count = counts.GetValueOrDefault(kind);
            counts[kind] = count + 1;
            string key = count == 0 ? kind : kind + "_" + count.ToString(CultureInfo.InvariantCulture);

            // Some versions write the names of the layers.
            _keys.TryAdd(layer.Name, groups.Contains(key) || !groups.Contains(layer.Name) ? key : layer.Name);
        }
    }

    /// <summary>The name of a class as Keras writes it into paths: <c>TimeDistributed</c> is <c>time_distributed</c>.</summary>
    public static string Snake(string name)
    {
        string words = WordEnd().Replace(NotWord().Replace(name, string.Empty), "$1_$2");
        return Capital().Replace(words, "$1_$2").ToLowerInvariant();
    }

    protected override string KeyOf(KerasLayer layer) => _keys.GetValueOrDefault(layer.Name, layer.Name);

    // vars/0, vars/1, …, vars/10: in the order of the numbers; the seeds of dropout are left out.
    private void Collect(HdfNode group, List<WeightTensor> tensors)
    {
        foreach ((string name, HdfNode node) in group.Children
            .OrderBy(child => Array.IndexOf(First, child.Key) is var place && place < 0 ? First.Length : place)
            .ThenBy(child => int.TryParse(child.Key, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number : -1)
            .ThenBy(child => child.Key, StringComparer.Ordinal))
        {
            if (name.StartsWith("seed_generator", StringComparison.Ordinal))
            {
                Ignored.Add($"'{Shorten.Text(node.Path)}': the seed of random numbers in training");
            }
            else if (node.Shape is { } shape)
            {
                tensors.Add(new WeightTensor(node.Path[1..], shape, node.Type, new HdfValues(_file, node)));
            }
            else
            {
                Collect(node, tensors);
            }
        }
    }

    [GeneratedRegex(@"\W+", RegexOptions.CultureInvariant)]
    private static partial Regex NotWord();

    [GeneratedRegex("(.)([A-Z][a-z]+)", RegexOptions.CultureInvariant)]
    private static partial Regex WordEnd();

    [GeneratedRegex("([a-z])([A-Z])", RegexOptions.CultureInvariant)]
    private static partial Regex Capital();
}
