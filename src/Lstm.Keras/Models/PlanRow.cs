using Lstm.Keras.Files;

namespace Lstm.Keras.Models;

/// <summary>
/// The row of values that our network carries while Keras's layers are turned into ours, and the layers so far.
/// </summary>
internal sealed class PlanRow(Selection selection)
{
    /// <summary>Rows that a kernel may have for each of its rows in the file.</summary>
    private const int MostGrowth = 32;

    /// <summary>Values of matrices that put values into order, for each value of the file's weights, at most.</summary>
    private const long MostGathered = 16;

    private const long Allowance = 4096;

    private readonly Dictionary<KerasTensor, Flow> _flows = [];
    private readonly Dictionary<KerasTensor, int> _left = [];
    private long _gathered;

    public List<PlannedLayer> Layers { get; } = [];

    public List<string> Problems { get; } = [];

    /// <summary>Values of the row.</summary>
    public int Width { get; private set; }

    /// <summary>Whether the network still needs other values than the output of this layer once the layer is done.</summary>
    public bool NeedsMore => _flows.Count > 0;

    /// <summary>Whether all tensors that are still needed lie behind the first values.</summary>
    public bool IsRestBehind(int count) => _flows.Values.All(flow => flow.View.IsBehind(count));

    /// <summary>Whether one tensor alone is still needed.</summary>
    public bool NeedsOne => _flows.Count == 1;

    public Flow? Find(KerasTensor tensor) => _flows.GetValueOrDefault(tensor);

    public void Set(KerasTensor tensor, Flow flow) => _flows[tensor] = flow;

    /// <summary>Starts with the input.</summary>
    public Flow Start(int width, bool hasTime)
    {
        Width = width;
        return new Flow(View.Of(width), hasTime);
    }

    /// <summary>Forgets all tensors.</summary>
    public void Clear() => _flows.Clear();

    /// <summary>
    /// Takes what a layer reads. A tensor that nothing more reads is forgotten; one that is read again behind the layer has to be
    /// carried past it.
    /// </summary>
    public void Take(KerasLayer layer)
    {
        foreach (KerasTensor read in layer.Inputs.Distinct())
        {
            int left = _left.GetValueOrDefault(read, selection.Uses(read)) - 1;
            _left[read] = left;
            if (left == 0)
            {
                _flows.Remove(read);
            }
        }
    }

    /// <summary>Notes that values were put in front of those that the row had.</summary>
    public void MoveBehind(int count)
    {
        foreach (KerasTensor tensor in _flows.Keys.ToArray())
        {
            _flows[tensor] = _flows[tensor] with { View = _flows[tensor].View.Behind(count) };
        }
    }

    /// <summary>
    /// Puts a tensor's values into its own order by a dense layer of zeros and ones, where no kernel does so.
    /// </summary>
    public Flow? Gather(KerasLayer layer, Flow input)
    {
        if (input.View.IsAll(Width))
        {
            return input;
        }

        if (NeedsMore)
        {
            return RefuseSkip(layer);
        }

        int size = input.View.Length;
        _gathered += (long)size * Width;
        long known =
            Layers.Sum(planned => planned.Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (count, axis) => count * axis)));
        if (_gathered > (MostGathered * known) + Allowance)
        {
            return Refuse(layer, $"its {size} values would need a matrix of {size} by {Width} to be put into order");
        }

        WeightTensor ones = new($"(order of '{layer.Name}')", [size, size], HdfType.Single, new IdentityValues());
        DenseSpec order = new(size) { Bias = false };
        Layers.Add(new PlannedLayer(order, layer) { Tensors = [ones], Input = input.View, Width = Width });
        Width = size;
        return input with { View = View.Of(size) };
    }

    /// <summary>Adds a layer; later ones see so many values.</summary>
    /// <returns>False if its kernel would grow too much by the values that it does not read.</returns>
    public bool Emit(PlannedLayer planned, int width)
    {
        if (planned.Input is { } view && Width / MostGrowth > view.Length)
        {
            Refuse(planned.Source,
                $"it reads {view.Length} of {Width} values that skip connections carry; 1 in {MostGrowth} at least");
            return false;
        }

        Layers.Add(planned with { Width = Width });
        Width = width;
        return true;
    }

    public Flow? RefuseSkip(KerasLayer layer) => Refuse(
        layer, "a tensor before it is read again behind it, or its input is a sum or a part of what is carried; skip " +
        "connections " +
        "can pass LSTM layers that return sequences");

    public Flow? Refuse(KerasLayer layer, string reason)
    {
        Problems.Add($"{layer}: {reason}");
        return null;
    }
}
