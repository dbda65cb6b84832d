using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Lstm.Keras.Files;

namespace Lstm.Keras.Tests;

/// <summary>Files made to break a reader: each place of a structure that holds a number, with numbers that lie.</summary>
internal static class CraftedFiles
{
    private static readonly ulong[] Lies = [ulong.MaxValue, ulong.MaxValue - 1, 1UL << 63, 1UL << 40, int.MaxValue];

    public static IEnumerable<(string Name, byte[] Bytes)> All()
        => Structures().Concat(Messages()).Concat(CutOff()).Concat(Archives()).Concat(Others());

    // Signatures of an HDF5 file, and for each the places of numbers behind it: (offset, size).
    private static IEnumerable<(string Name, byte[] Bytes)> Structures()
    {
        (string Signature, (int At, int Size)[] Numbers)[] structures =
        [
            ("TREE", [(4, 1), (6, 2), (32, 8)]), ("HEAP", [(8, 8), (24, 8)]), ("SNOD", [(6, 2), (8, 8), (16, 8)]),
            ("GCOL", [(8, 8)]),
        ];
        byte[] good = Fixtures.Bytes("small.h5");
        foreach ((string signature, (int At, int Size)[] numbers) in structures)
        {
            // A tree of no members has no numbers that count.
            foreach (int at in Places(good, signature).Where(at => signature != "TREE" || good[at + 6] > 0).Take(6))
            {
                yield return ($"{signature} at {at} without its signature", With(good, at, 0, 1));
                foreach ((int offset, int size) in numbers)
                {
                    foreach (ulong lie in Lies.Take(size == 8 ? 5 : 1))
                    {
                        yield return ($"{signature} at {at}: {lie} at {offset}", With(good, at + offset, lie, size));
                    }
                }

                if (signature == "TREE")
                {
                    byte[] cycle = With(With(good, at + 5, 1, 1), at + 32, (ulong)at, 8);
                    yield return ($"TREE at {at} that is its own child", cycle);
                    yield return ($"TREE at {at} with an impossible level", With(good, at + 5, 255, 1));
                }

                if (signature == "SNOD")
                {
                    yield return ($"SNOD at {at} whose member is the root", With(good, at + 16, 96, 8));
                    yield return ($"SNOD at {at} with a soft link", With(good, at + 24, 2, 4));
                }
            }
        }

        foreach ((int at, int size) in ((int, int)[])[(8, 1), (13, 1), (14, 1), (24, 8), (40, 8), (48, 8), (64, 8)])
        {
            yield return ($"superblock: byte {at}", With(good, at, 0x7FFFFFFFFFFF00C8, size));
        }
    }

    // Messages of headers: lengths, shapes, types and places.
    private static List<(string Name, byte[] Bytes)> Messages()
    {
        List<(string Name, byte[] Bytes)> files = [];
        byte[] good = Fixtures.Bytes("keras2_small.h5");
        HdfBytes file = new(good);
        foreach (
            int header in Places(good, "SNOD").Take(8)
            .Select(at => (int)BinaryPrimitives.ReadUInt64LittleEndian(good.AsSpan(at + 16))))
        {
            files.Add(($"header at {header} of another version", With(good, header, 9, 1)));
            files.Add(($"header at {header} longer than the file", With(good, header + 8, uint.MaxValue, 4)));
            foreach ((int type, int at, int length) in HdfHeader.Messages(file, (ulong)header, "test"))
            {
                if (length == 0 || type is 0 or 0x10 or 0x12)
                {
                    continue;
                }

                files.Add(($"message {type} at {at} longer than its block", With(good, at - 6, 0xFFF0, 2)));
                files.Add(($"message {type} at {at} that is shared", With(good, at - 4, 2, 1)));
                switch (type)
                {
                    case 0x01:
                        files.AddRange(Lies.Select(lie => ($"axis of {lie} at {at}", With(good, at + 8, lie, 8))));
                        files.Add(($"shape at {at} of 200 axes", With(good, at + 1, 200, 1)));
                        break;
                    case 0x03:
                        files.Add(($"type at {at} of large values", With(good, at + 4, int.MaxValue, 4)));
                        files.Add(($"type at {at} of no bytes", With(good, at + 4, 0, 4)));
                        files.Add(($"type at {at} of class 6", With(good, at, 0x16, 1)));
                        break;
                    case 0x08:
                        files.Add(($"layout at {at} in chunks", With(good, at + 1, 2, 1)));
                        files.AddRange(Lies.Select(lie => ($"values at {lie}, {at}", With(good, at + 2, lie, 8))));
                        files.Add(($"values at {at} of no bytes", With(good, at + 10, 0, 8)));
                        break;
                    case 0x0C:
                        files.AddRange(
                            ((int[])[2, 4, 6])
                            .Select(field => ($"attribute at {at}: {field}", With(good, at + field, 0xFFFF, 2))));
                        break;
                    case 0x05:
                        files.Add(($"fill value at {at}", With(With(good, at, 0x0101010101010101, 4), at + 4, uint.MaxValue, 4)));
                        break;
                    case 0x11:
                        files.AddRange(Lies.Take(4).Select(lie => ($"group at {at}: tree at {lie}", With(good, at, lie - 1, 8))));
                        files.AddRange(Lies.Select(lie => ($"group at {at}: heap at {lie}", With(good, at + 8, lie, 8))));
                        break;
                }
            }
        }

        return files;
    }

    private static IEnumerable<(string Name, byte[] Bytes)> CutOff()
    {
        foreach (string name in (string[])["small.keras", "small.h5", "small.weights.h5", "keras2_small.h5"])
        {
            byte[] good = Fixtures.Bytes(name);
            for (int length = 0; length < good.Length; length += (good.Length / 12) + 1)
            {
                yield return ($"{name} cut off at {length}", good[..length]);
            }
        }
    }

    private static IEnumerable<(string Name, byte[] Bytes)> Archives()
    {
        byte[] config = Fixtures.Bytes("small.config.json"), weights = Fixtures.Bytes("small.weights.h5");
        byte[] zeros = new byte[64 << 20];
        yield return ("an archive that expands to 64 MB of weights", Zip(("config.json", config), ("model.weights.h5", zeros)));
        yield return ("an archive that expands to 64 MB of text", Zip(("config.json", zeros), ("model.weights.h5", weights)));
        yield return ("an archive without weights", Zip(("config.json", config)));
        yield return ("an archive without an architecture", Zip(("model.weights.h5", weights)));
        yield return ("an empty archive", Zip());
        yield return ("two architectures", Zip(("config.json", config), ("config.json", config), ("model.weights.h5", weights)));
        yield return ("weights that are no HDF5 file", Zip(("config.json", config), ("model.weights.h5", config)));
        yield return ("metadata that is no object", Zip(
            ("config.json", config), ("metadata.json", "[1]"u8.ToArray()), ("model.weights.h5", weights)));
        foreach ((string name, string json) in Architectures())
        {
            yield return ($"archive: {name}", Zip(("config.json", Encoding.UTF8.GetBytes(json)), ("model.weights.h5", weights)));
        }
    }

    private static IEnumerable<(string Name, byte[] Bytes)> Others()
    {
        yield return ("nothing", []);
        yield return ("zeros", new byte[100]);
        yield return ("a signature alone", [0x89, .. "HDF\r\n"u8, 0x1A, (byte)'\n']);
        yield return ("JSON without a model", "{}"u8.ToArray());
        yield return ("weights without an architecture", Fixtures.Bytes("small.weights.h5"));
        yield return ("a graph model of TensorFlow.js",
            """{"format":"graph-model","modelTopology":{"node":[]},"weightsManifest":[]}"""u8.ToArray());
        yield return ("a list", "[1, 2]"u8.ToArray());
    }

    /// <summary>Architectures that do not fit the weights of small.weights.h5, or nothing at all.</summary>
    public static IEnumerable<(string Name, string Json)> Architectures()
    {
        string good = Encoding.UTF8.GetString(Fixtures.Bytes("small.config.json"));
        yield return ("nested lists", new string('[', 100_000));
        yield return ("nested objects", string.Concat(Enumerable.Repeat("{\"config\":", 100_000)));
        yield return ("no class", """{"config": {"layers": []}}""");
        yield return ("no layers", """{"class_name": "Sequential", "config": {"layers": []}}""");
        yield return ("layers that are a number", """{"class_name": "Sequential", "config": {"layers": 3}}""");
        yield return ("a subclassed model", """{"class_name": "MyModel", "config": {}}""");
        yield return ("a name twice", """{"class_name": "Sequential", "class_name": "Model", "config": {}}""");
        yield return ("text that is not Unicode", """{"class_name": "\ud800", "config": {}}""");
        foreach (
            string units in (string[])["0", "-1", "1.5", "2147483647", "2147483648", "1e400", "\"4\"", "null", "[4]", "1e-400"])
        {
            yield return ($"units of {units}", good.Replace("\"units\": 4", $"\"units\": {units}", StringComparison.Ordinal));
        }

        foreach ((string old, string with) in ((string, string)[])
        [
            ("[\"lstm_a\", 0, 0]", "[\"norm\", 0, 0]"), ("[\"features\", 0, 0]", "[\"head\", 0, 0]"),
            ("[\"lstm_a\", 0, 0]", "[\"lstm_a\", 0, 1]"), ("[\"lstm_a\", 0, 0]", "[\"lstm_a\", 1, 0]"),
            ("[\"lstm_a\", 0, 0]", "[\"nobody\", 0, 0]"), ("[\"lstm_a\", 0, 0]", "[3, 0, 0]"),
            ("[\"lstm_a\", 0, 0]", "[\"lstm_a\", -1, 0]"), ("[\"lstm_a\", 0, 0]", "[]"),
            ("\"batch_shape\": [null, 5, 3]", "\"batch_shape\": [null, 5, 2147483647]"),
            ("\"batch_shape\": [null, 5, 3]", "\"batch_shape\": [null, 5, -3]"),
            ("\"batch_shape\": [null, 5, 3]", "\"batch_shape\": [3]"),
            ("\"axis\": -1", "\"axis\": 1"), ("\"axis\": [2]", "\"axis\": [1]"), ("\"axis\": -1", "\"axis\": \"x\""),
            ("\"epsilon\": 0.001", "\"epsilon\": 0"), ("\"epsilon\": 0.001", "\"epsilon\": -1"),
            ("\"epsilon\": 0.001", "\"epsilon\": 1e400"), ("\"merge_mode\": \"concat\"", "\"merge_mode\": null"),
            ("\"merge_mode\": \"concat\"", "\"merge_mode\": \"other\""), ("\"softmax\"", "\"sparsemax\""), ("\"softmax\"", "5"),
            ("\"tanh\"", "\"softmax\""), ("\"Concatenate\"", "\"Dot\""), ("\"Bidirectional\"", "\"GRU\""),
            ("\"name\": \"head\"", "\"name\": \"both\""), ("\"use_bias\": true", "\"use_bias\": false"),
            ("\"units\": 2", "\"units\": 3"),
                ("\"output_layers\": [\"head\", 0, 0]", "\"output_layers\": [[\"head\", 0, 0], [\"norm\", 0, 0]]"),
            ("\"output_layers\": [\"head\", 0, 0]", "\"output_layers\": [[3]]"),
            ("\"return_sequences\": true", "\"return_sequences\": 1"),
                ("\"class_name\": \"Functional\"", "\"class_name\": \"Sequential\""),
        ])
        {
            yield return ($"{old} as {with}", good.Replace(old, with, StringComparison.Ordinal));
        }

        // A tensor joined to itself again and again: 2^40 values.
        StringBuilder layers = new();
        string before = "a";
        for (int i = 0; i < 40; i++)
        {
            string input = $"{{\"class_name\":\"__keras_tensor__\",\"config\":{{\"keras_history\":[\"{before}\",0,0]}}}}";
            before = $"c{i}";
            layers.Append(System.Globalization.CultureInfo.InvariantCulture,
                $",{{\"class_name\":\"Concatenate\",\"config\":{{\"name\":\"{before}\"}},");
            layers.Append(System.Globalization.CultureInfo.InvariantCulture,
                $"\"inbound_nodes\":[{{\"args\":[[{input},{input}]]}}]}}");
        }

        yield return ("a tensor joined to itself", $$$"""
            {"class_name": "Functional", "config": {"layers": [{"class_name": "InputLayer", "inbound_nodes": [],
            "config": {"name": "a", "batch_shape": [null, 2, 3]}}{{{layers}}}], "output_layers": ["{{{before}}}", 0, 0]}}
            """);
    }

    private static byte[] Zip(params (string Name, byte[] Content)[] entries)
    {
        using MemoryStream bytes = new();
        using (ZipArchive archive = new(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using Stream entry = archive.CreateEntry(name).Open();
                entry.Write(content);
            }
        }

        return bytes.ToArray();
    }

    private static List<int> Places(byte[] file, string signature)
    {
        byte[] wanted = Encoding.ASCII.GetBytes(signature);
        List<int> places = [];
        for (int at = 0; at + 8 < file.Length; at += 8)
        {
            if (file.AsSpan(at, 4).SequenceEqual(wanted))
            {
                places.Add(at);
            }
        }

        return places;
    }

    private static byte[] With(byte[] good, int at, ulong number, int size)
    {
        byte[] file = [.. good];
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        bytes[..size].CopyTo(file.AsSpan(at));
        return file;
    }
}
