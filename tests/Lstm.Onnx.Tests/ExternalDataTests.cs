using Google.Protobuf;
using Lstm.Onnx.Files;
using static Lstm.Onnx.Tests.OnnxBuilder;

namespace Lstm.Onnx.Tests;

/// <summary>Tensors in files beside the model.</summary>
public class ExternalDataTests
{
    [Fact]
    public void External_data_is_read_beside_the_model_and_nowhere_else()
    {
        string folder = Directory.CreateTempSubdirectory("lstm-onnx").FullName;
        try
        {
            OnnxBuilder graph = WithLstm(both: false).Output("Y");
            TensorProto w = graph.Graph.Initializer.Single(tensor => tensor.Name == "W");
            File.WriteAllBytes(Path.Combine(folder, "weights.bin"), [0, 0, 0, 0, .. w.RawData.Span]);
            string outside = Path.Combine(Directory.CreateDirectory(folder + "-outside").FullName, "outside.bin");
            File.Copy(Path.Combine(folder, "weights.bin"), outside);
            File.CreateSymbolicLink(Path.Combine(folder, "link.bin"), outside);
            Directory.CreateDirectory(Path.Combine(folder, "folder"));
            int length = w.RawData.Length;
            w.RawData = ByteString.Empty;
            w.DataLocation = 1;
            External(w, "weights.bin", "4", length.ToString(System.Globalization.CultureInfo.InvariantCulture));
            string path = Path.Combine(folder, "model.onnx");
            File.WriteAllBytes(path, graph.Bytes());
            float[] expected = new float[16 * Inputs], actual = new float[16 * Inputs];
            WithLstm(both: false).Output("Y").Import().Network.ReadParameter("lstm.weight_ih_l0", expected);
            OnnxModel.Import<float>(path).Network.ReadParameter("lstm.weight_ih_l0", actual);
            Assert.Equal(expected, actual);
            Assert.Contains("ExternalFolder", Assert.Throws<InvalidDataException>(() => graph.Import()).Message);
            foreach ((string location, string offset, string size) in (ReadOnlySpan<(string, string, string)>)
                [("../weights.bin", "0", "4"), ("/etc/passwd", "0", "4"), ("weights.bin", "-4", "4"),
                ("weights.bin", "8", "999999"), ("weights.bin", "4", "8"), ("", "0", "4"),
                ("weights.bin", "9223372036854775807", "9"), ("link.bin", "4", "192"), ("folder/../../outside.bin", "0", "4"),
                ("folder", "0", "4"), ("weights.bin\0", "0", "4"), ("weights.bin", "1e1", "4")])
            {
                External(w, location, offset, size);
                File.WriteAllBytes(path, graph.Bytes());
                Assert.Contains("'W'", Assert.Throws<InvalidDataException>(() => OnnxModel.Import<float>(path)).Message);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
            Directory.Delete(folder + "-outside", recursive: true);
        }

        static void External(TensorProto tensor, string location, string offset, string length)
        {
            tensor.ExternalData.Clear();
            foreach (
                (string key, string value) in (ReadOnlySpan<(string, string)>)[
                ("location", location), ("offset", offset), ("length", length)])
            {
                tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
            }
        }
    }

    [Fact]
    public void External_data_is_not_read_again_and_again()
    {
        string folder = Directory.CreateTempSubdirectory("lstm-onnx").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "weights.bin"), new byte[4 * 4]);
            OnnxBuilder graph = new OnnxBuilder().Input("x", 1, "n", 2);
            for (int i = 0; i < 9; i++)
            {
                TensorProto tensor = new() { Name = $"V{i}", DataType = 1, DataLocation = 1 };
                tensor.Dims.Add([2, 2]);
                tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "weights.bin" });
                graph.Graph.Initializer.Add(tensor);
                graph.Node("MatMul", [i == 0 ? "x" : $"a{i}", $"V{i}"], [$"a{i + 1}"]);
            }

            string path = Path.Combine(folder, "model.onnx");
            File.WriteAllBytes(path, graph.Output("a4").Bytes());
            Assert.Equal(4, OnnxModel.Import<float>(path).Network.Specs.Count);
            graph.Graph.Output.Clear();
            File.WriteAllBytes(path, graph.Output("a9").Bytes());
            Assert.Contains(
                "more than 4 times", Assert.Throws<InvalidDataException>(() => OnnxModel.Import<float>(path)).Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
