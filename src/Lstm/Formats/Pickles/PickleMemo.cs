namespace Lstm.Formats.Pickles;

/// <summary>The values that a pickle refers to again. Numbers mostly follow each other: a list holds these.</summary>
internal sealed class PickleMemo
{
    private readonly List<object?> _first = [];
    private readonly Dictionary<uint, object?> _others = [];

    /// <summary>Adds a value under the number of values so far.</summary>
    public void Add(object? value) => Set((uint)(_first.Count + _others.Count), value);

    public void Set(uint number, object? value)
    {
        if (number < _first.Count)
        {
            _first[(int)number] = value;
        }
        else if (number == _first.Count && _others.Count == 0)
        {
            _first.Add(value);
        }
        else
        {
            _others[number] = value;
        }
    }

    public bool TryGet(uint number, out object? value)
    {
        value = number < _first.Count ? _first[(int)number] : null;
        return number < _first.Count || _others.TryGetValue(number, out value);
    }
}
