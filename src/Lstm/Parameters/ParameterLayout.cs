



using Lstm.Kernels.Products;
using Lstm.Texts;

namespace Lstm.Parameters;

/// <summary>Where each parameter lies in the flat buffer: written once, when a network's layers declare them.</summary>
/// <remarks>Gradients and optimizer state use the same offsets. Each parameter starts on a cache line.</remarks>
/// <param name="line">Values in a cache line.</param>
/// <param name="check">
/// Sees each parameter when it is declared, and may throw: a file is told to lie before more is made of it.
/// </param>
internal sealed class ParameterLayout(int line, Action<Parameter>? check = null)
{
    private readonly List<Parameter> _all = [];
    private readonly Dictionary<string, Parameter> _byName = [];

    public IReadOnlyList<Parameter> All => _all;

    /// <summary>Length of the flat buffers.</summary>
    public int Length { get; private set; }

    /// <summary>Declares a matrix or vector stored by panels.</summary>
    public Parameter Add(string name, int[] shape, PanelLayout panels) => Add(new Parameter(name, shape, Length, panels));

    /// <summary>Declares a matrix or vector stored row by row.</summary>
    public Parameter Add(string name, int[] shape) => Add(new Parameter(name, shape, Length));

    /// <summary>Declares a matrix of running averages, stored row by row.</summary>
    public Parameter AddStatistic(string name, int[] shape)
        => Add(new Parameter(name, shape, Length) { IsStatistic = true, Trainable = false });

    /// <summary>The parameter of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public Parameter Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _byName.TryGetValue(name, out Parameter? parameter)
            ? parameter
            : throw new ArgumentException(
                $"The network has no parameter '{Shortened.Text(name)}'; it has " +
                $"{Shortened.List([.. _all.Select(p => p.Name)])} (network.Parameters lists all).", nameof(name));
    }

    private Parameter Add(Parameter parameter)
    {
        check?.Invoke(parameter);
        _all.Add(parameter);
        _byName.Add(parameter.Name, parameter);
        Length = checked((Length + parameter.PackedLength + line - 1) / line * line);
        return parameter;
    }
}
