using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Lstm.Tests.Formats;

/// <summary>Makes broken and lying files of good ones: changed bytes, and changed claims under a hash that fits them.</summary>
internal sealed partial class FileMutator(int seed)
{
    private static readonly string[] Numbers =
    [
        "0", "1", "-1", "2", "3", "16", "255", "256", "9999", "10000", "10001", "1000000", "2147483647", "2147483648",
        "4294967296", "9223372036854775807",
        "9223372036854775808", "1e400", "-1e400", "1e-400", "1e308", "1e-320", "0.5", "0.99999999999999999", "NaN", "null",
            "\"1\"", "[]", "{}", "00", "1e",
    ];

    private static readonly string[] Texts =
    [
        "", "a", "lstm", "dense", "NaN", "\0", "\n", ".", "lstm.weight_ih_l0", "__metadata__", "\\ud800", "größer 記憶 🧠",
        new('n', 257), new('x', 5000), new('[', 200), "{\"a\":", "true", "U8", "F64",
    ];

    private static readonly int[] Integers =
        [0, 1, -1, 2, 3, 4, 16, 255, 256, 10_000, 1 << 20, int.MaxValue, int.MinValue, int.MaxValue - 1,
            unchecked((int)0x80000001)];

    private readonly Random _random = new(seed);

    /// <summary>A copy with some bytes changed, moved, left out or put in.</summary>
    public byte[] Bytes(byte[] file)
    {
        List<byte> bytes = [.. file];
        for (int i = _random.Next(3); i >= 0 && bytes.Count > 0; i--)
        {
            // Most of what can go wrong is at the beginning.
            int place = _random.Next(_random.Next(2) == 0 ? bytes.Count : Math.Min(bytes.Count, 2000)),
                length = Math.Min(_random.Next(1, 40), bytes.Count - place);
            switch (_random.Next(8))
            {
                case 0:
                    bytes[place] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1:
                    bytes[place] = (byte)_random.Next(256);
                    break;
                case 2:
                    bytes[place] = (byte)"\"{}[],:0919eE-\\u \n"[_random.Next(18)];
                    break;
                case 3:
                    bytes.RemoveRange(place, length);
                    break;
                case 4:
                    bytes.InsertRange(place, bytes.GetRange(_random.Next(bytes.Count - length + 1), length));
                    break;
                case 5:
                    bytes.RemoveRange(place, bytes.Count - place);
                    break;
                case 6:
                    bytes.InsertRange(place, Enumerable.Repeat((byte)"[{0 \""[_random.Next(5)], _random.Next(1, 3000)));
                    break;
                default:
                    byte[] number = BitConverter.GetBytes((long)Pick(Integers));
                    for (int b = 0; b < length && b < number.Length; b++)
                    {
                        bytes[place + b] = number[b];
                    }

                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>A safetensors file with lies in its header or metadata; most have the hash that fits.</summary>
    public byte[] Lies(byte[] file)
    {
        CraftedFile lying = CraftedFile.Parse(file);
        for (int i = _random.Next(3); i >= 0; i--)
        {
            switch (_random.Next(6))
            {
                case 0:
                    LieOfTensor(lying);
                    break;
                case 1:
                    LieOfTensors(lying);
                    break;
                case 2 when lying.Metadata.Count > 0:
                    int entry = _random.Next(lying.Metadata.Count);
                    (string key, string value) = lying.Metadata[entry];
                    lying.Metadata[entry] = _random.Next(3) switch
                    {
                        0 => (Pick(Texts), value),
                        1 => (key, Pick(Texts)),
                        _ => (key, Json(value)),
                    };
                    break;
                case 3:
                    lying.Metadata.Add((Pick(Texts), Pick(Texts)));
                    break;
                case 4:
                    lying.Tail = _random.Next(4) switch
                    {
                        0 => $",{Quoted(Pick(Texts))}:{Pick(Numbers)}",
                        1 => $",\"x\":{new string('[', _random.Next(5000))}",
                        2 => ",\"__metadata__\":{}",
                        _ => $",\"{_random.Next(3)}\":{{\"dtype\":\"F32\","
                            + $"\"shape\":[{string.Join(',', Enumerable.Repeat("0", _random.Next(500)))}],"
                            + "\"data_offsets\":[0,0]}",
                    };
                    break;
                default:
                    // What a model or a checkpoint is described by: the deepest of what is read.
                    int spec = lying.Metadata.FindIndex(pair => pair.Key == "spec");
                    if (spec >= 0)
                    {
                        lying.Metadata[spec] = ("spec", Json(lying.Metadata[spec].Value));
                    }

                    break;
            }
        }

        return lying.ToBytes(isSealed: _random.Next(8) != 0);
    }

    /// <summary>The bytes of a state with other numbers in its header, most under a hash that fits.</summary>
    public byte[] StateLies(byte[] state)
    {
        byte[] bytes = [.. state];
        for (int i = _random.Next(3); i >= 0; i--)
        {
            int field = 8 + (4 * _random.Next(Math.Min(24, (bytes.Length - 40) / 4)));
            BitConverter.TryWriteBytes(bytes.AsSpan(field), Pick(Integers));
        }

        byte[] content = _random.Next(3) switch
        {
            0 => [.. bytes.AsSpan(0, _random.Next(bytes.Length - 32))],
            1 => [.. bytes.AsSpan(0, bytes.Length - 32), .. new byte[_random.Next(100)]],
            _ => bytes[..^32],
        };
        return [.. content, .. _random.Next(8) == 0 ? bytes[^32..] : SHA256.HashData(content)];
    }

    private static string Quoted(string text)
        => $"\"{text.Replace("\"", string.Empty).Replace("\n", string.Empty).Replace("\0", string.Empty)}\"";

    [GeneratedRegex("-?[0-9][0-9.eE+-]*")]
    private static partial Regex NumberPattern();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex TextPattern();

    [GeneratedRegex(@"\{[^{}]*\}")]
    private static partial Regex ObjectPattern();

    private void LieOfTensor(CraftedFile file)
    {
        if (file.Tensors.Count == 0)
        {
            return;
        }

        int i = _random.Next(file.Tensors.Count);
        CraftedTensor tensor = file.Tensors[i];
        file.Tensors[i] = _random.Next(7) switch
        {
            0 => tensor with { Name = Pick(Texts) },
            1 => tensor with { Name = file.Tensors[_random.Next(file.Tensors.Count)].Name },
            2 => tensor with { Type = Pick(["F64", "F32", "F16", "BF16", "I32", "I64", "U8", "BOOL", "F8_E4M3", "X", ""]) },
            3 => tensor with { Shape = Replace(NumberPattern(), tensor.Shape, Pick(Numbers)) },
            4 => tensor with { Shape = $"[{string.Join(',', tensor.Shape.Trim('[', ']').Split(',').Reverse())}]" },
            5 => tensor with { Start = Offset(tensor.Start), End = Offset(tensor.End) },
            _ => tensor with { Shape = "[1]", End = tensor.Start + 4 },
        };
    }

    private void LieOfTensors(CraftedFile file)
    {
        int i = file.Tensors.Count == 0 ? -1 : _random.Next(file.Tensors.Count);
        switch (_random.Next(4))
        {
            case 0 when i >= 0:
                file.Tensors.RemoveAt(i);
                break;
            case 1 when i >= 0:
                file.Tensors.Add(file.Tensors[i]);
                break;
            case 2:
                file.Add(Pick(Texts), Pick(["F32", "U8"]), 4, _random.Next(40), _random.Next(40));
                break;
            default:
                file.Add(
                    Pick(["state.h.0", "state.c.0", "lstm.bias_hh_l0", "lstm.weight_ih_l7", "network.lstm.bias_hh_l0"]),
                    Pick(["F32", "F32", "I32"]), 4, _random.Next(1, 2000), 1);
                break;
        }
    }

    /// <summary>JSON with a number, a text or an object changed, repeated or left out.</summary>
    private string Json(string json) => _random.Next(9) switch
    {
        0 or 1 or 2 => Replace(NumberPattern(), json, Pick(Numbers)),
        3 => Replace(TextPattern(), json, Quoted(Pick(Texts))),
        4 => Replace(
            TextPattern(), json, TextPattern().Matches(json) is { Count: > 0 } texts ? texts[_random.Next(texts.Count)].Value
            : string.Empty),
        5 => Replace(ObjectPattern(), json, string.Empty),
        6 => Replace(ObjectPattern(), json, ObjectPattern().Match(json) is { Success: true } found
            ? string.Join(',', Enumerable.Repeat(found.Value, _random.Next(1, 300))) : string.Empty),
        7 => json.Insert(_random.Next(json.Length + 1), new string(Pick(['[', '{', ']', '"', ',', '\\']), _random.Next(1, 200))),
        _ => json.Remove(_random.Next(json.Length + 1)),
    };

    private string Replace(Regex pattern, string text, string by)
    {
        MatchCollection found = pattern.Matches(text);
        if (found.Count == 0)
        {
            return text;
        }

        Match match = found[_random.Next(found.Count)];
        return text[..match.Index] + by + text[(match.Index + match.Length)..];
    }

    private long Offset(long offset) => _random.Next(4) switch
    {
        0 => Pick(Integers),
        1 => long.MaxValue - _random.Next(3),
        2 => offset + _random.Next(-4, 5),
        _ => offset,
    };

    private TItem Pick<TItem>(IReadOnlyList<TItem> items) => items[_random.Next(items.Count)];
}
