namespace Lstm.Keras.Files;

/// <summary>
/// Walks through an HDF5 file once and checks all that a reader of it relies on: groups, headers, shapes, texts and where they
/// lie. Time and memory are linear in the file.
/// </summary>
internal sealed class HdfMap
{
    /// <summary>Groups within groups, at most. Keras's files have fewer than ten.</summary>
    private const int Deepest = 32;

    private const int OldPrefix = 96;
    private const int NewPrefix = 48;

    private readonly HdfBytes _file;
    private readonly HdfMessages _messages;
    private readonly HashSet<ulong> _visited = [];

    private HdfMap(byte[] bytes)
    {
        _file = new HdfBytes(bytes);
        _messages = new HdfMessages(_file, new HdfTexts(_file));
    }

    /// <summary>The root of a file, with all that is in it.</summary>
    /// <exception cref="InvalidDataException">The file is broken, or has what Keras does not write.</exception>
    public static HdfNode Of(byte[] bytes)
    {
        HdfMap map = new(bytes);
        HdfNode root = new(string.Empty);
        map.Visit(root, map.Root(), 0);
        return root;
    }

    // The superblock; version 0 and 1 have the root's symbol table entry in it.
    private ulong Root()
    {
        ReadOnlySpan<byte> start = _file.Signed(0, NewPrefix, [0x89, .. "HDF\r\n"u8, 0x1A, (byte)'\n'], "HDF5 signature");
        int version = start[8];
        bool isOld = version is 0 or 1;
        int sizes = isOld ? 13 : 9, shift = version == 1 ? 4 : 0;
        if (version > 3 || start[sizes] != 8 || start[sizes + 1] != 8)
        {
            throw new InvalidDataException(
                $"The HDF5 file has version {version} with offsets of {start[sizes]} and lengths of {start[sizes + 1]} bytes; " +
                $"versions " +
                $"0 to 3 with 8 and 8 can be read.");
        }

        ReadOnlySpan<byte> block = _file.At(0, (ulong)(isOld ? OldPrefix + shift : NewPrefix), "the superblock");
        ulong from = HdfBytes.Number(block, isOld ? 24 + shift : 12, 8), end = HdfBytes.Number(block, isOld ? 40 + shift : 28, 8);
        ulong extension = HdfBytes.Number(block, isOld ? 48 + shift : 20, 8);
        if (from != 0 || extension != HdfBytes.Undefined)
        {
            throw new InvalidDataException(
                $"The HDF5 file starts at byte {from}, or its superblock has an extension or a driver at byte {extension}; " +
                $"Keras " +
                $"writes neither.");
        }

        _file.At(0, end, "the file by its superblock");
        return HdfBytes.Number(block, isOld ? 64 + shift : 36, 8);
    }

    private void Visit(HdfNode node, ulong address, int depth)
    {
        if (!_visited.Add(address) || depth > Deepest)
        {
            throw new InvalidDataException(
                $"The HDF5 file is broken: the object at byte {address}, '{Shorten.Text(node.Path)}', is reached twice, or " +
                $"lies deeper than {Deepest} groups.");
        }

        HdfLinks links = _messages.Read(node, address);
        if (node.Shape is not null)
        {
            return;
        }

        if (links.Tree != HdfBytes.Undefined)
        {
            Tree(links.Tree, null, Heap(links.Heap, node.Path), links, node.Path);
        }

        foreach ((string name, ulong at) in links.Hard)
        {
            HdfNode child = new($"{node.Path}/{name}");
            if (!node.Children.TryAdd(name, child))
            {
                throw new InvalidDataException($"The HDF5 file is broken: there are two '{Shorten.Text(child.Path)}'.");
            }

            // A path repeats the names of the groups above: it counts as read.
            _file.Spend((ulong)child.Path.Length, $"'{Shorten.Text(child.Path)}'");
            Visit(child, at, depth + 1);
        }
    }

    // Names of members: (address, length) of the heap's data.
    private (ulong At, ulong Length) Heap(ulong address, string path)
    {
        ReadOnlySpan<byte> head = _file.Signed(address, 32, "HEAP"u8, $"heap of names of '{path}'");
        (ulong at, ulong length) = (HdfBytes.Number(head, 24, 8), HdfBytes.Number(head, 8, 8));
        _file.At(at, length, $"the heap of names of '{path}'");
        _file.Spend(length, $"the heap of names of '{path}'");
        return (at, length);
    }

    // A tree of symbol tables; the level falls by one from node to node, so that none is below itself.
    private void Tree(ulong address, int? level, (ulong At, ulong Length) heap, HdfLinks links, string path)
    {
        ReadOnlySpan<byte> node = _file.Signed(address, 24, "TREE"u8, $"tree of members of '{path}'");
        int own = node[5], count = (int)HdfBytes.Number(node, 6, 2);
        if (!_visited.Add(address) || node[4] != 0 || own > Deepest || own != (level ?? own))
        {
            throw new InvalidDataException(
                $"The HDF5 file is broken: the tree of members of '{path}' at byte {address} has type {node[4]} and level " +
                $"{own}, or " +
                $"is reached twice.");
        }

        ulong length = 24 + (16 * (ulong)count) + 8;
        node = _file.At(address, length, $"the tree of members of '{path}'");
        _file.Spend(length, $"the tree of members of '{path}'");
        for (int i = 0; i < count; i++)
        {
            ulong child = HdfBytes.Number(node, 32 + (16 * i), 8);
            if (own > 0)
            {
                Tree(child, own - 1, heap, links, path);
            }
            else
            {
                Members(child, heap, links, path);
            }
        }
    }

    private void Members(ulong address, (ulong At, ulong Length) heap, HdfLinks links, string path)
    {
        int count = (int)HdfBytes.Number(_file.Signed(address, 8, "SNOD"u8, $"table of members of '{path}'"), 6, 2);
        ulong length = 8 + (40 * (ulong)count);
        ReadOnlySpan<byte> table = _file.At(address, length, $"the table of members of '{path}'");
        _file.Spend(length, $"the table of members of '{path}'");
        ReadOnlySpan<byte> names = _file.At(heap.At, heap.Length, "names");
        for (int i = 0; i < count; i++)
        {
            ulong offset = HdfBytes.Number(table, 8 + (40 * i), 8);
            if (offset >= heap.Length || HdfBytes.Number(table, 24 + (40 * i), 4) > 1)
            {
                throw new InvalidDataException(
                    $"The HDF5 file is broken: member {i} of '{path}' has its name at {offset} of {heap.Length} bytes, or is " +
                    $"a soft " +
                    $"link, which Keras does not write.");
            }

            ReadOnlySpan<byte> name = names.Slice((int)offset, (int)Math.Min(heap.Length - offset, HdfMessages.MostName + 1));
            int end = name.IndexOf((byte)0);
            string text = HdfMessages.Text(name[..(end < 0 ? name.Length : end)], path);
            _file.Spend((ulong)text.Length, $"a name of '{path}'");
            links.Add(text, HdfBytes.Number(table, 16 + (40 * i), 8));
        }
    }
}
