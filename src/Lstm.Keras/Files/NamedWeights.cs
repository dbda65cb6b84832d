using Lstm.Keras.Models;

namespace Lstm.Keras.Files;

/// <summary>
/// Weights as <c>save_weights</c> of Keras 2 and whole <c>.h5</c> files have them: a group for each layer, with the names of its
/// tensors in an attribute.
/// </summary>
internal sealed class NamedWeights : WeightStore
{
    /// <exception cref="InvalidDataException">The group is no list of layers, or names tensors that are not there.</exception>
    public NamedWeights(HdfFile file, HdfNode group)
    {
        List<string> problems = [];
        foreach (string name in Texts(group, "layer_names")!)
        {
            if (!group.Children.TryGetValue(name, out HdfNode? layer))
            {
                problems.Add($"the group of the layer '{Shorten.Text(name)}' is missing");
                continue;
            }

            List<WeightTensor> tensors = [];
            foreach (string tensor in Texts(layer, "weight_names") ?? [])
            {
                if (Find(layer, tensor) is { Shape: { } shape } node)
                {
                    tensors.Add(new WeightTensor(tensor, shape, node.Type, new HdfValues(file, node)));
                }
                else
                {
                    problems.Add($"'{Shorten.Text(tensor)}' of the layer '{Shorten.Text(name)}' is missing");
                }
            }

            Groups.Add((name, tensors));
        }

        if (problems.Count > 0)
        {
            throw new InvalidDataException($"The HDF5 file lacks what it lists: {string.Join("; ", problems)}.");
        }
    }

    /// <summary>Tells whether a group holds weights by layer names: it has the attribute <c>layer_names</c>.</summary>
    public static bool Is(HdfNode group) => Texts(group, "layer_names") is not null;

    public override void Bind(IReadOnlyList<KerasLayer> layers)
    {
    }

    // A list too long for one attribute is in several: name0, name1, …
    private static IReadOnlyList<string>? Texts(HdfNode node, string name)
    {
        if (node.Attributes.TryGetValue(name, out string[]? texts))
        {
            return texts ?? [];
        }

        List<string>? all = null;
        for (int i = 0; node.Attributes.TryGetValue(name + i, out string[]? part); i++)
        {
            all ??= [];
            all.AddRange(part ?? []);
        }

        return all;
    }

    private static HdfNode? Find(HdfNode node, string path)
    {
        HdfNode? found = node;
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!found.Children.TryGetValue(part, out found))
            {
                return null;
            }
        }

        return found;
    }
}
