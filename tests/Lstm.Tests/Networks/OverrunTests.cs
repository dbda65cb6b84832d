using System.Numerics;
using Lstm.Simd;
using Lstm.Tests.Cases;
using Lstm.Tests.Support;

namespace Lstm.Tests.Networks;

/// <summary>
/// Passes and steps of every case stay within the library's own buffers, and within the caller's memory, on every SIMD width.
/// </summary>
/// <remarks>Each kernel alone is held to its contract between unreadable pages by the tests of the folder Kernels.</remarks>
[Trait("Category", "Widths")]
public abstract class OverrunTests<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Sessions = 3;
    private static readonly int[] Lengths = [5, 0, 3, 1, 5];

    private static IEnumerable<SimdWidth> Widths => Enum.GetValues<SimdWidth>().Where(SimdDispatch.IsAccelerated);

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Passes_write_nothing_beside_the_buffers(string name)
    {
        NetworkCase tested = NetworkCases.Get(name);
        foreach (SimdWidth width in Widths)
        {
            Network<T> network = tested.Create<T>(width);
            using Tape<T> tape = network.CreateTape();
            using Workspace<T> workspace = network.CreateWorkspace();
            Gradient<T> gradient = network.CreateGradient();
            NetworkInput<T> batch = tested.Input<T>(1, Lengths);
            Pass();
            BufferEdges edges = new();
            edges.Guard("network", network);
            edges.Guard("tape", tape);
            edges.Guard("workspace", workspace);
            edges.Guard("gradient", gradient);
            Assert.NotEqual(0, edges.Count);
            Pass();
            edges.AssertWhole();

            void Pass()
            {
                TrainingPass<T>.Run(network, batch, 2, tape, gradient);
                network.Predict(batch, null, workspace);
            }
        }
    }

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Steps_between_unreadable_pages_give_the_bits_of_arrays(string name)
    {
        NetworkCase tested = NetworkCases.Get(name);
        if (!tested.Streams)
        {
            Assert.Throws<NotSupportedException>(() => tested.Create<T>().OpenStream(Sessions));
            return;
        }

        foreach (SimdWidth width in Widths)
        {
            Network<T> network = tested.Create<T>(width);
            using NetworkStream<T> stream = network.OpenStream(Sessions);
            T[] x = Sample.Values<T>(1, Sessions * network.InputSize), y = new T[Sessions * network.OutputSize];
            int[] ids = Sample.IdSequence(1, 0, Sessions, network.InputSize);
            Step(tested, stream, ids, x, y);
            foreach (Guard guard in Enum.GetValues<Guard>())
            {
                using GuardedMemory<int> guardedIds = new(ids, guard);
                using GuardedMemory<T> input = new(x, guard), output = new(y.Length, guard);
                stream.Reset();
                Step(tested, stream, guardedIds.Span, input.Span, output.Span);
                Close.SameBits<T>(y, output.Span, $"{width} {guard}");
            }
        }
    }

    private static void Step(
        NetworkCase tested, NetworkStream<T> stream, ReadOnlySpan<int> ids, ReadOnlySpan<T> x, Span<T> y)
    {
        if (tested.TakesIds)
        {
            stream.StepIds(ids, y);
        }
        else
        {
            stream.Step(x, y);
        }
    }
}

public sealed class OverrunDoubleTests : OverrunTests<double>;

public sealed class OverrunFloatTests : OverrunTests<float>;
