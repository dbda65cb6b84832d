using System.Text.Json;
using Lstm.Keras.Files;
using Lstm.Specs;

namespace Lstm.Keras.Models;

/// <summary>What each class of layers becomes.</summary>
internal sealed partial class NetworkPlan
{
    private const double UsualEpsilon = 1e-3;

    /// <summary>Values of matrices that put values into order, for each value of the file's weights, at most.</summary>
    private const long MostGathered = 16;

    private const long Allowance = 4096;

    private static bool IsNoise(KerasLayer layer) => layer.ClassName is "SpatialDropout1D" or "GaussianNoise" or "GaussianDropout"
        or "AlphaDropout" or "ActivityRegularization";

    private Flow? Single(KerasLayer layer, Flow input)
    {
        switch (layer.ClassName)
        {
            case "TimeDistributed":
                return Distributed(layer, input);
            case "LSTM" or "CuDNNLSTM" or "Bidirectional" or "RNN":
                return Recurrent(layer, input);
            case "Embedding":
                return Embedding(layer, input);
            case "Dense":
                return Dense(layer, input);
            case "LayerNormalization":
                return Normalization(layer, input);
            case "Masking":
                return Masking(layer, input);
            case "Dropout":
                return Dropout(layer, input);
            case "GlobalAveragePooling1D":
                return Pooled(layer, input, Pooling.Mean);
            case "GlobalMaxPooling1D":
                return Pooled(layer, input, Pooling.Max);
            case "RepeatVector":
                return Repeat(layer, input);
            case "Add" or "Concatenate":
                return input;
            case "Flatten" when !input.HasTime:
                Ignored.Add($"{layer}: it changes nothing behind a single row");
                return input;
        }

        if (IsNoise(layer))
        {
            Ignored.Add($"{layer}: it acts in training alone");
            return input;
        }

        if (KerasActivation.Layer(layer.ClassName, layer.Config, _isKeras3) is { } activation)
        {
            return Activated(layer, input, activation);
        }

        _weights.Of(layer);
        return Refuse(layer, layer.ClassName is "Activation" or "ReLU" or "LeakyReLU" or "ELU" or "Softmax" or "ThresholdedReLU"
            ? "its function or its parameters have no counterpart" : "it has no counterpart");
    }

    private Flow? Distributed(KerasLayer layer, Flow input)
    {
        string kind = layer.Config.Member("layer")?.Text("class_name") ?? string.Empty;
        bool isKnown = kind is "Dense" or "Dropout" or "LayerNormalization" or "Activation" or "ReLU" or "LeakyReLU" or "ELU"
            or "Softmax";
        return isKnown && layer.Config.Member("layer")?.Member("config") is { ValueKind: JsonValueKind.Object } config
            ? Single(layer with { ClassName = kind, Config = config }, input)
            : Refuse(layer, $"it wraps {Shorten.Text(kind)}; dense layers, layer normalisation, activations and dropout can be wrapped");
    }

    private Flow? Recurrent(KerasLayer layer, Flow input)
    {
        if (LstmConfig.Of(layer, _isKeras3, out string? trouble) is not { } lstm)
        {
            _weights.Of(layer);
            return Refuse(layer, trouble ?? "it has no counterpart: its cell is no LSTMCell");
        }

        IReadOnlyList<WeightTensor> tensors = _weights.Of(layer);
        if (!WeightCheck.Compare(layer, tensors, WeightCheck.Lstm(lstm.Spec, lstm.Directions.Count == 2, lstm.IsCuDnn, input.View.Length), Problems))
        {
            return null;
        }

        LstmSpec spec = lstm.Spec;
        bool isBoth = spec.Direction == LstmDirection.Bidirectional;
        if (isBoth && input.IsReversed)
        {
            return Refuse(layer, "it reads the output of a layer that goes backwards");
        }

        // Keras's order of steps may be the reverse of ours; its output is in the order in which it reads.
        bool readsBackwards = input.IsReversed != lstm.GoesBackwards;
        spec = isBoth || !readsBackwards ? spec : spec with { Direction = LstmDirection.Reverse };
        int outputs = isBoth && spec.Merge == LstmMerge.Concatenate ? 2 * spec.HiddenSize : spec.HiddenSize;
        Flow result = new(View.Of(outputs), true, !isBoth && readsBackwards);
        if (lstm.ReturnsSequences && ResidualOf(layer, input, result) is { } sum)
        {
            spec = spec with { Shortcut = LstmShortcut.Add };
            _residuals.Add(sum.Name, result);
        }
        else if (NeedsMore)
        {
            if (!lstm.ReturnsSequences)
            {
                return RefuseSkip(layer);
            }

            spec = spec with { Shortcut = LstmShortcut.Concatenate };
        }

        Ignored.AddRange(lstm.Flags);
        bool isCarried = spec.Shortcut == LstmShortcut.Concatenate;
        if (!Emit(new PlannedLayer(spec, layer) { Tensors = tensors, Input = input.View, IsCuDnn = lstm.IsCuDnn },
            isCarried ? checked(_width + outputs) : outputs))
        {
            return null;
        }

        if (isCarried)
        {
            foreach (KerasTensor tensor in _flows.Keys.ToArray())
            {
                _flows[tensor] = _flows[tensor] with { View = _flows[tensor].View.Behind(outputs) };
            }
        }

        if (!lstm.ReturnsSequences)
        {
            Emit(new PlannedLayer(new PoolingSpec(Pooling.Last), layer), _width);
            return new Flow(View.Of(outputs), false);
        }

        return result;
    }

    /// <summary>
    /// The sum of a layer's input and its output, if nothing else reads either: a residual connection. Dropout may lie between.
    /// </summary>
    private KerasLayer? ResidualOf(KerasLayer layer, Flow input, Flow result)
    {
        if (layer.Inputs.Count != 1 || !input.View.IsAll(_width) || result.View.Length != _width || _flows.Count != 1
            || result.IsReversed != input.IsReversed)
        {
            return null;
        }

        KerasTensor tensor = new(layer.Name, 0);
        while (_selection.Uses(tensor) == 1 && _selection.Readers(tensor) is [{ ClassName: "Dropout" } dropout])
        {
            tensor = new KerasTensor(dropout.Name, 0);
        }

        return _selection.Uses(tensor) == 1 && _selection.Readers(tensor) is [{ ClassName: "Add" } sum] && sum.Inputs.Count == 2
            && sum.Trouble is null && sum.Inputs.Contains(tensor) && sum.Inputs.Contains(layer.Inputs[0])
            && _selection.Uses(layer.Inputs[0]) == 2 ? sum : null;
    }

    private Flow? Embedding(KerasLayer layer, Flow input)
    {
        IReadOnlyList<WeightTensor> tensors = _weights.Of(layer);
        long ids = layer.Config.Size("input_dim") ?? InputSize;
        int values = layer.Config.Size("output_dim") ?? throw new InvalidDataException($"{layer} has no 'output_dim'.");
        if (!WeightCheck.Compare(layer, tensors, [("embeddings", [ids, values])], Problems))
        {
            return null;
        }

        if (Layers.Count > 0 || NeedsMore || !input.View.IsAll(_width))
        {
            return Refuse(layer, "it is not the first layer, or its ids are read by other layers as well");
        }

        MaskedId = layer.Config.Flag("mask_zero", false) ? 0 : null;
        Emit(new PlannedLayer(new EmbeddingSpec(values), layer) { Tensors = tensors, Input = input.View }, values);
        return new Flow(View.Of(values), true);
    }

    private Flow? Dense(KerasLayer layer, Flow input)
    {
        IReadOnlyList<WeightTensor> tensors = _weights.Of(layer);
        int units = layer.Config.Size("units") ?? throw new InvalidDataException($"{layer} has no 'units'.");
        bool hasBias = layer.Config.Flag("use_bias", true);
        List<(string, long[])> wanted = [("kernel", [input.View.Length, units])];
        if (hasBias)
        {
            wanted.Add(("bias", [units]));
        }

        bool fits = WeightCheck.Compare(layer, tensors, wanted, Problems);
        if (KerasActivation.Of(layer.Config, "activation", "linear", _isKeras3) is not { } activation)
        {
            return Refuse(layer, $"its activation {Shorten.Text(layer.Config.Member("activation")?.GetRawText() ?? "null")} has no " +
                $"counterpart");
        }

        if (!fits || NeedsMore)
        {
            return fits ? RefuseSkip(layer) : null;
        }

        DenseSpec spec = new(units) { Bias = hasBias, Activation = activation.InDense() ?? Activation.None };
        if (!Emit(new PlannedLayer(spec, layer) { Tensors = tensors, Input = input.View }, units))
        {
            return null;
        }

        Flow output = input with { View = View.Of(units) };
        return activation.InDense() is null ? Activated(layer, output, activation) : output;
    }

    private Flow? Normalization(KerasLayer layer, Flow input)
    {
        IReadOnlyList<WeightTensor> tensors = _weights.Of(layer);
        (bool scale, bool center) = (layer.Config.Flag("scale", true), layer.Config.Flag("center", true));
        List<(string, long[])> wanted = scale ? [("gamma", [input.View.Length])] : [];
        if (center)
        {
            wanted.Add(("beta", [input.View.Length]));
        }

        bool fits = WeightCheck.Compare(layer, tensors, wanted, Problems);
        if (!IsLastAxis(layer, input, "axis") || layer.Config.Flag("rms_scaling", false))
        {
            return Refuse(layer, "it normalises over other axes than the values of a step, or by their root mean square");
        }

        if (!fits)
        {
            return null;
        }

        // In front of values that are carried past it, a tensor that nothing else reads is normalised alone.
        bool isFirst = input.View.IsFirst && _flows.Values.All(flow => flow.View.IsBehind(input.View.Length));
        if (!isFirst && !input.View.IsPermutation(_width))
        {
            if (Gather(layer, input) is not { } gathered)
            {
                return null;
            }

            input = gathered;
        }
        else if (!isFirst && NeedsMore)
        {
            return RefuseSkip(layer);
        }

        LayerNormSpec spec = new()
        {
            Epsilon = layer.Config.Number("epsilon", UsualEpsilon),
            Features = input.View.Length == _width ? null : input.View.Length,
        };
        Emit(new PlannedLayer(spec, layer) { Tensors = tensors, Input = input.View, Norm = (scale, center) }, _width);
        return input;
    }

    private Flow? Masking(KerasLayer layer, Flow input)
    {
        if (Layers.Count > 0 || MaskedValue is not null || !input.View.IsAll(_width))
        {
            return Refuse(layer, "it is not the first layer");
        }

        MaskedValue = layer.Config.Number("mask_value", 0);
        return input;
    }

    private Flow Dropout(KerasLayer layer, Flow input)
    {
        double rate = layer.Config.Number("rate", layer.Config.Number("p", 0));
        if (NeedsMore || !input.View.IsPermutation(_width) || rate is not (> 0 and < 1))
        {
            Ignored.Add(FormattableString.Invariant($"{layer}: its rate of {rate} acts in training alone and is left out"));
            return input;
        }

        Emit(new PlannedLayer(new DropoutSpec(rate), layer), _width);
        return input;
    }

    private Flow? Pooled(KerasLayer layer, Flow input, Pooling pooling)
    {
        if (layer.Config.Text("data_format") is "channels_first" || !input.HasTime)
        {
            return Refuse(layer, "it pools over other axes than the steps");
        }

        if (NeedsMore)
        {
            return RefuseSkip(layer);
        }

        // A mean of sums is the sum of means; a largest value is not.
        if (pooling == Pooling.Max && !input.View.IsPermutation(_width))
        {
            if (Gather(layer, input) is not { } gathered)
            {
                return null;
            }

            input = gathered;
        }

        Emit(new PlannedLayer(new PoolingSpec(pooling), layer), _width);
        return new Flow(input.View, layer.Config.Flag("keepdims", false));
    }

    private Flow? Repeat(KerasLayer layer, Flow input)
    {
        int steps = layer.Config.Size("n") ?? throw new InvalidDataException($"{layer} has no 'n'.");
        if (NeedsMore)
        {
            return RefuseSkip(layer);
        }

        Emit(new PlannedLayer(new RepeatLastSpec(steps), layer), _width);
        return new Flow(input.View, true);
    }

    private Flow? Activated(KerasLayer layer, Flow input, KerasActivation activation)
    {
        if (activation == KerasActivation.Linear)
        {
            return input;
        }

        if (NeedsMore || (!input.View.IsPermutation(_width) && Gather(layer, input) is null))
        {
            return NeedsMore ? RefuseSkip(layer) : null;
        }

        input = input.View.IsPermutation(_width) ? input : input with { View = View.Of(_width) };
        Emit(new PlannedLayer(activation.Spec(), layer), _width);
        return input;
    }

    private Flow? Merge(KerasLayer layer, Flow[] inputs)
    {
        if (_residuals.Remove(layer.Name, out Flow? residual))
        {
            return residual;
        }

        bool sameOrder = Array.TrueForAll(
            inputs, input => input.HasTime == inputs[0].HasTime && input.IsReversed == inputs[0].IsReversed);
        if (layer.ClassName is not ("Add" or "Concatenate") || !sameOrder)
        {
            _weights.Of(layer);
            return Refuse(layer, sameOrder ? "it has no counterpart" : "its inputs have their steps in different orders");
        }

        if (layer.ClassName == "Concatenate")
        {
            return IsLastAxis(layer, inputs[0], "axis")
                ? inputs[0] with { View = View.Concatenate(inputs.Select(input => input.View)) }
                : Refuse(layer, "it joins other axes than the values of a step");
        }

        return Array.TrueForAll(inputs, input => input.View.Length == inputs[0].View.Length)
            ? inputs[0] with { View = inputs.Select(input => input.View).Aggregate(View.Add) }
            : Refuse(layer, "its inputs have different sizes");
    }

    // An axis alone, or in a list.
    private static bool IsLastAxis(KerasLayer layer, Flow input, string option)
    {
        int rank = input.HasTime ? 3 : 2;
        double axis = layer.Config.Member(option) is { ValueKind: JsonValueKind.Array } list
            ? list.GetArrayLength() == 1 && list[0].TryGetDoubleSafely() is { } one ? one : double.NaN
            : layer.Config.Number(option, -1);
        return axis == -1 || axis == rank - 1;
    }

    /// <summary>
    /// Puts a tensor's values into its own order by a dense layer of zeros and ones, where no kernel does so.
    /// </summary>
    private Flow? Gather(KerasLayer layer, Flow input)
    {
        if (input.View.IsAll(_width))
        {
            return input;
        }

        if (NeedsMore)
        {
            return RefuseSkip(layer);
        }

        int size = input.View.Length;
        _gathered += (long)size * _width;
        long known = Layers.Sum(planned => planned.Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (count, axis) => count * axis)));
        if (_gathered > (MostGathered * known) + Allowance)
        {
            return Refuse(layer, $"its {size} values would need a matrix of {size} by {_width} to be put into order");
        }

        WeightTensor ones = new($"(order of '{layer.Name}')", [size, size], HdfType.Single, new IdentityValues());
        DenseSpec order = new(size) { Bias = false };
        Layers.Add(new PlannedLayer(order, layer) { Tensors = [ones], Input = input.View, Width = _width });
        _width = size;
        return input with { View = View.Of(size) };
    }

    /// <summary>Adds a layer; later ones see so many values.</summary>
    /// <returns>False if its kernel would grow too much by the values that it does not read.</returns>
    private bool Emit(PlannedLayer planned, int width)
    {
        if (planned.Input is { } view && _width / MostGrowth > view.Length)
        {
            Refuse(planned.Source, $"it reads {view.Length} of {_width} values that skip connections carry; 1 in {MostGrowth} at least");
            return false;
        }

        Layers.Add(planned with { Width = _width });
        _width = width;
        return true;
    }

    private Flow? RefuseSkip(KerasLayer layer) => Refuse(
        layer, "a tensor before it is read again behind it, or its input is a sum or a part of what is carried; skip connections " +
        "can pass LSTM layers that return sequences");

    private Flow? Refuse(KerasLayer layer, string reason)
    {
        Problems.Add($"{layer}: {reason}");
        return null;
    }
}
