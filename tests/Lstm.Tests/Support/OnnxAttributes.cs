using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Lstm.Tests.Support;

/// <summary>The attributes of an ONNX node by name, each a list of numbers or of texts.</summary>
internal sealed class OnnxAttributes
{
    private readonly Dictionary<string, double[]> numbers = [];
    private readonly Dictionary<string, string[]> texts = [];

    public static OnnxAttributes From(JsonElement json)
    {
        OnnxAttributes attributes = new();
        foreach (JsonProperty property in json.EnumerateObject())
        {
            JsonElement[] values = property.Value.ValueKind == JsonValueKind.Array ? [.. property.Value.EnumerateArray()]
                : [property.Value];
            if (values.Length > 0 && values[0].ValueKind == JsonValueKind.String)
            {
                attributes.texts.Add(property.Name, [.. values.Select(value => value.GetString()!)]);
            }
            else
            {
                attributes.numbers.Add(property.Name, [.. values.Select(value => value.GetDouble())]);
            }
        }

        return attributes;
    }

    public double[] Numbers(string name) => numbers.GetValueOrDefault(name, []);

    public string[] Texts(string name) => texts.GetValueOrDefault(name, []);

    /// <summary>Adds one from its message: f, i and s hold one value, floats and strings several.</summary>
    public void Add(ReadOnlyMemory<byte> message)
    {
        string name = string.Empty;
        List<double> ofNumbers = [];
        List<string> ofTexts = [];
        foreach (ProtobufField field in ProtobufField.Read(message))
        {
            switch (field.Number)
            {
                case 1:
                    name = Encoding.UTF8.GetString(field.Bytes.Span);
                    break;
                case 2 or 7 when field.Bytes.IsEmpty:
                    ofNumbers.Add(BitConverter.UInt32BitsToSingle((uint)field.Value));
                    break;
                case 3:
                    ofNumbers.Add((long)field.Value);
                    break;
                case 4 or 9:
                    ofTexts.Add(Encoding.UTF8.GetString(field.Bytes.Span));
                    break;
                case 7:
                    ofNumbers.AddRange(
                        MemoryMarshal.Cast<byte, float>(field.Bytes.Span).ToArray().Select(value => (double)value));
                    break;
            }
        }

        if (ofTexts.Count > 0)
        {
            texts.Add(name, [.. ofTexts]);
        }
        else
        {
            numbers.Add(name, [.. ofNumbers]);
        }
    }
}
