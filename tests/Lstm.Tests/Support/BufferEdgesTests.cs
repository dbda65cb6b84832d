using System.Reflection;
using System.Runtime.InteropServices;
using Lstm.Runtime;

namespace Lstm.Tests.Support;

public unsafe class BufferEdgesTests
{
    private const int Length = 7;

    [Fact]
    public void AssertWhole_fails_once_something_beside_a_buffer_is_written()
    {
        FieldInfo memory = typeof(AlignedBuffer<long>).GetFields(BindingFlags.Instance | BindingFlags.NonPublic)
            .Single(field => field.FieldType == typeof(long[]));
        AlignedBuffer<long> buffer = new(Length);
        var array = (long[])memory.GetValue(buffer)!;
        int skipped = (int)(buffer.Pointer - (long*)Marshal.UnsafeAddrOfPinnedArrayElement(array, 0));
        int written = 0;
        for (int i = 0; i < array.Length; i++)
        {
            BufferEdges edges = new();
            edges.Guard("buffer", buffer);
            Assert.Equal(1, edges.Count);
            edges.AssertWhole();
            array[i]++;
            bool isInside = i >= skipped && i < skipped + Length;
            Assert.Equal(isInside, Record.Exception(edges.AssertWhole) is null);
            written += isInside ? 1 : 0;
        }

        Assert.Equal(Length, written);
        Assert.NotEqual(Length, array.Length);
    }

    [Fact]
    public void Guard_finds_the_buffers_of_a_network_its_tape_and_its_gradient()
    {
        Network<float> network = Sample.Network<float>(1, 3, new LstmSpec(5) { Layers = 2 }, new DenseSpec(2));
        using Tape<float> tape = network.CreateTape();
        network.Forward(Sample.Batch<float>(1, 3, 4, 2), tape);
        BufferEdges edges = new();
        edges.Guard("network", network);
        int ofNetwork = edges.Count;
        Assert.InRange(ofNetwork, 1, int.MaxValue);
        edges.Guard("gradient", network.CreateGradient());
        edges.Guard("tape", tape);
        Assert.InRange(edges.Count, ofNetwork + 6, int.MaxValue);
    }
}
