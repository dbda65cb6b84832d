using Lstm.Texts;

namespace Lstm.Formats.Archives;

/// <summary>The bytes of an entry: exactly as many as the directory says, with its checksum if that is asked for.</summary>
internal sealed class ZipEntryStream(Stream bytes, ZipEntry entry, bool checksum) : Stream
{
    private long _position;
    private Crc32 _crc;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => entry.Length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        int count = (int)Math.Min(buffer.Length, entry.Length - _position);
        if (count == 0)
        {
            return 0;
        }

        int read = bytes.Read(buffer[..count]);
        if (read == 0)
        {
            throw Broken($"ends after {_position} bytes");
        }

        _position += read;
        if (checksum)
        {
            _crc.Append(buffer[..read]);
            if (_position == entry.Length && _crc.Value != entry.Checksum)
            {
                throw Broken($"has the checksum {_crc.Value:x8}, not {entry.Checksum:x8}: the file is damaged");
            }
        }

        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            bytes.Dispose();
        }

        base.Dispose(disposing);
    }

    private InvalidDataException Broken(string what)
        => new($"The archive's entry '{Shortened.Text(entry.Name)}' of {entry.Length} bytes {what}.");
}
