using System.Reflection;
using System.Runtime.CompilerServices;
using Lstm.Kernels;

namespace Lstm.Tests.Kernels;

public unsafe class AlignedBufferTests
{
    [Fact]
    public void Reserve_of_every_length_is_aligned_and_long_enough()
    {
        AlignedBuffer<float> buffer = new();
        Assert.Equal(0, buffer.Span.Length);
        for (int length = 1; length < 500; length++)
        {
            buffer.Reserve(length);
            Assert.True(buffer.Length >= length);
            Assert.Equal(0, (nint)buffer.Pointer % 64);
            Assert.Equal(buffer.Length, buffer.Span.Length);
            Assert.True(Unsafe.AreSame(ref buffer.Span[0], ref *buffer.Pointer));
        }

        float* before = buffer.Pointer;
        buffer.Reserve(3);
        Assert.True(before == buffer.Pointer);
        Assert.All(new AlignedBuffer<double>(77).Span.ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Reserve_beyond_all_memory_throws_and_keeps_the_buffer()
    {
        AlignedBuffer<double> buffer = new(3);
        buffer.Span[2] = 5;
        Assert.Throws<OutOfMemoryException>(() => buffer.Reserve(1L << 33));
        Assert.Equal([0, 0, 5], buffer.Span.ToArray());
    }

    [Fact]
    public void Span_keeps_the_memory_of_a_forgotten_buffer()
    {
        Span<double> span = Forgotten(out WeakReference memory);
        GC.Collect();
        Assert.True(memory.IsAlive);
        Assert.Equal(7, span[99]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Span<double> Forgotten(out WeakReference memory)
    {
        AlignedBuffer<double> buffer = new(100);
        buffer.Span[99] = 7;
        memory = new WeakReference(typeof(AlignedBuffer<double>).GetField("_array", BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(buffer));
        return buffer.Span;
    }
}
