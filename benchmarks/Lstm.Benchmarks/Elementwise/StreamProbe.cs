using System.Runtime.CompilerServices;
using Lstm.Runtime;
using Lstm.Simd;

namespace Lstm.Benchmarks.Elementwise;

/// <summary>Which streams of memory a piece of work moves.</summary>
internal enum Streams
{
    /// <summary>Reads one.</summary>
    Read,

    /// <summary>Reads and writes one.</summary>
    InPlace,

    /// <summary>Reads one, writes another.</summary>
    Copy,

    /// <summary>Reads one, reads and writes two more: momentum and parameters.</summary>
    UpdateTwo,

    /// <summary>Reads one, reads and writes three more: two moments and parameters.</summary>
    UpdateThree,
}

/// <summary>One addition for each element of some streams: what moving their bytes costs.</summary>
internal unsafe struct StreamProbe : IKernel<float>
{
    private Streams _streams;
    private float* _first;
    private nint _length;

    /// <summary>Buffers that a pattern touches.</summary>
    public static int BuffersOf(Streams streams) => streams switch
    {
        Streams.Read or Streams.InPlace => 1,
        Streams.Copy => 2,
        Streams.UpdateTwo => 3,
        _ => 4,
    };

    /// <summary>Bytes read and written for each float.</summary>
    public static int BytesPerElement(Streams streams) => 4 * streams switch
    {
        Streams.Read => 1,
        Streams.InPlace or Streams.Copy => 2,
        Streams.UpdateTwo => 5,
        _ => 7,
    };

    /// <summary>
    /// Runs over buffers of <paramref name="length"/> floats each, a multiple of 64, that lie one after the other.
    /// </summary>
    public static void Run(Streams streams, AlignedBuffer<float> buffers, int length)
    {
        StreamProbe probe = new() { _streams = streams, _first = buffers.Pointer, _length = length };
        SimdDispatch.Run<float, StreamProbe>(ref probe);
        GC.KeepAlive(buffers);
    }

    public readonly void Invoke<TSimd, TVec>()
        where TSimd : struct, ISimd<TVec, float>
        where TVec : unmanaged
    {
        switch (_streams)
        {
            case Streams.Read:
                Read<TSimd, TVec>(_first, _length);
                break;
            case Streams.InPlace:
                Copy<TSimd, TVec>(_first, _first, _length);
                break;
            case Streams.Copy:
                Copy<TSimd, TVec>(_first, _first + _length, _length);
                break;
            case Streams.UpdateTwo:
                UpdateTwo<TSimd, TVec>(_first, _length);
                break;
            default:
                UpdateThree<TSimd, TVec>(_first, _length);
                break;
        }
    }

    // AggressiveOptimization: see MultiplyAddProbe.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Read<TSimd, TVec>(float* x, nint length)
        where TSimd : struct, ISimd<TVec, float>
        where TVec : unmanaged
    {
        TVec a = TSimd.Zero, b = a, c = a, d = a;
        float* start = x;
        for (; length > 0; length -= 4 * TSimd.Width, x += 4 * TSimd.Width)
        {
            a = TSimd.Add(a, TSimd.Load(x));
            b = TSimd.Add(b, TSimd.Load(x + TSimd.Width));
            c = TSimd.Add(c, TSimd.Load(x + (2 * TSimd.Width)));
            d = TSimd.Add(d, TSimd.Load(x + (3 * TSimd.Width)));
        }

        // The sum is needed, so the reads are.
        TSimd.Store(start, TSimd.Multiply(TSimd.Zero, TSimd.Add(TSimd.Add(a, b), TSimd.Add(c, d))));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Copy<TSimd, TVec>(float* x, float* y, nint length)
        where TSimd : struct, ISimd<TVec, float>
        where TVec : unmanaged
    {
        TVec one = TSimd.Constant(1e-30);
        for (nint k = 0; k < length; k += TSimd.Width)
        {
            TSimd.Store(y + k, TSimd.Add(TSimd.Load(x + k), one));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void UpdateTwo<TSimd, TVec>(float* gradient, nint length)
        where TSimd : struct, ISimd<TVec, float>
        where TVec : unmanaged
    {
        float* velocity = gradient + length;
        float* parameters = velocity + length;
        for (nint k = 0; k < length; k += TSimd.Width)
        {
            TVec v = TSimd.Add(TSimd.Load(velocity + k), TSimd.Load(gradient + k));
            TSimd.Store(velocity + k, v);
            TSimd.Store(parameters + k, TSimd.Add(TSimd.Load(parameters + k), v));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void UpdateThree<TSimd, TVec>(float* gradient, nint length)
        where TSimd : struct, ISimd<TVec, float>
        where TVec : unmanaged
    {
        float* mean = gradient + length;
        float* square = mean + length;
        float* parameters = square + length;
        for (nint k = 0; k < length; k += TSimd.Width)
        {
            TVec g = TSimd.Load(gradient + k);
            TVec m = TSimd.Add(TSimd.Load(mean + k), g);
            TVec v = TSimd.Add(TSimd.Load(square + k), g);
            TSimd.Store(mean + k, m);
            TSimd.Store(square + k, v);
            TSimd.Store(parameters + k, TSimd.Add(TSimd.Load(parameters + k), TSimd.Add(m, v)));
        }
    }
}
