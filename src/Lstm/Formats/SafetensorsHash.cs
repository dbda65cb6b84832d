using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Lstm.Formats;

/// <summary>The SHA-256 that a sealed safetensors file carries in its metadata.</summary>
/// <remarks>
/// It covers what a file says, not how its bytes are arranged, so a file that another tool has read and written unchanged
/// keeps it: the number of metadata strings but for the hash itself, each with its key, by key; then each tensor by name:
/// its name, type, number of dimensions, sizes and bytes. Texts are UTF-8 after their length in bytes, ordered by these bytes;
/// numbers take 8 bytes, little-endian.
/// </remarks>
internal static class SafetensorsHash
{
    /// <summary>Its name in the metadata; the value is 64 lower-case hexadecimal digits.</summary>
    public const string Key = "sha256";

    /// <summary>Starts with the metadata.</summary>
    public static IncrementalHash Begin(IReadOnlyDictionary<string, string> metadata)
    {
        IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        List<string> keys = [.. metadata.Keys];
        keys.Remove(Key);
        keys.Sort(CompareUtf8);
        hash.Append(keys.Count);
        foreach (string key in keys)
        {
            hash.Append(key);
            hash.Append(metadata[key]);
        }

        return hash;
    }

    /// <summary>The order in which the tensors are hashed.</summary>
    public static IEnumerable<SafetensorsTensor> Order(IEnumerable<SafetensorsTensor> tensors)
    {
        List<SafetensorsTensor> ordered = [.. tensors];
        ordered.Sort((a, b) => CompareUtf8(a.Name, b.Name));
        return ordered;
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

    /// <summary>The digits.</summary>
    public static string End(this IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset());

    private static int CompareUtf8(string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));

    private static void Append(this IncrementalHash hash, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
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
