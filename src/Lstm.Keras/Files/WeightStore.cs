using Lstm.Keras.Models;

namespace Lstm.Keras.Files;

/// <summary>The tensors of a file, by the layers that they belong to.</summary>
internal abstract class WeightStore
{
    /// <summary>The names of layers in the file and their tensors, those without tensors too, in the order of the file.</summary>
    protected List<(string Layer, List<WeightTensor> Tensors)> Groups { get; } = [];

    private readonly HashSet<string> _claimed = new(StringComparer.Ordinal);
    private Dictionary<string, List<WeightTensor>>? _byName;

    /// <summary>Tensors and groups that belong to no layer, each with the reason why it is not needed.</summary>
    public List<string> Ignored { get; } = [];

    /// <summary>The layers with tensors, in the order of the file.</summary>
    public IEnumerable<(string Layer, List<WeightTensor> Tensors)> WithTensors => Groups.Where(group => group.Tensors.Count > 0);

    /// <summary>The layers with tensors for described layers, of which each stands for one layer of the file.</summary>
    /// <param name="specs">One for each layer with weights.</param>
    public virtual IEnumerable<(string Layer, List<WeightTensor> Tensors)> For(IReadOnlyList<LayerSpec> specs) => WithTensors;

    /// <summary>Tells the store all layers of the architecture, for files that name tensors by the classes of layers.</summary>
    public abstract void Bind(IReadOnlyList<KerasLayer> layers);

    /// <summary>The tensors of a layer, in the order of its <c>get_weights()</c>; none if the file has no such layer.</summary>
    public IReadOnlyList<WeightTensor> Of(KerasLayer layer)
    {
        _byName ??= Groups.GroupBy(group => group.Layer, StringComparer.Ordinal).ToDictionary(
            group => group.Key, group => group.SelectMany(one => one.Tensors).ToList(), StringComparer.Ordinal);
        string key = KeyOf(layer);
        _claimed.Add(key);
        return _byName.TryGetValue(key, out List<WeightTensor>? tensors) ? tensors : [];
    }

    /// <summary>Tensors of layers that were not asked for.</summary>
    public IEnumerable<(string Layer, List<WeightTensor> Tensors)> Unclaimed()
        => WithTensors.Where(group => !_claimed.Contains(group.Layer));

    protected virtual string KeyOf(KerasLayer layer) => layer.Name;
}
