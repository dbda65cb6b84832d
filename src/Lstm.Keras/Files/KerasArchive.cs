using System.IO.Compression;

namespace Lstm.Keras.Files;

/// <summary>
/// A <c>.keras</c> file: a zip archive of <c>config.json</c>, <c>metadata.json</c> and <c>model.weights.h5</c>.
/// </summary>
internal static class KerasArchive
{
    /// <summary>
    /// Bytes of all entries for each byte of the archive, at most. Keras stores entries without compression; an archive that was
    /// packed again has weights, which hardly become smaller, and JSON.
    /// </summary>
    private const int MostGrowth = 32;

    private static readonly string[] Needed = ["config.json", "metadata.json", "model.weights.h5"];

    public static bool IsZip(ReadOnlySpan<byte> start) => start.StartsWith("PK\x03\x04"u8) || start.StartsWith("PK\x05\x06"u8);

    /// <summary>Reads the entries that Keras writes.</summary>
    /// <exception cref="InvalidDataException">The archive is broken, lacks one of them, or expands to too much.</exception>
    public static Dictionary<string, byte[]> Read(byte[] bytes)
    {
        try
        {
            using ZipArchive archive = new(new MemoryStream(bytes, writable: false), ZipArchiveMode.Read);
            Dictionary<string, byte[]> entries = new(StringComparer.Ordinal);
            long left = (long)MostGrowth * bytes.Length;
            foreach (ZipArchiveEntry entry in archive.Entries)
            {
                if (!Needed.Contains(entry.FullName))
                {
                    continue;
                }

                byte[] content = Content(entry, ref left, bytes.Length);
                if (!entries.TryAdd(entry.FullName, content))
                {
                    throw new InvalidDataException($"The archive has two entries '{entry.FullName}'.");
                }
            }

            string[] missing = [.. Needed.Where(name => !entries.ContainsKey(name) && name != "metadata.json")];
            return missing.Length == 0 ? entries
                : throw new InvalidDataException(
                    $"The zip archive is no Keras model: it lacks {string.Join(" and ", missing)}. It has " +
                    $"{string.Join(", ", archive.Entries.Take(8).Select(entry => $"'{Shorten.Text(entry.FullName)}'"))}.");
        }
        catch (Exception e) when (e is not InvalidDataException)
        {
            throw new InvalidDataException($"The zip archive is broken: {e.Message}", e);
        }
    }

    // The length that an entry says is not trusted: reading ends when the bound is reached.
    private static byte[] Content(ZipArchiveEntry entry, ref long left, long archive)
    {
        using Stream source = entry.Open();
        using MemoryStream content = new();
        byte[] buffer = new byte[1 << 16];
        int read;
        while ((read = source.Read(buffer, 0, buffer.Length)) > 0)
        {
            left -= read;
            if (left < 0)
            {
                throw new InvalidDataException(
                    $"The archive's entries are more than {MostGrowth} times as long as the archive ({archive} bytes): " +
                    $"'{entry.FullName}' " +
                    $"is not read.");
            }

            content.Write(buffer, 0, read);
        }

        return content.ToArray();
    }
}
