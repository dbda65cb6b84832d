using System.Text;

namespace Lstm.Tests.Support;

/// <summary>
/// A node of an ONNX graph. A name that is empty stands for an input that is absent, or an output that nobody wants.
/// </summary>
internal sealed record OnnxNode(string Type, List<string> Inputs, List<string> Outputs, OnnxAttributes Attributes)
{
    public static OnnxNode Parse(ReadOnlyMemory<byte> message)
    {
        string type = string.Empty;
        List<string> inputs = [], outputs = [];
        OnnxAttributes attributes = new();
        foreach (ProtobufField field in ProtobufField.Read(message))
        {
            switch (field.Number)
            {
                case 1:
                    inputs.Add(Encoding.UTF8.GetString(field.Bytes.Span));
                    break;
                case 2:
                    outputs.Add(Encoding.UTF8.GetString(field.Bytes.Span));
                    break;
                case 4:
                    type = Encoding.UTF8.GetString(field.Bytes.Span);
                    break;
                case 5:
                    attributes.Add(field.Bytes);
                    break;
            }
        }

        return new(type, inputs, outputs, attributes);
    }
}
