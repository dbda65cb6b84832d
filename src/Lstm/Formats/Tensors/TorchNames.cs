using System.Globalization;
using System.Numerics;
using Lstm.Formats.Pickles;
using Lstm.Texts;

namespace Lstm.Formats.Tensors;

/// <summary>
/// Gives the tensors in the containers of a pickle their names: the keys on the way to them, with dots between.
/// </summary>
/// <remarks>
/// A container that is found again, or that contains itself, is gone through once. Names are paid for by the pickle's length:
/// containers that share their long keys cannot ask for more.
/// </remarks>
/// <param name="length">The pickle's length in bytes.</param>
internal sealed class TorchNames(long length)
{
    private const int MaxDepth = 64, Factor = 8, Constant = 1 << 16;
    private readonly HashSet<object> _seen = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<string> _names = [];
    private long _left = (Factor * length) + Constant;

    /// <summary>The tensors with their names, each with the name of its container, in the order of the pickle.</summary>
    public List<(string Name, string Container, TorchTensor Tensor)> Tensors { get; } = [];

    /// <summary>The numbers and texts in dicts.</summary>
    public Dictionary<string, string> Metadata { get; } = [];

    /// <summary>Goes through a value.</summary>
    /// <exception cref="InvalidDataException">Two tensors have one name, or containers are nested too deep.</exception>
    public void Add(object? root)
    {
        if (root is TorchTensor tensor)
        {
            AddTensor("tensor", string.Empty, tensor);
            return;
        }

        AddItems(root, string.Empty, 0);
    }

    private void AddItems(object? container, string path, int depth)
    {
        if (container is null || !_seen.Add(container))
        {
            return;
        }

        if (depth == MaxDepth)
        {
            throw new InvalidDataException(
                $"The pickle has containers nested deeper than {MaxDepth}, at '{Shortened.Text(path)}'.");
        }

        switch (container)
        {
            case PickleDict dict:
                foreach ((object? key, object? value) in dict.Items)
                {
                    if (key is string or long)
                    {
                        AddItem(path, string.Create(CultureInfo.InvariantCulture, $"{key}"), value, depth);
                    }
                }

                break;
            case PickleList list:
                AddAll(list.Items, path, depth);
                break;
            case object?[] tuple:
                AddAll(tuple, path, depth);
                break;
        }
    }

    private void AddAll(IReadOnlyList<object?> items, string path, int depth)
    {
        for (int i = 0; i < items.Count; i++)
        {
            // Numbers of lists, such as losses by step, are not worth a name.
            if (items[i] is TorchTensor or PickleDict or PickleList or object?[])
            {
                AddItem(path, i.ToString(CultureInfo.InvariantCulture), items[i], depth);
            }
        }
    }

    private void AddItem(string path, string key, object? value, int depth)
    {
        if (value is null or PickleGlobal or TorchStorage or byte[] or BigInteger)
        {
            return;
        }

        _left -= path.Length + key.Length + 1;
        if (_left < 0)
        {
            throw new InvalidDataException(
                $"The names of the pickle's tensors, up to '{Shortened.Text(path)}', are longer than its {length} bytes pay "
                + "for.");
        }

        string name = path.Length == 0 ? key : $"{path}.{key}";
        switch (value)
        {
            case TorchTensor tensor:
                AddTensor(name, path, tensor);
                break;
            case string text:
                AddText(name, text);
                break;
            case bool or long or double:
                AddText(name, string.Create(CultureInfo.InvariantCulture, $"{value}"));
                break;
            default:
                AddItems(value, name, depth + 1);
                break;
        }
    }

    private void AddTensor(string name, string container, TorchTensor tensor)
    {
        if (!_names.Add(name))
        {
            throw new InvalidDataException($"The file has two tensors '{Shortened.Text(name)}'.");
        }

        Tensors.Add((name, container, tensor));
    }

    // A text is shared, not copied.
    private void AddText(string name, string text) => Metadata.TryAdd(name, text);
}
