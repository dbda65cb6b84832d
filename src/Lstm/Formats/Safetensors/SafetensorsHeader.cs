using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Lstm.Parameters;
using Lstm.Texts;

namespace Lstm.Formats.Safetensors;

/// <summary>The header of a safetensors file: what the file says about itself, and a table of its tensors.</summary>
/// <remarks>
/// A file is the header's length (8 bytes, little-endian), the header (JSON), and the payload. The header is an object: each
/// tensor's name with <c>dtype</c>, <c>shape</c> and <c>data_offsets</c> (first byte and end within the payload), and
/// <c>__metadata__</c>, strings by name. The tensors fill the payload without holes.
/// </remarks>
internal sealed class SafetensorsHeader
{
    /// <summary>The format's own limit.</summary>
    public const int MaxLength = 100_000_000;

    /// <summary>Bytes of the number that says how long the header is.</summary>
    public const int Prefix = 8;

    // Cache lines: whoever maps the file can use the tensors in place.
    private const int Alignment = 64;
    private const string MetadataName = "__metadata__";

    // As many as NumPy has; more are a lie that would take memory.
    private const int MaxDimensions = 64;

    /// <summary>Strings by name.</summary>
    public Dictionary<string, string> Metadata { get; } = [];

    /// <summary>In the order of the payload.</summary>
    public List<SafetensorsTensor> Tensors { get; } = [];

    /// <summary>The file's first bytes: the length, then the header, padded with spaces so that the payload is aligned.</summary>
    /// <exception cref="ArgumentException">A string is no valid Unicode, or the header is too long.</exception>
    public byte[] ToBytes()
    {
        ArrayBufferWriter<byte> buffer = new();
        buffer.Write(stackalloc byte[Prefix]);
        using (Utf8JsonWriter json = new(
            buffer, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteStartObject(MetadataName);
            foreach ((string key, string value) in Metadata)
            {
                json.WriteString(Checked(key), Checked(value));
            }

            json.WriteEndObject();
            foreach (SafetensorsTensor tensor in Tensors)
            {
                WriteTensor(json, tensor);
            }

            json.WriteEndObject();
        }

        int padding = (int)(-(long)buffer.WrittenCount & (Alignment - 1));
        buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        byte[] bytes = buffer.WrittenSpan.ToArray();
        if (bytes.Length - Prefix > MaxLength)
        {
            throw new ArgumentException($"The header takes {bytes.Length - Prefix} bytes; the format allows {MaxLength}.");
        }

        BinaryPrimitives.WriteInt64LittleEndian(bytes, bytes.Length - Prefix);
        return bytes;
    }

    /// <summary>Reads a header, without the number before it.</summary>
    /// <param name="json">The header.</param>
    /// <param name="payload">Length of the payload.</param>
    /// <exception cref="InvalidDataException">It is broken, or does not describe a payload of this length.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long payload)
    {
        SafetensorsHeader header = new();
        if (!Utf8.IsValid(json))
        {
            throw new InvalidDataException("The safetensors header is not UTF-8.");
        }

        // A byte order mark or white space before the brace is not allowed either.
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 4 });
        if (json.IsEmpty || json[0] != '{')
        {
            throw Broken(ref reader, "does not start with '{'");
        }

        try
        {
            header.ReadObject(ref reader);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: an escaped string that is no valid Unicode.
            throw new InvalidDataException(
                $"The safetensors header is not valid JSON at byte {Prefix + reader.BytesConsumed} of the file: {e.Message}", e);
        }

        header.CheckOffsets(payload);
        return header;
    }

    private static void WriteTensor(Utf8JsonWriter json, SafetensorsTensor tensor)
    {
        json.WriteStartObject(Checked(tensor.Name));
        json.WriteString("dtype", tensor.Type);
        json.WriteStartArray("shape");
        foreach (long size in tensor.Shape)
        {
            json.WriteNumberValue(size);
        }

        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(tensor.Start);
        json.WriteNumberValue(tensor.End);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Checked(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[++i])))
            {
                throw new ArgumentException($"The name or text '{text}' holds half of a surrogate pair, which no file can hold.");
            }
        }

        return text;
    }

    private void ReadObject(ref Utf8JsonReader reader)
    {
        HashSet<string> names = [];
        Next(ref reader, JsonTokenType.StartObject);
        while (NextProperty(ref reader) is { } name)
        {
            if (!names.Add(name))
            {
                throw Broken(ref reader, $"has the name '{Shortened.Text(name)}' twice");
            }

            Next(ref reader, JsonTokenType.StartObject);
            if (name == MetadataName)
            {
                ReadMetadata(ref reader);
            }
            else
            {
                Tensors.Add(ReadTensor(ref reader, name));
            }
        }

        // Anything but white space that follows throws.
        reader.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        while (NextProperty(ref reader) is { } key)
        {
            Next(ref reader, JsonTokenType.String);
            if (!Metadata.TryAdd(key, reader.GetString()!))
            {
                throw Broken(ref reader, $"has the metadata '{Shortened.Text(key)}' twice");
            }
        }
    }

    private static SafetensorsTensor ReadTensor(ref Utf8JsonReader reader, string name)
    {
        string? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (NextProperty(ref reader) is { } property)
        {
            switch (property)
            {
                case "dtype" when type is null:
                    Next(ref reader, JsonTokenType.String);
                    type = ReadType(ref reader, name);
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(ref reader, name, MaxDimensions);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(ref reader, name, 2);
                    break;
                default:
                    throw Broken(
                        ref reader,
                        $"has '{Shortened.Text(property)}' twice or as an unknown property of tensor '{Shortened.Text(name)}'");
            }
        }

        if (type is null || shape is null || offsets is not [long start, long end] || start > end)
        {
            throw Broken(ref reader, $"lacks dtype, shape or two rising data_offsets of tensor '{Shortened.Text(name)}'");
        }

        SafetensorsTensor tensor = new(name, type, shape, start, end);
        if (!SafetensorsTensor.TryGetBytes(type, shape, out long bytes) || bytes != end - start)
        {
            throw Broken(ref reader, $"gives tensor {tensor} {end - start} bytes, which is not what its shape takes");
        }

        return tensor;
    }

    private static string ReadType(ref Utf8JsonReader reader, string name)
    {
        foreach (string type in SafetensorsTensor.Types)
        {
            if (reader.ValueTextEquals(type))
            {
                return type;
            }
        }

        throw Broken(
            ref reader, $"has the unknown type '{Shortened.Text(reader.GetString())}' for tensor '{Shortened.Text(name)}'");
    }

    private static long[] ReadNumbers(ref Utf8JsonReader reader, string name, int most)
    {
        List<long> numbers = [];
        Next(ref reader, JsonTokenType.StartArray);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (numbers.Count == most)
            {
                throw Broken(
                    ref reader, $"has more than {most} numbers in a shape or in the offsets of tensor '{Shortened.Text(name)}'");
            }

            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
            {
                throw Broken(
                    ref reader,
                    $"has something else than a whole number from 0 to 2⁶³ − 1 in a shape or offset of tensor " +
                    $"'{Shortened.Text(name)}'");
            }

            numbers.Add(number);
        }

        return [.. numbers];
    }

    /// <summary>The name of the object's next property; null at its end.</summary>
    private static string? NextProperty(ref Utf8JsonReader reader)
        => reader.Read() && reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null;

    private static void Next(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type)
        {
            throw Broken(ref reader, $"has {reader.TokenType} where {type} belongs");
        }
    }

    private static InvalidDataException Broken(ref Utf8JsonReader reader, string what)
        => new($"The safetensors header {what} (byte {Prefix + reader.TokenStartIndex} of the file).");

    private void CheckOffsets(long payload)
    {
        Tensors.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.End.CompareTo(b.End));
        long end = 0;
        foreach (SafetensorsTensor tensor in Tensors)
        {
            if (tensor.Start != end)
            {
                throw new InvalidDataException(
                    $"Tensor {tensor} starts at byte {tensor.Start} of the payload; the tensors before it end at {end}.");
            }

            end = tensor.End;
        }

        if (end != payload)
        {
            throw new InvalidDataException($"The tensors of the safetensors header take {end} bytes; the payload has {payload}.");
        }
    }
}
