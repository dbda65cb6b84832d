using System.Globalization;

namespace Lstm.Texts;

/// <summary>
/// The text of a description as the C# that makes it: <c>LstmSpec(64) { Layers = 2 }</c>, with the properties that differ from
/// their defaults.
/// </summary>
/// <param name="type">The type's name.</param>
/// <param name="arguments">The constructor's arguments.</param>
internal sealed class CodeText(string type, params object?[] arguments)
{
    private readonly List<string> _members = [];

    /// <summary>Adds a property unless it has its default.</summary>
    public CodeText Add<TValue>(string name, TValue value, TValue standard)
    {
        if (!EqualityComparer<TValue>.Default.Equals(value, standard))
        {
            _members.Add($"{name} = {Of(value)}");
        }

        return this;
    }

    /// <summary>Adds a property by the text of its value.</summary>
    public CodeText AddCode(string name, string value)
    {
        _members.Add($"{name} = {value}");
        return this;
    }

    /// <summary>The text, the same in every culture.</summary>
    public override string ToString()
    {
        string list = arguments.Length == 0 ? string.Empty : $"({string.Join(", ", arguments.Select(Of))})";
        string members = _members.Count == 0 ? string.Empty : $" {{ {string.Join(", ", _members)} }}";
        return list.Length + members.Length == 0 ? $"{type}()" : type + list + members;
    }

    private static string Of(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        string text => $"\"{text.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\r", "\\r").Replace("\n", "\\n")}\"",
        Enum name => char.IsAsciiLetter(name.ToString()[0]) ? $"{name.GetType().Name}.{name}" : $"({name.GetType().Name}){name}",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => $"new {value}",
    };
}
