using System.Numerics;
using Lstm.Parameters;
using Lstm.Specs;
using Lstm.Texts;

namespace Lstm.Layers.Stack;

/// <summary>Makes the layers that a list of specs describes, and has them declare their parameters.</summary>
internal sealed class LayerStack<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly List<Layer<T>> _layers = [];
    private readonly List<StateSize> _stateSizes = [];
    private readonly HashSet<string> _names = [];
    private readonly List<string> _specNames = [];
    private readonly Dictionary<string, int> _nextOfKind = [];
    private int _made;

    public LayerStack(int inputSize, ReadOnlySpan<LayerSpec> specs, ParameterLayout parameters)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputSize, 1);
        if (specs.IsEmpty)
        {
            throw new ArgumentException("There are 0 layer specs; a network has at least 1, e.g. new LstmSpec(64).", "layers");
        }

        long count = 0;

        // Names given by the caller first, so that a default name never takes one of them.
        for (int i = 0; i < specs.Length; i++)
        {
            if (specs[i] is null)
            {
                throw new ArgumentNullException("layers", $"Layer spec {i} of {specs.Length} is null.");
            }

            if (specs[i].Name is { } name && WhyNoName(name) is { } problem)
            {
                throw new ArgumentException(
                    $"The name '{Shortened.Text(name)}' of layer spec {i} {problem}; a name is not empty, "
                    + "has no dots or control characters, and is given once.", "layers");
            }

            count += specs[i] is LstmSpec { Layers: > 1 } stack ? stack.Layers : 1;
        }

        if (count > SpecCheck.MaxLayers)
        {
            throw new ArgumentException(
                $"The specs describe {count} layers; a network has at most {SpecCheck.MaxLayers}. Use fewer.", "layers");
        }

        foreach (LayerSpec spec in specs)
        {
            string name = spec.Name ?? FreeName(spec.Kind);
            _specNames.Add(name);
            try
            {
                Add(spec, name, inputSize, parameters);
                inputSize = _layers[^1].OutputSize;
            }
            catch (OverflowException e)
            {
                throw new ArgumentException(
                    $"With layer '{Shortened.Text(name)}' of input size {inputSize}, the network has more than {int.MaxValue} "
                    + "parameters, which is the limit. Use smaller or fewer layers.", "layers", e);
            }
        }
    }

    public IReadOnlyList<Layer<T>> Layers => _layers;

    /// <summary>The name of each spec's layer, in the order of the specs.</summary>
    public IReadOnlyList<string> SpecNames => _specNames;

    /// <summary>The state of each recurrent direction, in order.</summary>
    public IReadOnlyList<StateSize> StateSizes => _stateSizes;

    private void Add(LayerSpec spec, string name, int inputSize, ParameterLayout parameters)
    {
        switch (spec)
        {
            case LstmSpec lstm:
                AddLstm(lstm, name, inputSize, parameters);
                break;
            case DenseSpec dense:
                SpecCheck.Check(dense.OutputSize >= 1, name, nameof(dense.OutputSize), dense.OutputSize, "at least 1");
                SpecCheck.Defined(dense.Activation, name, nameof(dense.Activation));
                _layers.Add(new DenseLayer<T>(dense, inputSize, name, parameters)
                {
                    Name = name,
                    Index = _made++,
                    InputSize = inputSize,
                });
                break;
            case EmbeddingSpec embedding:
                SpecCheck.Check(
                    embedding.OutputSize >= 1, name, nameof(embedding.OutputSize), embedding.OutputSize, "at least 1");
                if (_layers.Count > 0)
                {
                    throw new ArgumentException(
                        $"Layer '{name}' is an embedding after '{_layers[^1].Label}'; it reads ids, which only the first layer "
                        + "gets. Put it first, or use a DenseSpec here.", "layers");
                }

                _layers.Add(new EmbeddingLayer<T>(embedding, inputSize, name, parameters)
                {
                    Name = name,
                    Index = _made++,
                    InputSize = inputSize,
                });
                break;
            case PoolingSpec pooling:
                SpecCheck.Defined(pooling.Pooling, name, nameof(pooling.Pooling));
                AddPooling(pooling.Pooling, name, inputSize);
                break;
            case DropoutSpec dropout:
                SpecCheck.Rate(dropout.Rate, name, nameof(dropout.Rate));
                _layers.Add(new DropoutLayer<T> { Name = name, Index = _made++, InputSize = inputSize, Rate = dropout.Rate });
                break;
            default:
                AddSmall(spec, name, inputSize, parameters);
                break;
        }
    }

    private void AddSmall(LayerSpec spec, string name, int inputSize, ParameterLayout parameters)
    {
        switch (spec)
        {
            case ActivationSpec activation:
                ActivationLayer<T>.Check(activation, name);
                _layers.Add(new ActivationLayer<T>(activation) { Name = name, Index = _made++, InputSize = inputSize });
                break;
            case LayerNormSpec norm:
                SpecCheck.Check(
                    norm.Epsilon is >= 1e-30 and <= 1e30, name, nameof(norm.Epsilon), norm.Epsilon, "from 1e-30 to 1e30");
                SpecCheck.Check(
                    norm.Features is null || (norm.Features >= 1 && norm.Features <= inputSize), name, nameof(norm.Features),
                    norm.Features ?? 0, $"from 1 to {inputSize}, the number of values that come in");
                _layers.Add(new LayerNormLayer<T>(norm, inputSize, name, parameters)
                {
                    Name = name,
                    Index = _made++,
                    InputSize = inputSize,
                });
                break;
            case RepeatLastSpec repeat:
                SpecCheck.Check(repeat.Steps >= 1, name, nameof(repeat.Steps), repeat.Steps, "at least 1");
                _layers.Add(new RepeatLastLayer<T> { Name = name, Index = _made++, InputSize = inputSize, Steps = repeat.Steps });
                break;
            default:
                throw new ArgumentException(
                    $"Layer '{name}' is a {spec.GetType().Name}; a layer is made of an LstmSpec, DenseSpec, EmbeddingSpec, " +
                    $"PoolingSpec, DropoutSpec, "
                    + "ActivationSpec, LayerNormSpec or RepeatLastSpec.", "layers");
        }
    }

    private void AddLstm(LstmSpec spec, string name, int inputSize, ParameterLayout parameters)
    {
        LstmChecks.Check(spec, name);
        for (int layer = 0; layer < spec.Layers; layer++)
        {
            string label = spec.Layers == 1 ? name : $"{name}.l{layer}";
            List<Layer<T>> made = [];
            if (layer > 0 && spec.Dropout > 0)
            {
                made.Add(Dropout(name, $"{label} dropout", inputSize, spec.Dropout, holdsMask: false));
            }

            if (spec.Regularization.InputDropout > 0)
            {
                made.Add(Dropout(name, $"{label} input dropout", inputSize, spec.Regularization.InputDropout, holdsMask: true));
            }

            int index = _made++;
            LstmLayer<T> lstm = new(spec, layer, inputSize, name, index, _stateSizes.Count, parameters)
            {
                Name = name,
                Label = label,
                Index = index,
                InputSize = inputSize,
            };
            made.Add(lstm);
            _stateSizes.AddRange(Enumerable.Repeat(lstm.StateSize, lstm.StateCount));
            if (spec.Merge != LstmMerge.Concatenate)
            {
                made.Add(new MergeLayer<T>
                {
                    Name = name,
                    Label = $"{label} merge",
                    Index = _made++,
                    InputSize = lstm.OutputSize,
                    Merge = spec.Merge,
                });
            }

            if (spec.Shortcut != LstmShortcut.None)
            {
                made = [Shortcut(spec.Shortcut, made, layer, name, label, inputSize)];
            }

            _layers.AddRange(made);
            inputSize = made[^1].OutputSize;
        }
    }

    private DropoutLayer<T> Dropout(string name, string label, int inputSize, double rate, bool holdsMask) => new()
    {
        Name = name,
        Label = label,
        Index = _made++,
        InputSize = inputSize,
        Rate = rate,
        HoldsMask = holdsMask,
    };

    private ShortcutLayer<T> Shortcut(
        LstmShortcut shortcut, List<Layer<T>> inner, int layer, string name, string label, int inputSize)
        => shortcut != LstmShortcut.Add || inner[^1].OutputSize == inputSize
            ? new(inner, shortcut == LstmShortcut.Concatenate)
            {
                Name = name,
                Label = label,
                Index = _made++,
                InputSize = inputSize,
            }
            : throw new ArgumentException(
                $"Layer {layer} of '{name}' has {inputSize} inputs and {inner[^1].OutputSize} outputs; Shortcut = Add adds "
                + "them and needs as many of both. Give a first layer of another size a spec of its own, without a Shortcut, "
                + "or use Shortcut = Concatenate.", "layers");

    private void AddPooling(Pooling pooling, string name, int inputSize)
    {
        // The directions of a bidirectional layer end at different steps: their last outputs are taken first and merged then.
        int source = _layers.FindLastIndex(layer => layer is not DropoutLayer<T>);
        bool isMerged = pooling == Pooling.Last && source >= 0 && _layers[source] is MergeLayer<T>;
        int place = isMerged ? source : _layers.Count;
        inputSize = isMerged ? _layers[source].InputSize : inputSize;
        int? forward = pooling switch
        {
            Pooling.Last => ForwardFeatures(place - 1, inputSize),
            Pooling.FirstStep => 0,
            _ => inputSize,
        };
        if (forward is null)
        {
            throw new ArgumentException(
                $"Layer '{name}' pools the last outputs of '{_layers[source].Label}', whose shortcut joins values of both "
                + "directions, which end at different steps. "
                + "Use Pooling.Mean or Pooling.Max, or leave the shortcut out of this layer.", "layers");
        }

        _layers.Insert(place, new PoolingLayer<T>
        {
            Name = name,
            Index = _made++,
            InputSize = inputSize,
            Pooling = pooling,
            ForwardFeatures = forward.Value,
        });
    }

    /// <summary>
    /// How many of the first features of a layer's output are read forward: all, unless they come from an LSTM that reads in
    /// reverse; null when they cannot be told apart.
    /// </summary>
    private int? ForwardFeatures(int index, int size)
    {
        // A shortcut keeps the features' kind if all that comes into it is read forward.
        int needed = size;
        for (bool isThrough = false; index >= 0; index--)
        {
            int? found;
            switch (_layers[index])
            {
                case DropoutLayer<T>:
                    continue;
                case LstmLayer<T> lstm:
                    found = lstm.FeaturesReadForward;
                    break;
                case ShortcutLayer<T> { FeaturesReadForward: { } own } shortcut when !shortcut.Concatenates:
                    found = own;
                    break;
                case ShortcutLayer<T> { NeedsWholeSequence: false } shortcut:
                    (needed, isThrough) = (shortcut.InputSize, true);
                    continue;
                case ShortcutLayer<T>:
                    return null;
                default:
                    return size;
            }

            return !isThrough ? found : found == needed ? size : null;
        }

        return size;
    }

    private string? WhyNoName(string name) =>
        name.Length == 0 ? "is empty"
        : name.Length > SpecCheck.MaxNameLength ? $"is longer than {SpecCheck.MaxNameLength} characters"
        : name.Contains('.') ? "contains a dot"
        : name.Any(char.IsControl) ? "contains a control character"
        : _names.Add(name) ? null : "is given twice";

    // A taken name stays taken, so that each search goes on where the last one of its kind ended.
    private string FreeName(string kind)
    {
        for (int i = _nextOfKind.GetValueOrDefault(kind); ; i++)
        {
            string name = i == 0 ? kind : $"{kind}_{i}";
            if (_names.Add(name))
            {
                _nextOfKind[kind] = i + 1;
                return name;
            }
        }
    }
}
