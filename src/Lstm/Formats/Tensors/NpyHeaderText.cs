using System.Globalization;
using Lstm.Texts;

namespace Lstm.Formats.Tensors;

/// <summary>
/// Reads the text of a <c>.npy</c> header from its beginning on: the few forms of Python's literals that it has.
/// </summary>
internal sealed class NpyHeaderText(string text)
{
    private int _place;

    public bool TryTake(char wanted)
    {
        SkipSpace();
        bool isThere = _place < text.Length && text[_place] == wanted;
        _place += isThere ? 1 : 0;
        return isThere;
    }

    public void Expect(char wanted)
    {
        if (!TryTake(wanted))
        {
            throw Broken($"lacks '{wanted}'");
        }
    }

    /// <summary>A text in either kind of quotes, without escapes.</summary>
    public string Text()
    {
        SkipSpace();
        char quote = _place < text.Length ? text[_place] : ' ';
        int end = quote is '\'' or '"' ? text.IndexOf(quote, _place + 1) : -1;
        if (end < 0)
        {
            throw Broken("lacks a text");
        }

        string found = text[(_place + 1)..end];
        _place = end + 1;
        return found;
    }

    /// <summary>The type: a text, or the list of a structured type as it stands.</summary>
    public string Description()
    {
        SkipSpace();
        return _place < text.Length && text[_place] == '[' ? text[_place..] : Text();
    }

    public bool Boolean()
    {
        SkipSpace();
        foreach ((string name, bool value) in ((string, bool)[])[("True", true), ("False", false)])
        {
            if (text.AsSpan(_place).StartsWith(name))
            {
                _place += name.Length;
                return value;
            }
        }

        throw Broken("lacks True or False");
    }

    /// <summary>A tuple of sizes; those of Python 2 end with an L.</summary>
    public long[] Shape(int most)
    {
        List<long> sizes = [];
        Expect('(');
        while (!TryTake(')'))
        {
            SkipSpace();
            int end = _place;
            while (end < text.Length && char.IsAsciiDigit(text[end]))
            {
                end++;
            }

            if (!long.TryParse(text.AsSpan(_place, end - _place), NumberStyles.None, CultureInfo.InvariantCulture, out long size)
                || sizes.Count == most)
            {
                throw Broken($"has something else than whole numbers from 0 to 2⁶³ − 1, at most {most}, in its shape");
            }

            sizes.Add(size);
            _place = end;
            TryTake('L');
            if (!TryTake(','))
            {
                Expect(')');
                break;
            }
        }

        return [.. sizes];
    }

    /// <summary>Nothing but white space may follow.</summary>
    public void End()
    {
        SkipSpace();
        if (_place < text.Length)
        {
            throw Broken("goes on after its end");
        }
    }

    public InvalidDataException Broken(string what)
        => new(InvariantText.Of($"The .npy header {what} (character {_place} of its text)."));

    private void SkipSpace()
    {
        while (_place < text.Length && text[_place] is (' ' or '\n' or '\r' or '\t'))
        {
            _place++;
        }
    }
}
