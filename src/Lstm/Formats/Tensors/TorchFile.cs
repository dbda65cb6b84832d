using Lstm.Formats.Archives;
using Lstm.Formats.Pickles;
using Lstm.Formats.Safetensors;
using Lstm.Texts;

namespace Lstm.Formats.Tensors;

/// <summary>Reads a PyTorch file of version 1.6 or later: a zip archive of one pickle and the bytes of the storages.</summary>
internal static class TorchFile
{
    public const string Format = "PyTorch (.pt, a zip archive)";

    private const string Pickle = "data.pkl";

    /// <summary>The entry of the pickle; null if the archive has none.</summary>
    public static ZipEntry? FindPickle(IReadOnlyList<ZipEntry> entries)
    {
        foreach (ZipEntry entry in entries)
        {
            if (entry.Name == Pickle || entry.Name.EndsWith("/" + Pickle, StringComparison.Ordinal))
            {
                return entry;
            }
        }

        return null;
    }

    /// <summary>Reads everything but the values.</summary>
    /// <exception cref="InvalidDataException">The file is broken or has something that is not on the list.</exception>
    public static TensorContents Read(IReadOnlyList<ZipEntry> entries, ZipEntry pickle, long length)
    {
        string folder = pickle.Name[..^Pickle.Length];
        Dictionary<string, ZipEntry> byName = [];
        foreach (ZipEntry entry in entries)
        {
            byName.Add(entry.Name, entry);
        }

        CheckKind(byName, folder);
        byte[] bytes = pickle.ReadAll(checksum: false);
        object? root = new PickleReader(bytes, 0, new TorchObjects(WhyNotStorage)).Read();
        TorchNames names = new(bytes.Length);
        names.Add(root);
        TensorBudget budget = new(length);
        List<FileTensor> tensors = new(names.Tensors.Count);
        foreach ((string name, string container, TorchTensor tensor) in names.Tensors)
        {
            ZipEntry entry = byName[EntryOf(tensor.Storage.Key)];
            tensors.Add(new FileTensor(name, tensor.Type, tensor.Shape, () => entry.Open(checksum: false))
            {
                Container = container,
                Offset = tensor.Storage.First + tensor.Offset,
                Strides = tensor.Strides,
                IsSequential = !entry.IsStored,
            });
            budget.Take(tensors[^1]);
        }

        return new TensorContents(Format, tensors, names.Metadata);

        string EntryOf(string key) => $"{folder}data/{key}";

        string? WhyNotStorage(TorchStorage storage)
        {
            int size = SafetensorsTensor.SizeOf(storage.Type);
            return !byName.TryGetValue(EntryOf(storage.Key), out ZipEntry? entry)
                ? $"refers to the storage '{Shortened.Text(storage.Key)}', which is not in the archive"
                : storage.Count > entry.Length / size
                    ? $"says that the storage '{Shortened.Text(storage.Key)}' has {storage.Count} values of {size} bytes; its "
                        + $"entry in the archive has {entry.Length} bytes"
                : null;
        }
    }

    private static void CheckKind(Dictionary<string, ZipEntry> entries, string folder)
    {
        if (entries.ContainsKey(folder + "constants.pkl"))
        {
            throw new InvalidDataException(
                "It is a TorchScript program, which would have to be executed. Save its tensors from Python by "
                + "torch.save(torch.jit.load(path).state_dict(), \"model.pt\").");
        }

        if (entries.TryGetValue(folder + "byteorder", out ZipEntry? order) && order.Length < byte.MaxValue
            && order.ReadAll(checksum: false) is var text && !text.AsSpan().StartsWith("little"u8))
        {
            throw new InvalidDataException(
                "Its numbers are big-endian. Load and save it on a little-endian machine, or write it by "
                + "safetensors.torch.save_file(module.state_dict(), \"model.safetensors\").");
        }
    }
}
