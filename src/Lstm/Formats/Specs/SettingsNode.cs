using System.Globalization;
using System.Text.Json;
using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>
/// Settings by path as a tree, to be written as the JSON of specs: words in the spelling of the JSON, numbers and truth values by
/// their form.
/// </summary>
internal sealed class SettingsNode
{
    // The spelling of each word, whatever the case of its letters in settings.
    private static readonly Dictionary<string, string> Words = MakeWords();

    private readonly Dictionary<string, SettingsNode> _children = new(StringComparer.OrdinalIgnoreCase);
    private string? _value;

    private bool IsEmpty => _value is null && _children.Values.All(child => child.IsEmpty);

    /// <summary>
    /// Sets the value at a path whose parts are separated by colons; null makes the path known, without a value.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// The path has too many parts or is given twice, or another value stands on it.
    /// </exception>
    public void Set(string path, string? value)
    {
        const int MaxParts = 8;
        string[] parts = path.Split(':', MaxParts + 1);
        SettingsNode node = this;
        foreach (string part in parts)
        {
            if (node._value is not null)
            {
                throw new InvalidDataException(
                    $"The setting '{Shortened.Text(path)}' is within another one that has the value " +
                    $"'{Shortened.Text(node._value)}'.");
            }

            if (!node._children.TryGetValue(part, out SettingsNode? child))
            {
                node._children[part] = child = new SettingsNode();
            }

            node = child;
        }

        if (parts.Length > MaxParts || (value is not null && node._children.Count > 0))
        {
            throw new InvalidDataException(
                $"The setting '{Shortened.Text(path)}' has a value, and no property of a layer is there.");
        }

        if (value is not null && node._value is not null)
        {
            throw new InvalidDataException(
                $"The setting '{Shortened.Text(path)}' is given twice; upper and lower case are the same.");
        }

        node._value ??= value;
    }

    /// <summary>Writes the tree of a list, whose children are numbered.</summary>
    /// <exception cref="InvalidDataException">The numbers are not 0, 1, 2, …, or a child is empty.</exception>
    public void WriteList(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        int count = 0;
        foreach (
            (int number, SettingsNode layer) in _children.Select(pair => (NumberOf(pair.Key), pair.Value))
            .OrderBy(pair => pair.Item1))
        {
            if (number != count)
            {
                throw new InvalidDataException(
                    $"The settings have a layer {number} and no layer {count}; number the layers 0 … {_children.Count - 1}.");
            }

            if (layer.IsEmpty)
            {
                throw new InvalidDataException($"The settings of layer {count} are empty; give its kind and properties.");
            }

            layer.Write(json);
            count++;
        }

        json.WriteEndArray();
    }

    /// <summary>Writes the tree of a spec or a part of it. Empty children are left out.</summary>
    public void Write(Utf8JsonWriter json)
    {
        if (_value is not null)
        {
            json.WriteStringValue(_value);
            return;
        }

        json.WriteStartObject();
        foreach ((string key, SettingsNode child) in _children.Where(pair => !pair.Value.IsEmpty))
        {
            string name = Words.GetValueOrDefault(key, key);
            json.WritePropertyName(name);
            if (child._value is { } value && name is not ("name" or "settings"))
            {
                WriteValue(json, value);
            }
            else
            {
                child.Write(json);
            }
        }

        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, string value)
    {
        if (bool.TryParse(value, out bool flag))
        {
            json.WriteBooleanValue(flag);
        }
        else if (int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int whole))
        {
            json.WriteNumberValue(whole);
        }
        else if (
            double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number))
        {
            json.WriteNumberValue(number);
        }
        else
        {
            json.WriteStringValue(Words.GetValueOrDefault(value, value));
        }
    }

    // "01" is refused: it would be a second layer 1.
    private static int NumberOf(string key)
        => int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && (key[0] != '0' || key.Length == 1)
            ? number
            : throw new InvalidDataException(
                $"The settings of a list of layers have '{Shortened.Text(key)}' where the number of a layer belongs. "
                + "Give paths relative to the list, such as '0:kind': section.AsEnumerable(makePathsRelative: true).");

    private static Dictionary<string, string> MakeWords()
    {
        Dictionary<string, string> words =
            new(StringComparer.OrdinalIgnoreCase) { [SpecKind<LayerSpec>.Kind] = SpecKind<LayerSpec>.Kind };
        foreach (string word in LayerKinds.All.SelectMany(kind => kind.Words))
        {
            words[word] = word;
        }

        return words;
    }
}
