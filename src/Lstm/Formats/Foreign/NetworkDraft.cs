using System.Numerics;
using Lstm.Formats.Kernels;
using Lstm.Kernels.Products;
using Lstm.Layers.Stack;
using Lstm.Parameters;
using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>A network that is being read from a file of another program: layers, and the values of parameters so far.</summary>
/// <remarks>
/// The reader of a format makes a draft, gives it a value for each parameter, and reports what it did. The draft collects what
/// does not fit, so that one exception lists all of it. <c>ModelImport.Complete</c> makes the network.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class NetworkDraft<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Dictionary<string, T[]> _values = [];
    private readonly Dictionary<string, Parameter> _parameters;
    private readonly List<string> _problems = [];
    private readonly List<ImportMapping> _mappings = [];

    /// <summary>Makes a draft whose parameters have no values yet.</summary>
    /// <param name="inputSize">As in <see cref="Network.Create{T}(int, ReadOnlySpan{LayerSpec})"/>.</param>
    /// <param name="specs">The layers, in the order of the data.</param>
    /// <exception cref="InvalidDataException">The layers make no network.</exception>
    public NetworkDraft(int inputSize, IReadOnlyList<LayerSpec> specs)
    {
        ArgumentNullException.ThrowIfNull(specs);
        InputSize = inputSize;
        Specs = specs;
        ParameterLayout layout = new(PanelLayout.LineOf<T>());
        try
        {
            _ = new LayerStack<T>(inputSize, [.. specs], layout);
        }
        catch (Exception e) when (e is ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"The file's layers make no network: {e.Message}", e);
        }

        Parameters = layout.All;
        _parameters = Parameters.ToDictionary(parameter => parameter.Name);
    }

    /// <summary>The number of values in a step of the input; with an embedding in front, the number of ids.</summary>
    public int InputSize { get; }

    /// <summary>The layers, in the order of the data.</summary>
    public IReadOnlyList<LayerSpec> Specs { get; }

    /// <summary>The parameters that need a value each.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Text that the network keeps as its metadata, such as a sample rate.</summary>
    public IDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Lines of <see cref="ImportReport.Layers"/>.</summary>
    public IList<string> Layers { get; } = new List<string>();

    /// <summary>Lines of <see cref="ImportReport.Ignored"/>.</summary>
    public IList<string> Ignored { get; } = new List<string>();

    /// <summary>Lines of <see cref="ImportReport.Left"/>.</summary>
    public IList<string> Left { get; } = new List<string>();

    /// <summary>Adds to the list of what does not fit: a tensor that is missing, superfluous or of a wrong shape.</summary>
    /// <param name="problem">The tensor and both shapes, without a full stop.</param>
    public void Refuse(string problem) => _problems.Add(problem);

    /// <summary>Gives a parameter its values, row by row in PyTorch's layout. What does not fit is collected.</summary>
    /// <param name="parameter">The parameter's name, e.g. <c>dense.weight</c>.</param>
    /// <param name="values">The values; they are kept, not copied.</param>
    /// <param name="source">The tensor's name in the file.</param>
    /// <param name="sourceShape">The tensor's shape in the file.</param>
    /// <param name="note">What was done to the values, e.g. <c>transposed</c>.</param>
    public void Write(string parameter, T[] values, string source, IReadOnlyList<int> sourceShape, string note)
    {
        if (!_parameters.TryGetValue(parameter, out Parameter? found))
        {
            _problems.Add($"'{Shortened.Text(source)}' has no parameter '{Shortened.Text(parameter)}' to go to");
            return;
        }

        if (values.Length != found.Count)
        {
            string given = string.Join(", ", sourceShape), wanted = string.Join(", ", found.Shape);
            _problems.Add($"'{Shortened.Text(source)}' is [{given}]; '{found.Name}' is [{wanted}]");
            return;
        }

        if (!_values.TryAdd(parameter, values))
        {
            _problems.Add($"'{Shortened.Text(source)}' is a second source of '{found.Name}'");
            return;
        }

        Map(source, sourceShape, parameter, note);
    }

    /// <summary>Gives one direction of an LSTM layer its kernels, in the order and layout of the file.</summary>
    /// <remarks>Call <see cref="Map"/> for each tensor of the file that the kernels come from.</remarks>
    /// <param name="layer">The layer's name, e.g. <c>lstm</c>.</param>
    /// <param name="kernels">The kernels.</param>
    /// <param name="layout">The order of their gates and their axes.</param>
    /// <param name="stackLayer">The layer's number within its stack, from 0 on.</param>
    /// <param name="reverse">Whether it is the direction whose parameters' names end with <c>_reverse</c>.</param>
    public void WriteKernels(
        string layer, in LstmKernels<T> kernels, LstmKernelLayout layout, int stackLayer = 0, bool reverse = false)
    {
        // By name: a search through all parameters for each of them takes the square of their number.
        string end = InvariantText.Of($"_l{stackLayer}{(reverse ? "_reverse" : string.Empty)}");
        Parameter[] own =
        [
            .. LstmDirectionPlace.Names.Select(name => _parameters.GetValueOrDefault($"{layer}.{name}{end}")).OfType<Parameter>(),
        ];
        LstmDirectionPlace place = LstmDirectionPlace.Find(own.Length > 0 ? own : Parameters, layer, stackLayer, reverse);
        KernelSource<T> source = new(place, layout, layout.Places()!);
        source.Convert(kernels);
        if (source.Problems.Count > 0)
        {
            _problems.AddRange(source.Problems.Select(problem => $"{place.Text}: {problem}"));
            return;
        }

        foreach ((Parameter parameter, T[] values) in source.Values)
        {
            if (!_values.TryAdd(parameter.Name, values))
            {
                _problems.Add($"'{parameter.Name}' has a second source");
            }
        }
    }

    /// <summary>Adds a tensor to the report.</summary>
    /// <param name="source">The tensor's name in the file.</param>
    /// <param name="sourceShape">The tensor's shape in the file.</param>
    /// <param name="parameter">The parameter that it went to.</param>
    /// <param name="note">What was done to the values.</param>
    public void Map(string source, IReadOnlyList<int> sourceShape, string parameter, string note)
        => _mappings.Add(new ImportMapping(source, sourceShape, parameter, note));

    /// <summary>The names of the tensors in the report.</summary>
    internal IEnumerable<string> Sources => _mappings.Select(mapping => mapping.Source);

    /// <summary>Notes that a parameter has a tensor, which does not fit: it is not missing too.</summary>
    internal void Skip(string parameter) => _values.TryAdd(parameter, []);

    /// <summary>The input size, the layers, and how many parameters have their values.</summary>
    public override string ToString()
        => $"{TypeName.Of(this)}: {InputSize} -> {string.Join(" -> ", Specs)}, values for {_values.Count} of "
            + $"{Parameters.Count} parameters";

    /// <summary>The values that a parameter was given.</summary>
    internal ReadOnlySpan<T> ValuesOf(Parameter parameter) => _values[parameter.Name];

    /// <summary>Checks that each parameter has its values, and gives the report.</summary>
    /// <param name="format">The format of the file, as the report names it.</param>
    /// <exception cref="InvalidDataException">
    /// Tensors were missing, superfluous or of a wrong shape: the message lists all of them.
    /// </exception>
    internal ImportReport Complete(string format)
    {
        foreach (Parameter parameter in Parameters)
        {
            if (!_values.ContainsKey(parameter.Name))
            {
                _problems.Add(InvariantText.Of(
                    $"nothing in the file gives '{parameter.Name}' [{string.Join(", ", parameter.Shape)}]"));
            }
        }

        return _problems.Count > 0
            ? throw new InvalidDataException($"The file's tensors do not fit its layers: {string.Join("; ", _problems)}.")
            : new ImportReport
            {
                Format = format,
                Layers = [.. Layers],
                Mappings = _mappings,
                Ignored = [.. Ignored],
                Left = [.. Left],
            };
    }
}
