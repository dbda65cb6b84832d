using System.Buffers.Binary;
using System.Numerics;
using System.Text.Json;
using Lstm.Keras.Models;

namespace Lstm.Keras.Files;

/// <summary>The weights of a <c>model.json</c> of TensorFlow.js, in the shards beside it.</summary>
internal sealed class ShardWeights : WeightStore
{
    private readonly List<WeightTensor> _tensors = [];

    /// <param name="manifest">The weightsManifest.</param>
    /// <param name="folder">The folder of the shards.</param>
    /// <exception cref="InvalidDataException">A shard is missing, or its length is not that of its tensors.</exception>
    public ShardWeights(JsonElement manifest, string folder)
    {
        if (manifest.ValueKind != JsonValueKind.Array)
        {
            throw JsonText.Wrong("weightsManifest", manifest, "a list of groups");
        }

        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (JsonElement group in manifest.EnumerateArray())
        {
            byte[] bytes = Shards(group, folder, seen);
            int at = 0;
            foreach (JsonElement weight in group.Items("weights"))
            {
                WeightTensor tensor = Tensor(weight, bytes, ref at);
                _tensors.Add(tensor);
            }

            if (at != bytes.Length)
            {
                throw new InvalidDataException(
                    $"The shards of a group have {bytes.Length} bytes; its {group.Items("weights").Count()} tensors take {at}.");
            }
        }
    }

    public override void Bind(IReadOnlyList<KerasLayer> layers)
    {
        HashSet<string> names = new(layers.Select(layer => layer.Name), StringComparer.Ordinal);
        Groups.Clear();
        Groups.AddRange(_tensors.GroupBy(tensor => LayerOf(tensor.Name, names), StringComparer.Ordinal)
            .Select(group => (group.Key, group.ToList())));
    }

    // A part of the tensor's name, mostly the first one.
    private static string LayerOf(string tensor, HashSet<string> layers)
    {
        string[] parts = tensor.Split('/');
        return Array.Find(parts, layers.Contains) ?? parts[0];
    }

    private static byte[] Shards(JsonElement group, string folder, HashSet<string> seen)
    {
        using MemoryStream all = new();
        foreach (JsonElement item in group.Items("paths"))
        {
            string path = item.ValueKind == JsonValueKind.String ? item.GetString()!
                : throw JsonText.Wrong("paths", item, "a file name");

            // A shard lies beside the model: a path to elsewhere is not followed.
            if (path.Length == 0 || path.Contains("..", StringComparison.Ordinal) || path.Contains('\\') || path.Contains(':')
                || path.Contains('\0') || Path.IsPathRooted(path))
            {
                throw new InvalidDataException($"The shard '{Shorten.Text(path)}' is not a file in the folder of the model.");
            }

            if (!seen.Add(path))
            {
                throw new InvalidDataException($"The shard '{Shorten.Text(path)}' is listed twice.");
            }

            string full = Path.Combine(folder, path);
            if (!File.Exists(full))
            {
                throw new InvalidDataException($"The shard '{Shorten.Text(path)}' is missing in the folder of the model.");
            }

            using FileStream shard = File.OpenRead(full);
            if (all.Length + shard.Length > Array.MaxLength)
            {
                throw new InvalidDataException(
                    $"The shards have more than {Array.MaxLength} bytes together, the most that can be read.");
            }

            shard.CopyTo(all);
        }

        return all.ToArray();
    }

    private static WeightTensor Tensor(JsonElement weight, byte[] bytes, ref int at)
    {
        string name = weight.Text("name") ?? throw new InvalidDataException("A tensor of the weightsManifest has no name.");
        List<int> shape = [];
        Int128 count = 1;
        foreach (JsonElement size in weight.Items("shape"))
        {
            if (size.ValueKind != JsonValueKind.Number || !size.TryGetInt32(out int length) || length < 0 || shape.Count == 32)
            {
                throw JsonText.Wrong("shape", size, "a list of up to 32 sizes");
            }

            shape.Add(length);
            count *= length;
            if (count > int.MaxValue)
            {
                throw new InvalidDataException($"'{Shorten.Text(name)}' {Shorten.Shape(shape)} has more than 2^31 values.");
            }
        }

        JsonElement? quantization = weight.Member("quantization");
        string type = quantization?.Text("dtype") ?? weight.Text("dtype") ?? "float32";
        bool isFloat = weight.Text("dtype") is null or "float32";
        int width = type switch
        {
            "float32" or "int32" => 4,
            "float16" or "uint16" => 2,
            "uint8" or "bool" => 1,
            _ => throw new InvalidDataException(
                $"'{Shorten.Text(name)}' is {Shorten.Text(type)}; float32, float16, uint16, uint8, int32 and bool can be read."),
        };
        if (count * width > bytes.Length - at)
        {
            throw new InvalidDataException(
                $"The shards are too short: '{Shorten.Text(name)}' {Shorten.Shape(shape)} needs {count * width} bytes; " +
                $"{bytes.Length - at} are left.");
        }

        ReadOnlyMemory<byte> part = bytes.AsMemory(at, (int)count * width);
        at += part.Length;
        Values values = new(part, type, quantization?.Number("scale", 1) ?? 1, quantization?.Number("min", 0) ?? 0);
        return new WeightTensor(name, [.. shape], isFloat ? HdfType.Single : HdfType.Other, values);
    }

    /// <summary>
    /// Values as float32, which is what TensorFlow.js makes of quantized ones: q·scale + min in double, rounded.
    /// </summary>
    private sealed class Values(ReadOnlyMemory<byte> bytes, string type, double scale, double min) : IWeightValues
    {
        public T[] Read<T>(WeightTensor tensor)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            int width = type switch { "float32" or "int32" => 4, "float16" or "uint16" => 2, _ => 1 };
            T[] values = new T[bytes.Length / width];
            for (int i = 0; i < values.Length; i++)
            {
                ReadOnlySpan<byte> value = bytes.Span.Slice(i * width, width);
                float number = type switch
                {
                    "float32" => BinaryPrimitives.ReadSingleLittleEndian(value),
                    "float16" => (float)BinaryPrimitives.ReadHalfLittleEndian(value),
                    "uint16" => (float)((BinaryPrimitives.ReadUInt16LittleEndian(value) * scale) + min),
                    "uint8" => (float)((value[0] * scale) + min),
                    _ => throw new InvalidDataException($"{tensor} has no floating-point values."),
                };
                values[i] = T.CreateTruncating(number);
            }

            return values;
        }
    }
}
