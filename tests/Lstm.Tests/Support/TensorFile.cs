using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Lstm.Tests.Support;

/// <summary>A small reader of .safetensors fixtures, independent of the library's own so that it can be its oracle.</summary>
/// <remarks>Trusts its file. Values are read by name, in row-major order, as the type asked for.</remarks>
internal sealed class TensorFile
{
    private readonly byte[] bytes;
    private readonly Dictionary<string, (string Type, int[] Shape, int Start, int End)> tensors = [];

    private TensorFile(byte[] bytes)
    {
        this.bytes = bytes;
        int header = checked((int)BinaryPrimitives.ReadInt64LittleEndian(bytes));
        using JsonDocument json = JsonDocument.Parse(bytes.AsMemory(8, header));
        foreach (JsonProperty entry in json.RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__")
            {
                Metadata = entry.Value.EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString()!);
                continue;
            }

            int[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
            JsonElement offsets = entry.Value.GetProperty("data_offsets");
            tensors[entry.Name] = (entry.Value.GetProperty("dtype").GetString()!, shape,
                8 + header + offsets[0].GetInt32(), 8 + header + offsets[1].GetInt32());
        }
    }

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    public IReadOnlyCollection<string> Names => tensors.Keys;

    public static TensorFile Read(string path) => new(File.ReadAllBytes(path));

    /// <summary>A file of the Fixtures folder, which is always there: <c>Fixture("lstm_1layer.f64")</c>.</summary>
    public static TensorFile Fixture(string name) => Read(Path.Combine(Shared.Fixtures, name + ".safetensors"));

    public static TensorFile Parse(byte[] bytes) => new(bytes);

    public bool Has(string name) => tensors.ContainsKey(name);

    /// <summary>F64, F32, I64, I32 or U8.</summary>
    public string Type(string name) => tensors[name].Type;

    public int[] Shape(string name) => tensors[name].Shape;

    /// <summary>The values as double, which is exact for all types but large I64.</summary>
    public double[] Doubles(string name) => Type(name) switch
    {
        "F64" => Values<double>(name),
        "F32" => Array.ConvertAll(Values<float>(name), value => (double)value),
        _ => Array.ConvertAll(Longs(name), value => (double)value),
    };

    /// <summary>The values of an F32 tensor; those of an F64 tensor rounded.</summary>
    public float[] Floats(string name) => Type(name) == "F32"
        ? Values<float>(name)
        : Array.ConvertAll(Values<double>(name), value => (float)value);

    /// <summary>The values of an integer tensor.</summary>
    public long[] Longs(string name) => Type(name) switch
    {
        "I64" => Values<long>(name),
        "I32" => Array.ConvertAll(Values<int>(name), value => (long)value),
        "U8" => Array.ConvertAll(Values<byte>(name), value => (long)value),
        string type => throw new InvalidDataException($"{name} is {type}, not an integer tensor."),
    };

    private T[] Values<T>(string name)
        where T : unmanaged
    {
        (_, _, int start, int end) = tensors[name];
        return MemoryMarshal.Cast<byte, T>(bytes.AsSpan(start..end)).ToArray();
    }
}
