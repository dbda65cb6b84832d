using Lstm.Keras.Files;
using Lstm.Specs;

namespace Lstm.Keras.Models;

/// <summary>Turns layers of Keras into layers of ours, and collects all that keeps them from it.</summary>
/// <remarks>
/// The network carries one row of values from layer to layer. A tensor of Keras is a <see cref="View"/> of that row. Where a
/// tensor is needed again behind an LSTM, the LSTM's output is put in front of the row (<see cref="LstmShortcut.Concatenate"/>),
/// and later kernels get rows of zeros for the values that they do not read.
/// </remarks>
internal sealed partial class NetworkPlan
{
    private readonly Selection _selection;
    private readonly WeightStore _weights;
    private readonly bool _isKeras3;
    private readonly PlanRow _row;
    private readonly RecurrentPlan _recurrent;

    private NetworkPlan(Selection selection, WeightStore weights, bool isKeras3)
    {
        (_selection, _weights, _isKeras3) = (selection, weights, isKeras3);
        _row = new PlanRow(selection);
        _recurrent = new RecurrentPlan(_row, selection, weights, isKeras3, Ignored);
    }

    public IReadOnlyList<PlannedLayer> Layers => _row.Layers;

    public List<string> Ignored { get; } = [];

    public List<string> Left { get; } = [];

    public List<string> Problems => _row.Problems;

    public int InputSize { get; private set; }

    /// <summary>The id that Keras masks.</summary>
    public int? MaskedId { get; private set; }

    /// <summary>The value that Keras masks where all values of a step have it.</summary>
    public double? MaskedValue { get; private set; }

    /// <exception cref="InvalidDataException">
    /// The layers make no network, or their tensors do not fit: all of it is listed.
    /// </exception>
    public static NetworkPlan Of(Selection selection, WeightStore weights, bool isKeras3)
    {
        NetworkPlan plan = new(selection, weights, isKeras3);
        plan.Run();
        return plan;
    }

    private void Run()
    {
        if (_selection.Input is { } input)
        {
            Start(input, null);
        }

        foreach (KerasLayer layer in _selection.Layers)
        {
            Layer(layer);
        }

        Flow? output = _row.Find(_selection.Output);
        if (Problems.Count == 0)
        {
            _row.Clear();
            KerasLayer last = _selection.Layers.First(layer => layer.Name == _selection.Output.Layer);
            output = output is null ? _row.Refuse(last, "it has no output 0 that the network could give")
                : _row.Gather(last, output);
        }

        if (output is { IsReversed: true, HasTime: true })
        {
            Ignored.Add("the order of the output: Keras gives the last step first, the network the first step");
        }
    }

    // Layers behind one that cannot be expressed are looked at no further, but their tensors are.
    private void Layer(KerasLayer layer)
    {
        Flow[] inputs = new Flow[layer.Inputs.Count];
        for (int i = 0; i < inputs.Length; i++)
        {
            if (_row.Find(layer.Inputs[i]) is not { } flow)
            {
                if (layer.Inputs[i].Index != 0)
                {
                    Problems.Add(
                        $"{layer} reads output {layer.Inputs[i].Index} of '{Shorten.Text(layer.Inputs[i].Layer)}', e.g. a state");
                }

                _row.Take(layer);
                Unknown(layer);
                return;
            }

            inputs[i] = flow;
        }

        _row.Take(layer);
        if (layer.Trouble is { } trouble)
        {
            _weights.Of(layer);
            Problems.Add($"{layer}: {trouble}");
            return;
        }

        Flow? result = inputs.Length == 0 ? First(layer) : inputs.Length == 1 ? Single(layer, inputs[0]) : Merge(layer, inputs);
        if (result is not null)
        {
            _row.Set(new KerasTensor(layer.Name, 0), result);
        }
    }

    // A layer behind a broken one: only what is known of every input is checked.
    private void Unknown(KerasLayer layer)
    {
        _weights.Of(layer);
        if (!IsKnown(layer))
        {
            Problems.Add($"{layer} has no counterpart");
        }
    }

    private bool IsKnown(KerasLayer layer) => layer.ClassName is "InputLayer" or "Embedding" or "Masking" or "Dense" or "Dropout"
        or "SpatialDropout1D" or "LayerNormalization" or "GlobalAveragePooling1D" or "GlobalMaxPooling1D" or "RepeatVector"
        or "Flatten" or "Add" or "Concatenate" or "TimeDistributed" or "LSTM" or "CuDNNLSTM" or "Bidirectional" or "RNN"
        || IsNoise(layer) || KerasActivation.Layer(layer.ClassName, layer.Config, _isKeras3) is not null;

    // The first layer: an InputLayer, or one that says the shape of its input itself.
    private Flow? First(KerasLayer layer)
    {
        Flow flow = Start(new KerasTensor(layer.Name, 0), layer);
        if (layer.ClassName == "InputLayer")
        {
            return flow;
        }

        _row.Clear();
        return Single(layer, flow);
    }

    private Flow Start(KerasTensor input, KerasLayer? layer)
    {
        (int? features, bool hasTime) = InputShape.Of(input, layer, _selection, _weights);
        if (features is null)
        {
            throw new InvalidDataException("The model does not say how many values the steps of its input have.");
        }

        InputSize = features.Value;
        Flow flow = _row.Start(InputSize, hasTime);
        _row.Set(input, flow);
        return flow;
    }
}
