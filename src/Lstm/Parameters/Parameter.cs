using Lstm.Kernels.Products;

namespace Lstm.Parameters;

/// <summary>The description of a named parameter tensor of a network.</summary>
public sealed class Parameter
{
    private readonly PanelLayout? _panels;

    /// <summary>A matrix stored by panels, its rows being the panels' columns (weights), or a vector (K = 1, biases).</summary>
    internal Parameter(string name, int[] shape, int offset, PanelLayout panels)
        : this(name, shape, offset)
    {
        _panels = panels;
        PackedLength = checked(panels.PaddedColumns * Columns);
    }

    /// <summary>A matrix stored row by row, as it is.</summary>
    internal Parameter(string name, int[] shape, int offset)
    {
        Name = name;
        Shape = shape;
        Offset = offset;
        PackedLength = checked(Rows * Columns);
    }

    /// <summary>
    /// The name of the parameter: the layer's name, a dot, and PyTorch's name of the tensor, for example
    /// <c>lstm.weight_ih_l0</c>.
    /// </summary>
    public string Name { get; }

    /// <summary>The shape of the parameter in PyTorch's layout.</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>The number of values of the parameter.</summary>
    public int Count => Rows * Columns;

    /// <summary>Whether optimizers change the parameter. <see cref="Network{T}.SetTrainable"/> sets the value.</summary>
    public bool Trainable { get; internal set; } = true;

    /// <summary>
    /// Whether the parameter is a running average of batch norm. A running average is saved with the other parameters and never
    /// trained; <see cref="Network{T}.UpdateStatistics"/> updates it.
    /// </summary>
    public bool IsStatistic { get; internal init; }

    /// <summary>First element in the flat buffers of parameters, gradients and optimizer state.</summary>
    internal int Offset { get; }

    /// <summary>Elements in the flat buffers, padding included.</summary>
    internal int PackedLength { get; }

    private int Rows => Shape[0];

    private int Columns => Shape.Count == 1 ? 1 : Shape[1];

    /// <inheritdoc/>
    public override string ToString()
        => $"{Name} [{string.Join(", ", Shape)}]{(IsStatistic ? " measured" : Trainable ? string.Empty : " frozen")}";

    /// <summary>Copies from PyTorch's layout into a flat buffer; the padding is not touched.</summary>
    internal void Pack<T>(ReadOnlySpan<T> source, Span<T> flat)
    {
        Span<T> packed = flat.Slice(Offset, PackedLength);
        for (int row = 0; row < Rows; row++)
        {
            (int first, int step) = Place(row);
            ReadOnlySpan<T> values = source.Slice(row * Columns, Columns);
            for (int column = 0; column < values.Length; column++)
            {
                packed[first + (column * step)] = values[column];
            }
        }
    }

    /// <summary>Copies from a flat buffer into PyTorch's layout.</summary>
    internal void Unpack<T>(ReadOnlySpan<T> flat, Span<T> destination)
    {
        ReadOnlySpan<T> packed = flat.Slice(Offset, PackedLength);
        for (int row = 0; row < Rows; row++)
        {
            (int first, int step) = Place(row);
            Span<T> values = destination.Slice(row * Columns, Columns);
            for (int column = 0; column < values.Length; column++)
            {
                values[column] = packed[first + (column * step)];
            }
        }
    }

    /// <summary>Where element <paramref name="index"/> of PyTorch's layout lies, counted from <see cref="Offset"/>.</summary>
    internal int IndexOf(int index)
    {
        if (_panels is null)
        {
            return index;
        }

        (int row, int column) = Math.DivRem(index, Columns);
        (int first, int step) = Place(row);
        return first + (column * step);
    }

    // Where a row of PyTorch's layout starts, and how far apart its elements lie.
    private (int First, int Step) Place(int row)
    {
        if (_panels is null)
        {
            return (row * Columns, 1);
        }

        int column = _panels.ColumnOf(row);
        int first = _panels.IndexOf(column, 0, Columns);
        return (first, _panels.IndexOf(column, 1, Columns) - first);
    }
}
