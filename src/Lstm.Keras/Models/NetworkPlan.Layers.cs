using System.Text.Json;
using Lstm.Keras.Files;
using Lstm.Specs;

namespace Lstm.Keras.Models;

/// <summary>What each class of layers becomes.</summary>
internal sealed partial class NetworkPlan
{
    private const double UsualEpsilon = 1e-3;

    private static bool IsNoise(KerasLayer layer) => layer.ClassName is "SpatialDropout1D" or "GaussianNoise" or "GaussianDropout"
        or "AlphaDropout" or "ActivityRegularization";

    private Flow? Single(KerasLayer layer, Flow input)
    {
        switch (layer.ClassName)
        {
            case "TimeDistributed":
                return Distributed(layer, input);
            case "LSTM" or "CuDNNLSTM" or "Bidirectional" or "RNN":
                return _recurrent.Read(layer, input);
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
        return _row.Refuse(
            layer, layer.ClassName is "Activation" or "ReLU" or "LeakyReLU" or "ELU" or "Softmax" or "ThresholdedReLU"
            ? "its function or its parameters have no counterpart" : "it has no counterpart");
    }

    private Flow? Distributed(KerasLayer layer, Flow input)
    {
        string kind = layer.Config.Member("layer")?.Text("class_name") ?? string.Empty;
        bool isKnown = kind is "Dense" or "Dropout" or "LayerNormalization" or "Activation" or "ReLU" or "LeakyReLU" or "ELU"
            or "Softmax";
        return isKnown && layer.Config.Member("layer")?.Member("config") is { ValueKind: JsonValueKind.Object } config
            ? Single(layer with { ClassName = kind, Config = config }, input)
            : _row.Refuse(
                layer, $"it wraps {Shorten.Text(kind)}; dense layers, layer normalisation, activations and dropout can be " +
                $"wrapped");
    }

    private Flow? Embedding(KerasLayer layer, Flow input)
    {
        IReadOnlyList<WeightTensor> tensors = _weights.Of(layer);
        long ids = layer.Config.Size("input_dim") ?? InputSize;
        int values = layer.Config.Size("output_dim") ?? throw new InvalidDataException($"{layer} has no 'output_dim'.");
        if (!WeightCheck.Compare(layer, tensors, [("embeddings", [ids, values])], _row.Problems))
        {
            return null;
        }

        if (_row.Layers.Count > 0 || _row.NeedsMore || !input.View.IsAll(_row.Width))
        {
            return _row.Refuse(layer, "it is not the first layer, or its ids are read by other layers as well");
        }

        MaskedId = layer.Config.Flag("mask_zero", false) ? 0 : null;
        _row.Emit(new PlannedLayer(new EmbeddingSpec(values), layer) { Tensors = tensors, Input = input.View }, values);
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

        bool fits = WeightCheck.Compare(layer, tensors, wanted, _row.Problems);
        if (KerasActivation.Of(layer.Config, "activation", "linear", _isKeras3) is not { } activation)
        {
            return _row.Refuse(
                layer, $"its activation {Shorten.Text(layer.Config.Member("activation")?.GetRawText() ?? "null")} has no " +
                $"counterpart");
        }

        if (!fits || _row.NeedsMore)
        {
            return fits ? _row.RefuseSkip(layer) : null;
        }

        DenseSpec spec = new(units) { Bias = hasBias, Activation = activation.InDense() ?? Activation.None };
        if (!_row.Emit(new PlannedLayer(spec, layer) { Tensors = tensors, Input = input.View }, units))
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

        bool fits = WeightCheck.Compare(layer, tensors, wanted, _row.Problems);
        if (!IsLastAxis(layer, input, "axis") || layer.Config.Flag("rms_scaling", false))
        {
            return _row.Refuse(layer, "it normalises over other axes than the values of a step, or by their root mean square");
        }

        if (!fits)
        {
            return null;
        }

        // In front of values that are carried past it, a tensor that nothing else reads is normalised alone.
        bool isFirst = input.View.IsFirst && _row.IsRestBehind(input.View.Length);
        if (!isFirst && !input.View.IsPermutation(_row.Width))
        {
            if (_row.Gather(layer, input) is not { } gathered)
            {
                return null;
            }

            input = gathered;
        }
        else if (!isFirst && _row.NeedsMore)
        {
            return _row.RefuseSkip(layer);
        }

        LayerNormSpec spec = new()
        {
            Epsilon = layer.Config.Number("epsilon", UsualEpsilon),
            Features = input.View.Length == _row.Width ? null : input.View.Length,
        };
        _row.Emit(new PlannedLayer(spec, layer) { Tensors = tensors, Input = input.View, Norm = (scale, center) }, _row.Width);
        return input;
    }

    private Flow? Masking(KerasLayer layer, Flow input)
    {
        if (_row.Layers.Count > 0 || MaskedValue is not null || !input.View.IsAll(_row.Width))
        {
            return _row.Refuse(layer, "it is not the first layer");
        }

        MaskedValue = layer.Config.Number("mask_value", 0);
        return input;
    }

    private Flow Dropout(KerasLayer layer, Flow input)
    {
        double rate = layer.Config.Number("rate", layer.Config.Number("p", 0));
        if (_row.NeedsMore || !input.View.IsPermutation(_row.Width) || rate is not (> 0 and < 1))
        {
            Ignored.Add(FormattableString.Invariant($"{layer}: its rate of {rate} acts in training alone and is left out"));
            return input;
        }

        _row.Emit(new PlannedLayer(new DropoutSpec(rate), layer), _row.Width);
        return input;
    }

    private Flow? Pooled(KerasLayer layer, Flow input, Pooling pooling)
    {
        if (layer.Config.Text("data_format") is "channels_first" || !input.HasTime)
        {
            return _row.Refuse(layer, "it pools over other axes than the steps");
        }

        if (_row.NeedsMore)
        {
            return _row.RefuseSkip(layer);
        }

        // A mean of sums is the sum of means; a largest value is not.
        if (pooling == Pooling.Max && !input.View.IsPermutation(_row.Width))
        {
            if (_row.Gather(layer, input) is not { } gathered)
            {
                return null;
            }

            input = gathered;
        }

        _row.Emit(new PlannedLayer(new PoolingSpec(pooling), layer), _row.Width);
        return new Flow(input.View, layer.Config.Flag("keepdims", false));
    }

    private Flow? Repeat(KerasLayer layer, Flow input)
    {
        int steps = layer.Config.Size("n") ?? throw new InvalidDataException($"{layer} has no 'n'.");
        if (_row.NeedsMore)
        {
            return _row.RefuseSkip(layer);
        }

        _row.Emit(new PlannedLayer(new RepeatLastSpec(steps), layer), _row.Width);
        return new Flow(input.View, true);
    }

    private Flow? Activated(KerasLayer layer, Flow input, KerasActivation activation)
    {
        if (activation == KerasActivation.Linear)
        {
            return input;
        }

        if (_row.NeedsMore || (!input.View.IsPermutation(_row.Width) && _row.Gather(layer, input) is null))
        {
            return _row.NeedsMore ? _row.RefuseSkip(layer) : null;
        }

        input = input.View.IsPermutation(_row.Width) ? input : input with { View = View.Of(_row.Width) };
        _row.Emit(new PlannedLayer(activation.Spec(), layer), _row.Width);
        return input;
    }

    private Flow? Merge(KerasLayer layer, Flow[] inputs)
    {
        if (_recurrent.Residuals.Remove(layer.Name, out Flow? residual))
        {
            return residual;
        }

        bool sameOrder = Array.TrueForAll(
            inputs, input => input.HasTime == inputs[0].HasTime && input.IsReversed == inputs[0].IsReversed);
        if (layer.ClassName is not ("Add" or "Concatenate") || !sameOrder)
        {
            _weights.Of(layer);
            return _row.Refuse(layer, sameOrder ? "it has no counterpart" : "its inputs have their steps in different orders");
        }

        if (layer.ClassName == "Concatenate")
        {
            return IsLastAxis(layer, inputs[0], "axis")
                ? inputs[0] with { View = View.Concatenate(inputs.Select(input => input.View)) }
                : _row.Refuse(layer, "it joins other axes than the values of a step");
        }

        return Array.TrueForAll(inputs, input => input.View.Length == inputs[0].View.Length)
            ? inputs[0] with { View = inputs.Select(input => input.View).Aggregate(View.Add) }
            : _row.Refuse(layer, "its inputs have different sizes");
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
}
