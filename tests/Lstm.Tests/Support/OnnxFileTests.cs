namespace Lstm.Tests.Support;

public class OnnxFileTests
{
    [Fact]
    public void ParseTensor_raw_or_packed_data_is_read()
    {
        // dims 2 and 1; type 1, float; name "x"; raw 1.5, -2.
        (string name, ReferenceTensor raw) =
            OnnxFile.ParseTensor(Convert.FromHexString("08020801" + "1001" + "420178" + "4a08" + "0000c03f" + "000000c0"));
        Assert.Equal("x", name);
        Assert.Equal([2, 1], raw.Shape);
        Assert.Equal([1.5, -2], raw.Values);

        // The same with packed dims and float_data.
        (_, ReferenceTensor packed) =
            OnnxFile.ParseTensor(Convert.FromHexString("0a020201" + "1001" + "2208" + "0000c03f" + "000000c0"));
        Assert.Equal([2, 1], packed.Shape);
        Assert.Equal([1.5, -2], packed.Values);

        // Type 7, int64: int64_data 300, -1.
        (_, ReferenceTensor integers) =
            OnnxFile.ParseTensor(Convert.FromHexString("0802" + "1007" + "3a0c" + "ac02" + "ffffffffffffffffff01"));
        Assert.Equal([300.0, -1], integers.Values);
    }

    [Fact]
    public void Node_attributes_of_every_kind_are_read()
    {
        // op_type LSTM, inputs "X" and "", output "Y"; clip = 0.5f, hidden_size = 3, direction = "reverse", activations = ["A",
        // "B"], alpha = [0.5f].
        OnnxNode node = OnnxNode.Parse(Convert.FromHexString(
            "0a0158" + "0a00" + "120159" + "22044c53544d"
            + "2a0b" + "0a04636c6970" + "150000003f"
            + "2a0f" + "0a0b68696464656e5f73697a65" + "1803"
            + "2a14" + "0a09646972656374696f6e" + "220772657665727365"
            + "2a13" + "0a0b61637469766174696f6e73" + "4a0141" + "4a0142"
            + "2a0d" + "0a05616c706861" + "3a04" + "0000003f"));
        Assert.Equal("LSTM", node.Type);
        Assert.Equal(["X", ""], node.Inputs);
        Assert.Equal(["Y"], node.Outputs);
        Assert.Equal([0.5], node.Attributes.Numbers("clip"));
        Assert.Equal([3.0], node.Attributes.Numbers("hidden_size"));
        Assert.Equal(["reverse"], node.Attributes.Texts("direction"));
        Assert.Equal(["A", "B"], node.Attributes.Texts("activations"));
        Assert.Equal([0.5], node.Attributes.Numbers("alpha"));
        Assert.Empty(node.Attributes.Numbers("absent"));
    }
}
