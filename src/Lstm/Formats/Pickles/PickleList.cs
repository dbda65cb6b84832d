namespace Lstm.Formats.Pickles;

/// <summary>A list. Most lists of a hostile pickle are empty: room is made with the first item.</summary>
internal sealed class PickleList
{
    private List<object?>? _items;

    public IReadOnlyList<object?> Items => (IReadOnlyList<object?>?)_items ?? [];

    public void Add(object? item) => (_items ??= []).Add(item);
}
