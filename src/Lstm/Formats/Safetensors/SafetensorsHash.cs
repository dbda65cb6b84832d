using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Lstm.Formats.Safetensors;

/// <summary>The SHA-256 that a sealed safetensors file carries in its metadata.</summary>
/// <remarks>
/// It covers what a file says, not how its bytes are arranged, so a file that another tool has read and written unchanged
/// keeps it: the number of metadata strings but for the hash itself, each with its key, by key; then each tensor by name:
/// its name, type, number of dimensions, sizes and bytes. Texts are UTF-8 after their length in bytes, ordered by these bytes;
/// numbers take 8 bytes, little-endian.
/// </remarks>
internal static class SafetensorsHash
{
    /// <summary>The key of the hash in the metadata; the value is 64 lower-case hexadecimal digits.</summary>
    public const string Key = "sha256";

    /// <summary>Starts with the metadata.</summary>
    public static IncrementalHash Begin(IReadOnlyDictionary<string, string> metadata)
    {
        IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        List<(byte[] Utf8, string Value)> entries = [];
        foreach ((string key, string value) in metadata)
        {
            if (key != Key)
            {
                entries.Add((Encoding.UTF8.GetBytes(key), value));
            }
        }

        entries.Sort((a, b) => a.Utf8.AsSpan().SequenceCompareTo(b.Utf8));
        hash.Append(entries.Count);
        foreach ((byte[] key, string value) in entries)
        {
            hash.Append(key);
            hash.Append(value);
        }

        return hash;
    }

    /// <summary>The order in which the tensors are hashed.</summary>
    public static IEnumerable<SafetensorsTensor> Order(IEnumerable<SafetensorsTensor> tensors)
    {
        // Each name's bytes are made once: comparisons are many.
        List<(byte[] Utf8, SafetensorsTensor Tensor)> ordered = [];
        foreach (SafetensorsTensor tensor in tensors)
        {
            ordered.Add((Encoding.UTF8.GetBytes(tensor.Name), tensor));
        }

        ordered.Sort((a, b) => a.Utf8.AsSpan().SequenceCompareTo(b.Utf8));
        return ordered.ConvertAll(entry => entry.Tensor);
    }

    /// <summary>Goes on with a tensor; its bytes follow.</summary>
    public static void Append(this IncrementalHash hash, SafetensorsTensor tensor)
    {
        hash.Append(tensor.Name);
        hash.Append(tensor.Type);
        hash.Append(tensor.Shape.Length);
        foreach (long size in tensor.Shape)
        {
            hash.Append(size);
        }
    }

    /// <summary>The hash as 64 lower-case hexadecimal digits.</summary>
    public static string End(this IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset());

    private static void Append(this IncrementalHash hash, string text) => hash.Append(Encoding.UTF8.GetBytes(text));

    private static void Append(this IncrementalHash hash, byte[] bytes)
    {
        hash.Append(bytes.Length);
        hash.AppendData(bytes);
    }

    private static void Append(this IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
