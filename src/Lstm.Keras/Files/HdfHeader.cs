namespace Lstm.Keras.Files;

/// <summary>Walks through the messages of an object header, of either version.</summary>
internal static class HdfHeader
{
    private const int Continuation = 0x10;

    /// <summary>Lists the messages of an object.</summary>
    /// <param name="file">The file.</param>
    /// <param name="address">The address of the object's header.</param>
    /// <param name="path">The object, for messages.</param>
    /// <returns>For each message its type, and where its data are.</returns>
    /// <exception cref="InvalidDataException">The header is broken, or longer than the file.</exception>
    public static List<(int Type, int At, int Length)> Messages(HdfBytes file, ulong address, string path)
    {
        List<(int Type, int At, int Length)> messages = [];
        Queue<(ulong At, ulong Length)> blocks = [];
        bool isNew = file.At(address, 4, $"the header of '{path}'").SequenceEqual("OHDR"u8);
        int order = isNew ? StartNew(file, address, path, blocks) : StartOld(file, address, path, blocks);
        while (blocks.TryDequeue(out (ulong At, ulong Length) block))
        {
            file.At(block.At, block.Length, $"the header of '{path}'");
            file.Spend(block.Length + 8, $"the header of '{path}'");
            int first = messages.Count;
            Walk(file, block, isNew, order, path, messages);
            for (int i = first; i < messages.Count; i++)
            {
                if (messages[i].Type == Continuation)
                {
                    blocks.Enqueue(Next(file, messages[i], isNew, path));
                }
            }
        }

        return messages;
    }

    private static int StartOld(HdfBytes file, ulong address, string path, Queue<(ulong At, ulong Length)> blocks)
    {
        ReadOnlySpan<byte> prefix = file.At(address, 16, $"the header of '{path}'");
        if (prefix[0] != 1)
        {
            throw new InvalidDataException(
                $"The HDF5 file is broken: the header of '{path}' at byte {address} has version {prefix[0]}; 1 and 2 exist.");
        }

        blocks.Enqueue((address + 16, HdfBytes.Number(prefix, 8, 4)));
        return 0;
    }

    // Version 2: flags say which fields there are, and how long the field of the length is.
    private static int StartNew(HdfBytes file, ulong address, string path, Queue<(ulong At, ulong Length)> blocks)
    {
        ReadOnlySpan<byte> prefix = file.At(address, 6, $"the header of '{path}'");
        int flags = prefix[5], at = 6 + ((flags & 0x20) != 0 ? 16 : 0) + ((flags & 0x10) != 0 ? 4 : 0), size = 1 << (flags & 3);
        if (prefix[4] != 2)
        {
            throw new InvalidDataException($"The HDF5 file is broken: the header of '{path}' has version {prefix[4]}, not 2.");
        }

        ulong length = HdfBytes.Number(file.At(address, (ulong)(at + size), $"the header of '{path}'"), at, size);
        blocks.Enqueue((address + (ulong)(at + size), length));
        return (flags & 4) != 0 ? 2 : 0;
    }

    private static (ulong At, ulong Length) Next(
        HdfBytes file, (int Type, int At, int Length) message, bool isNew, string path)
    {
        ReadOnlySpan<byte> data = file.All.AsSpan(message.At, message.Length);
        ulong at = HdfBytes.Number(data, 0, 8), length = HdfBytes.Number(data, 8, 8);
        if (!isNew)
        {
            return (at, length);
        }

        // A signature in front and a checksum behind.
        file.Signed(at, length, "OCHK"u8, $"continuation of the header of '{path}'");
        return length >= 8 ? (at + 4, length - 8)
            : throw new InvalidDataException(
                $"The HDF5 file is broken: a continuation of the header of '{path}' has {length} bytes.");
    }

    private static void Walk(
        HdfBytes file, (ulong At, ulong Length) block, bool isNew, int order, string path,
        List<(int Type, int At, int Length)> messages)
    {
        int prefix = isNew ? 4 + order : 8, at = (int)block.At, end = at + (int)block.Length;
        while (end - at >= prefix)
        {
            ReadOnlySpan<byte> head = file.All.AsSpan(at, prefix);
            int type = isNew ? head[0] : (int)HdfBytes.Number(head, 0, 2);
            int length = (int)HdfBytes.Number(head, isNew ? 1 : 2, 2), flags = head[isNew ? 3 : 4];
            at += prefix;
            if (length > end - at)
            {
                throw new InvalidDataException(
                    $"The HDF5 file is broken: a message of type {type} in the header of '{path}' has {length} bytes; " +
                    $"{end - at} " +
                    $"are left in its block.");
            }

            // A message that is elsewhere: a committed datatype, for example.
            if ((flags & 2) != 0 && type != 0)
            {
                throw new InvalidDataException(
                    $"'{path}' of the HDF5 file shares a message of type {type} with other objects, which Keras does not write.");
            }

            messages.Add((type, at, length));
            at += length;
        }
    }
}
