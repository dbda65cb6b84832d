using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Lstm.Runtime;

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
    public void Reserve_of_elements_that_do_not_divide_a_line_stays_inside_its_memory()
    {
        Inside<(double, double, double)>();
        Inside<(double, double, double, double, double)>();
        Inside<(float, float, float)>();
        Inside<Wide>();
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

    private static void Inside<T>()
        where T : unmanaged
    {
        // Many at once, so that they begin at every place within a line.
        AlignedBuffer<T>[] buffers = [.. Enumerable.Range(1, 200).Select(length => new AlignedBuffer<T>(length))];
        foreach (AlignedBuffer<T> buffer in buffers)
        {
            Span<T> memory = (T[])Memory(buffer);
            ref byte end = ref Unsafe.As<T, byte>(ref Unsafe.Add(ref memory[0], memory.Length));
            Assert.Equal(0, (nint)buffer.Pointer % 64);
            Assert.True(Unsafe.AreSame(ref buffer.Span[0], ref *buffer.Pointer));
            Assert.Equal(buffer.Length, buffer.Span.Length);
            Assert.True(Unsafe.ByteOffset(ref *(byte*)(buffer.Pointer + buffer.Length), ref end) >= 0);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Span<double> Forgotten(out WeakReference memory)
    {
        AlignedBuffer<double> buffer = new(100);
        buffer.Span[99] = 7;
        memory = new WeakReference(Memory(buffer));
        return buffer.Span;
    }

    private static object Memory<T>(AlignedBuffer<T> buffer)
        where T : unmanaged
        => typeof(AlignedBuffer<T>).GetField("_array", BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(buffer)!;

    [StructLayout(LayoutKind.Sequential, Size = 136)]
    private struct Wide
    {
        public double First;
    }
}
