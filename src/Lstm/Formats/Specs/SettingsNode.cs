using System.Globalization;
using System.Text.Json;
using Lstm.Texts;

namespace Lstm.Formats;

/// <summary>Settings by path as a tree, to be written as the JSON of specs: words in its spelling, numbers and truth values by their form.</summary>
internal sealed class SettingsNode
{
    // The spelling of each word, whatever the case of its letters in settings.
    private static readonly Dictionary<string, string> Words = MakeWords();

    private readonly Dictionary<string, SettingsNode> _children = new(StringComparer.OrdinalIgnoreCase);
    private string? _value;

    /// <summary>Sets the value at a path whose parts are separated by colons.</summary>
    /// <exception cref="InvalidDataException">The path has too many parts, or another value stands on it.</exception>
    public void Set(string path, string value)
    {
        const int MaxParts = 8;
        string[] parts = path.Split(':', MaxParts + 1);
        SettingsNode node = this;
        foreach (string part in parts)
        {
            if (node._value is not null)
            {
                throw new InvalidDataException($"The setting '{Shortened.Text(path)}' is within another one that has the value '{Shortened.Text(node._value)}'.");
            }

            if (!node._children.TryGetValue(part, out SettingsNode? child))
            {
                node._children[part] = child = new SettingsNode();
            }

            node = child;
        }

        node._value = parts.Length > MaxParts || node._children.Count > 0
            ? throw new InvalidDataException($"The setting '{Shortened.Text(path)}' has a value, and no property of a layer is there.")
            : value;
    }

    /// <summary>Writes the tree.</summary>
    /// <param name="json">The writer.</param>
    /// <param name="isList">Whether its children are numbered.</param>
    /// <exception cref="InvalidDataException">A child of a list has no number.</exception>
    public void Write(Utf8JsonWriter json, bool isList)
    {
        if (isList)
        {
            json.WriteStartArray();
            foreach (SettingsNode child in _children.OrderBy(pair => NumberOf(pair.Key)).Select(pair => pair.Value))
            {
                child.Write(json, false);
            }

            json.WriteEndArray();
            return;
        }

        if (_value is not null)
        {
            json.WriteStringValue(_value);
            return;
        }

        json.WriteStartObject();
        foreach ((string key, SettingsNode child) in _children)
        {
            string name = Words.GetValueOrDefault(key, key);
            json.WritePropertyName(name);
            if (child._value is { } value && name is not ("name" or "settings"))
            {
                WriteValue(json, value);
            }
            else
            {
                child.Write(json, false);
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
        else if (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number))
        {
            json.WriteNumberValue(number);
        }
        else
        {
            json.WriteStringValue(Words.GetValueOrDefault(value, value));
        }
    }

    private static int NumberOf(string key) => int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
        ? number
        : throw new InvalidDataException($"The settings of a list of layers have '{Shortened.Text(key)}' where the number of a layer belongs.");

    private static Dictionary<string, string> MakeWords()
    {
        Dictionary<string, string> words = new(StringComparer.OrdinalIgnoreCase) { [SpecKind<LayerSpec>.Kind] = SpecKind<LayerSpec>.Kind };
        foreach (string word in LayerKinds.All.SelectMany(kind => kind.Words))
        {
            words[word] = word;
        }

        return words;
    }
}
