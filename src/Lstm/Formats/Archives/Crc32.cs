namespace Lstm.Formats.Archives;

/// <summary>The checksum of zip archives: CRC-32 with the polynomial 0xEDB88320, bits reversed.</summary>
internal struct Crc32
{
    private const uint Polynomial = 0xEDB88320;
    private const int Values = 256;
    private static readonly uint[] Table = MakeTable();
    private uint _value;

    /// <summary>The checksum of the bytes so far.</summary>
    public readonly uint Value => _value;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        uint crc = ~_value;
        foreach (byte value in bytes)
        {
            crc = Table[(byte)(crc ^ value)] ^ (crc >> 8);
        }

        _value = ~crc;
    }

    private static uint[] MakeTable()
    {
        uint[] table = new uint[Values];
        for (uint i = 0; i < table.Length; i++)
        {
            uint crc = i;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ Polynomial : crc >> 1;
            }

            table[i] = crc;
        }

        return table;
    }
}
