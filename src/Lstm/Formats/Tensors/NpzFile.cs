using Lstm.Formats.Archives;

namespace Lstm.Formats.Tensors;

/// <summary>Reads NumPy's arrays: one in a <c>.npy</c> file, several with names in a <c>.npz</c> archive.</summary>
internal static class NpzFile
{
    public const string Format = "NumPy (.npz)", SingleFormat = "NumPy (.npy)", Ending = ".npy";

    // As numpy.savez names an array that is given none.
    private const string SingleName = "arr_0";

    /// <summary>Reads the headers of an archive's arrays.</summary>
    /// <exception cref="InvalidDataException">One is broken.</exception>
    public static TensorContents Read(IReadOnlyList<ZipEntry> entries, long length)
    {
        List<FileTensor> tensors = [];
        TensorBudget budget = new(length);
        foreach (ZipEntry entry in entries)
        {
            if (!entry.Name.EndsWith(Ending, StringComparison.Ordinal))
            {
                continue;
            }

            string name = entry.Name[..^Ending.Length];
            using Stream stream = entry.Open(checksum: false);
            NpyHeader header;
            try
            {
                header = NpyHeader.Read(stream, entry.Length);
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"Its array '{Texts.Shortened.Text(name)}': {e.Message}", e);
            }

            tensors.Add(Of(name, header, () => Skip(entry.Open(checksum: true), header.Length)));
            budget.Take(tensors[^1]);
        }

        return new TensorContents(Format, tensors, new Dictionary<string, string>());
    }

    /// <summary>Reads the header of an array that is the whole stream.</summary>
    /// <exception cref="InvalidDataException">It is broken.</exception>
    public static TensorContents ReadSingle(Stream stream, long start, long length)
    {
        NpyHeader header = NpyHeader.Read(new SubStream(stream, start, length), length);
        long first = start + header.Length, rest = length - header.Length;
        return new TensorContents(
            SingleFormat, [Of(SingleName, header, () => new SubStream(stream, first, rest))], new Dictionary<string, string>());
    }

    private static FileTensor Of(string name, NpyHeader header, Func<Stream> open)
    {
        long[]? strides = null;
        if (header.IsFortran && header.Shape.Length > 1)
        {
            strides = new long[header.Shape.Length];
            long stride = 1;
            for (int d = 0; d < strides.Length; d++)
            {
                strides[d] = stride;
                stride *= header.Shape[d];
            }
        }

        return new FileTensor(name, header.Type, header.Shape, open) { Strides = strides };
    }

    private static Stream Skip(Stream stream, int count)
    {
        Span<byte> skipped = stackalloc byte[1 << 10];
        for (int left = count; left > 0;)
        {
            left -= stream.Read(skipped[..Math.Min(left, skipped.Length)]);
        }

        return stream;
    }
}
