namespace Lstm.Formats.Safetensors;

/// <summary>What the file is that a stream has from its position to its end, by its bytes.</summary>
/// <param name="Position">Where the file begins.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Format">What it is; null for an unknown format, and for safetensors.</param>
/// <param name="IsSafetensors">Whether it is a safetensors file, whole or cut off.</param>
internal sealed record FileStart(long Position, long Length, ForeignFormat? Format, bool IsSafetensors)
{
    public FileKind Kind => IsSafetensors ? FileKind.Safetensors : Format?.Kind ?? FileKind.Unknown;

    /// <summary>Whether it is a file of tensors, other than safetensors.</summary>
    public bool HoldsTensors => Kind is FileKind.Npy or FileKind.Npz or FileKind.TorchArchive or FileKind.Pickle;

    /// <summary>Looks at a file; the stream is where it was afterwards.</summary>
    /// <param name="stream">A stream that can seek.</param>
    public static FileStart Of(Stream stream)
    {
        long position = stream.Position, length = Math.Max(0, stream.Length - position);
        byte[] first = ReadAt(position), last = ReadAt(position + Math.Max(0, length - ForeignFile.PeekLength));
        stream.Position = position;
        bool isSafetensors = ForeignFile.IsSafetensors(first);
        return new(position, length, isSafetensors ? null : ForeignFile.Recognise(first, last), isSafetensors);

        byte[] ReadAt(long place)
        {
            byte[] bytes = new byte[Math.Min(length, ForeignFile.PeekLength)];
            stream.Position = place;
            stream.ReadExactly(bytes);
            return bytes;
        }
    }

    /// <summary>Reads the file, and says in the message of a failure what it is and what to do.</summary>
    /// <param name="read">Reads it.</param>
    /// <exception cref="InvalidDataException">The file is broken, or has something that is refused.</exception>
    public TResult Guard<TResult>(Func<TResult> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException(
                $"The file is {Format?.What ?? "of an unknown format"}, and cannot be read. {e.Message} {Format?.Advice}", e);
        }
    }
}
