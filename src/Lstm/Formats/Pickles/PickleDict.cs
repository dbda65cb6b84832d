namespace Lstm.Formats.Pickles;

/// <summary>A dict or OrderedDict, in the order of its items. Room is made with the first item.</summary>
internal sealed class PickleDict
{
    private List<(object? Key, object? Value)>? _items;

    public IReadOnlyList<(object? Key, object? Value)> Items => (IReadOnlyList<(object?, object?)>?)_items ?? [];

    public void Add(object? key, object? value) => (_items ??= []).Add((key, value));
}
