using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Lstm.Tests.Formats;

/// <summary>Writes pickles by hand, operation by operation, with lies of the test's choice.</summary>
internal sealed class PickleBuilder
{
    private readonly MemoryStream _bytes = new();

    public PickleBuilder() => Op(0x80, 2);

    public byte[] ToBytes() => [.. _bytes.ToArray(), (byte)'.'];

    public PickleBuilder Op(params byte[] bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    public PickleBuilder Op(char opcode, params byte[] bytes) => Op([(byte)opcode, .. bytes]);

    public PickleBuilder Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        return Op('X', [.. BitConverter.GetBytes(utf8.Length), .. utf8]);
    }

    public PickleBuilder Global(string module, string name) => Op('c', Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    /// <summary>An integer of up to eight bytes.</summary>
    public PickleBuilder Int(long value)
    {
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Op(0x8A, sizeof(long)).Op(bytes);
    }

    public PickleBuilder Ints(params long[] values)
    {
        Op('(');
        foreach (long value in values)
        {
            Int(value);
        }

        return Op('t');
    }

    /// <summary>A tensor of a storage.</summary>
    public PickleBuilder Tensor(
        string storage, long count, long offset, long[] shape, long[] strides, string type = "FloatStorage",
        string function = "_rebuild_tensor_v2")
        => Global("torch._utils", function).Op('(').Op('(').Text("storage").Global("torch", type).Text(storage).Text("cpu")
            .Int(count).Op('t').Op('Q').Int(offset).Ints(shape).Ints(strides).Op(0x89).Global("collections", "OrderedDict")
            .Op(')').Op('R').Op('t').Op('R');

    /// <summary>A dict of one key, whose value is written by <paramref name="value"/>.</summary>
    public PickleBuilder Dict(string key, Action<PickleBuilder> value)
    {
        Op('}').Text(key);
        value(this);
        return Op('s');
    }

    /// <summary>PyTorch's archive of this pickle and storages of zeros.</summary>
    public byte[] ToArchive(params (string Name, int Bytes)[] storages)
        => Zip(CompressionLevel.NoCompression, [("a/data.pkl", ToBytes()), .. storages.Select(
            storage => ($"a/data/{storage.Name}", new byte[storage.Bytes]))]);

    public static byte[] Zip(CompressionLevel level, params (string Name, byte[] Content)[] entries)
    {
        MemoryStream memory = new();
        using (ZipArchive archive = new(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using Stream entry = archive.CreateEntry(name, level).Open();
                entry.Write(content);
            }
        }

        return memory.ToArray();
    }
}
