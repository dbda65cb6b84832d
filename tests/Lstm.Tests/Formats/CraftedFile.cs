using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Lstm.Tests.Formats;

/// <summary>A tensor of a crafted file, as its header tells it: nothing of it need be true.</summary>
internal sealed record CraftedTensor(string Name, string Type, string Shape, long Start, long End);

/// <summary>
/// A safetensors file put together by hand, with lies of the test's choice and, if wanted, the hash that fits them.
/// </summary>
/// <remarks>The hash is written after docs/formats.md, apart from the library's.</remarks>
internal sealed class CraftedFile
{
    public List<(string Key, string Value)> Metadata { get; } = [];

    public List<CraftedTensor> Tensors { get; } = [];

    public byte[] Payload { get; set; } = [];

    /// <summary>Text put into the header before its closing brace.</summary>
    public string Tail { get; set; } = string.Empty;

    /// <summary>Takes a file apart.</summary>
    public static CraftedFile Parse(byte[] bytes)
    {
        int header = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        CraftedFile file = new() { Payload = bytes[(8 + header)..] };
        using JsonDocument json = JsonDocument.Parse(bytes.AsMemory(8, header));
        foreach (JsonProperty entry in json.RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__")
            {
                file.Metadata.AddRange(
                    entry.Value.EnumerateObject().Where(pair => pair.Name != "sha256")
                    .Select(pair => (pair.Name, pair.Value.GetString()!)));
            }
            else
            {
                JsonElement offsets = entry.Value.GetProperty("data_offsets");
                file.Tensors.Add(new(
                    entry.Name, entry.Value.GetProperty("dtype").GetString()!, entry.Value.GetProperty("shape").GetRawText(),
                    offsets[0].GetInt64(), offsets[1].GetInt64()));
            }
        }

        return file;
    }

    /// <summary>Adds a tensor of zeros behind the others.</summary>
    public void Add(string name, string type, int size, params int[] shape)
    {
        int start = Payload.Length, bytes = size * shape.Aggregate(1, (a, b) => a * b);
        Payload = [.. Payload, .. new byte[bytes]];
        Tensors.Add(new(name, type, $"[{string.Join(',', shape)}]", start, start + bytes));
    }

    /// <summary>Sets a string of the metadata.</summary>
    public void Set(string key, string value)
    {
        Metadata.RemoveAll(pair => pair.Key == key);
        Metadata.Add((key, value));
    }

    public byte[] ToBytes(bool isSealed = true)
    {
        StringBuilder json = new("{\"__metadata__\":{");
        json.AppendJoin(
            ',', Metadata.Concat(isSealed ? [("sha256", Hash())] : []).Select(pair => $"{Quote(pair.Item1)}:{Quote(pair.Item2)}"))
            .Append('}');
        foreach (CraftedTensor tensor in Tensors)
        {
            json.Append(
                $",{Quote(tensor.Name)}:{{\"dtype\":{Quote(tensor.Type)},\"shape\":{tensor.Shape},"
                + $"\"data_offsets\":[{tensor.Start},{tensor.End}]}}");
        }

        byte[] header = Encoding.UTF8.GetBytes(json.Append(Tail).Append('}').ToString());
        return [.. BitConverter.GetBytes((long)header.Length), .. header, .. Payload];
    }

    private static string Quote(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    private string Hash()
    {
        using MemoryStream content = new();
        Number(Metadata.Count);
        foreach (
            (string key, string value) in Metadata.OrderBy(
            pair => Convert.ToHexString(Encoding.UTF8.GetBytes(pair.Key)), StringComparer.Ordinal))
        {
            Text(key);
            Text(value);
        }

        foreach (
            CraftedTensor tensor in Tensors.OrderBy(
            tensor => Convert.ToHexString(Encoding.UTF8.GetBytes(tensor.Name)), StringComparer.Ordinal))
        {
            Text(tensor.Name);
            Text(tensor.Type);
            string[] sizes = tensor.Shape.Trim('[', ']').Split(',', StringSplitOptions.RemoveEmptyEntries);
            Number(sizes.Length);
            Array.ForEach(sizes, size => Number(long.TryParse(size, out long number) ? number : 0));
            long start = Math.Clamp(tensor.Start, 0, Payload.Length), end = Math.Clamp(tensor.End, start, Payload.Length);
            content.Write(Payload.AsSpan((int)start..(int)end));
        }

        return Convert.ToHexStringLower(SHA256.HashData(content.ToArray()));

        void Number(long number) => content.Write(BitConverter.GetBytes(number));

        void Text(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            Number(bytes.Length);
            content.Write(bytes);
        }
    }
}
