using System.Buffers.Binary;
using System.Numerics;
using Lstm.Formats.Pickles;
using Lstm.Formats.Safetensors;
using Lstm.Texts;

namespace Lstm.Formats.Tensors;

/// <summary>
/// Reads a PyTorch file of a version before 1.6, or one written without the zip archive: pickles one after the other, then the
/// bytes of the storages.
/// </summary>
internal static class TorchLegacyFile
{
    public const string Format = "PyTorch (.pt, pickles)";

    private const long Version = 1001;

    // The number that torch.save writes first.
    private static readonly BigInteger Magic = BigInteger.Parse(
        "119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Reads everything but the values.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <exception cref="InvalidDataException">The file is broken or has something that is not on the list.</exception>
    public static TensorContents Read(byte[] bytes)
    {
        Dictionary<string, TorchStorage> storages = [];
        TorchObjects objects = new(WhyNotStorage);
        int place = 0;
        if (Next() is not BigInteger magic || magic != Magic || Next() is not Version)
        {
            throw new InvalidDataException(
                "It is a pickle, but not one of torch.save: its first numbers are others. Save tensors by "
                + "torch.save(module.state_dict(), \"model.pt\"), arrays by numpy.savez.");
        }

        if (Next() is PickleDict system && system.Items.Any(item => item is ("little_endian", false)))
        {
            throw new InvalidDataException("Its numbers are big-endian. Load and save it on a little-endian machine.");
        }

        int rootStart = place;
        object? root = Next();
        TorchNames names = new(place - rootStart);
        names.Add(root);
        if (Next() is not PickleList keys)
        {
            throw new InvalidDataException("It has no list of its storages after the pickle of its tensors.");
        }

        Dictionary<string, int> starts = FindBytes(bytes, place, keys, storages);
        return new TensorContents(Format, TensorsOf(names, starts, bytes), names.Metadata);

        object? Next()
        {
            PickleReader reader = new(bytes, place, objects);
            object? value = reader.Read();
            place = reader.Position;
            return value;
        }

        string? WhyNotStorage(TorchStorage storage)
            => storages.TryAdd(storage.Key, storage) || storages[storage.Key] == storage
                ? null
                : $"refers to the storage '{Shortened.Text(storage.Key)}' as one of several types or lengths";
    }

    private static List<FileTensor> TensorsOf(TorchNames names, Dictionary<string, int> starts, byte[] bytes)
    {
        TensorBudget budget = new(bytes.Length);
        List<FileTensor> tensors = new(names.Tensors.Count);
        foreach ((string name, string container, TorchTensor tensor) in names.Tensors)
        {
            if (!starts.TryGetValue(tensor.Storage.Key, out int start))
            {
                throw new InvalidDataException(
                    $"The tensor '{Shortened.Text(name)}' is in the storage '{Shortened.Text(tensor.Storage.Key)}', whose bytes "
                    + "are not in the file.");
            }

            tensors.Add(new FileTensor(
                name, tensor.Type, tensor.Shape, () => new MemoryStream(bytes, start, bytes.Length - start, writable: false))
            {
                Container = container,
                Offset = tensor.Storage.First + tensor.Offset,
                Strides = tensor.Strides,
            });
            budget.Take(tensors[^1]);
        }

        return tensors;
    }

    // Each storage is its number of values, then these, in the order of the list of keys.
    private static Dictionary<string, int> FindBytes(
        byte[] bytes, int place, PickleList keys, Dictionary<string, TorchStorage> storages)
    {
        Dictionary<string, int> starts = [];
        foreach (object? item in keys.Items)
        {
            if (item is not string key || !storages.TryGetValue(key, out TorchStorage? storage) || starts.ContainsKey(key))
            {
                throw new InvalidDataException(
                    $"Its list of storages has '{Shortened.Text(item as string)}' twice, or no tensor is in it.");
            }

            int size = SafetensorsTensor.SizeOf(storage.Type);
            long left = bytes.Length - place - sizeof(long);
            if (left < 0 || storage.Count > left / size
                || BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(place)) != storage.Count)
            {
                throw new InvalidDataException(
                    $"The storage '{Shortened.Text(key)}' has {storage.Count} values of {size} bytes; at byte {place} the file "
                    + $"has another number, or only {Math.Max(0, left)} bytes are left.");
            }

            place += sizeof(long);
            starts.Add(key, place);
            place += (int)(storage.Count * size);
        }

        return starts;
    }
}
