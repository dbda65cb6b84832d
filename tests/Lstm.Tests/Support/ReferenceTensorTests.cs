using System.Text.Json;

namespace Lstm.Tests.Support;

public class ReferenceTensorTests
{
    [Fact]
    public void From_dims_and_data_or_nested_arrays_is_the_same()
    {
        ReferenceTensor flat = Parse("""{"dtype":"float32","dims":[2,3],"data":[1,2,3,4,5,6]}""");
        ReferenceTensor nested = Parse("[[1,2,3],[4,5,6]]");
        Assert.Equal([2, 3], flat.Shape);
        Assert.Equal([2, 3], nested.Shape);
        Assert.Equal([1.0, 2, 3, 4, 5, 6], flat.Values);
        Assert.Equal(flat.Values, nested.Values);
        Assert.Equal([1.0, 0], Parse("[true,false]").Values);
    }

    [Fact]
    public void Permute_moves_every_element()
    {
        ReferenceTensor tensor = new([2, 3, 4], [.. Enumerable.Range(0, 24).Select(i => (double)i)]),
            turned = tensor.Permute(2, 0, 1);
        Assert.Equal([4, 2, 3], turned.Shape);
        for (int i = 0; i < 24; i++)
        {
            Assert.Equal(tensor.Values[i], turned.Values[(i % 4 * 6) + (i / 12 * 3) + (i / 4 % 3)]);
        }
    }

    [Fact]
    public void Concatenate_joins_along_the_first_axis()
    {
        ReferenceTensor joined = ReferenceTensor.Concatenate(Parse("[[1,2]]"), Parse("[[3,4],[5,6]]"));
        Assert.Equal([3, 2], joined.Shape);
        Assert.Equal([1.0, 2, 3, 4, 5, 6], joined.Values);
    }

    [Fact]
    public void CaseTensors_tell_what_was_not_read()
    {
        CaseTensors tensors = new(new Dictionary<string, ReferenceTensor> { ["x"] = Parse("[1]"), ["y"] = Parse("[2]") });
        Assert.True(tensors.Has("y"));
        Assert.Equal([1.0], tensors["x"].Values);
        Assert.Contains("not compared: y", Assert.ThrowsAny<Exception>(tensors.AssertAllRead).Message);
        _ = tensors["y"];
        tensors.AssertAllRead();
    }

    private static ReferenceTensor Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return ReferenceTensor.From(document.RootElement);
    }
}
