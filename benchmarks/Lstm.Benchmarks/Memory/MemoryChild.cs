using Lstm.Benchmarks.Compare;

namespace Lstm.Benchmarks.Memory;

/// <summary>One process of <c>memory</c>: makes a few training steps of one configuration and takes stock.</summary>
internal static class MemoryChild
{
    // What the process may grow by, over the buffers that have names.
    private const double Limit = 1.2;

    /// <summary>Whether the process stays within the limit.</summary>
    public static bool Run(Configuration sizes)
    {
        // The code comes first, so that it is not counted.
        _ = Train(new Configuration(8, 16, sizes.L, 4, 10));
        (long heap, long resident) before = Process();
        HeldBuffers held = Train(sizes);
        (long heap, long resident) after = Process();

        Console.WriteLine(sizes);
        Print("  needed", TrainingNeed.Of(sizes.I, sizes.H, sizes.L, sizes.B, (long)sizes.B * sizes.T));
        Print("  held", held.All);
        double named = held.All.Sum(buffer => buffer.Bytes);
        double needed = TrainingNeed.Of(sizes.I, sizes.H, sizes.L, sizes.B, (long)sizes.B * sizes.T).Sum(part => part.Bytes);
        long heapGrowth = after.heap - before.heap;
        long residentGrowth = after.resident - before.resident;
        Console.WriteLine(
            $"  held {named / needed:0.00} of what is needed; the managed heap grew by {heapGrowth:n0} bytes, "
            + $"{heapGrowth / named:0.00} of what is held,"
            + $" the process by {residentGrowth:n0}, {residentGrowth / named:0.00} (at most {Limit})");
        GC.KeepAlive(held);
        return residentGrowth <= Limit * named;
    }

    private static HeldBuffers Train(Configuration sizes)
    {
        Setup<float> setup = new(sizes);
        Tape<float> tape = setup.Network.CreateTape();
        Gradient<float> gradient = setup.Network.CreateGradient();
        Adam<float> optimizer = new();
        for (int step = 0; step < 3; step++)
        {
            gradient.Clear();
            setup.Network.Forward(setup.Batch, tape).Rows.CopyTo(tape.OutputGradient.Rows);
            setup.Network.Backward(tape, gradient);
            GradientClip.ByGlobalNorm(1).Apply(gradient);
            optimizer.Step(setup.Network, gradient);
        }

        HeldBuffers held = new();
        held.Add("network", setup.Network);
        held.Add("batch", setup.Batch);
        held.Add("tape", tape);
        held.Add("gradient", gradient);
        held.Add("optimizer", optimizer);
        return held;
    }

    private static (long Heap, long Resident) Process()
    {
        long heap = GC.GetTotalMemory(forceFullCollection: true);
        return (heap, Environment.WorkingSet);
    }

    // Small ones in one line.
    private static void Print(string title, IReadOnlyList<(string Name, long Bytes)> parts)
    {
        long total = parts.Sum(part => part.Bytes);
        Console.WriteLine($"{title}: {total:n0} bytes");
        long rest = 0;
        foreach ((string name, long bytes) in parts)
        {
            if (bytes < total / 200)
            {
                rest += bytes;
            }
            else
            {
                Console.WriteLine($"    {bytes,15:n0}  {name}");
            }
        }

        if (rest > 0)
        {
            Console.WriteLine($"    {rest,15:n0}  others");
        }
    }
}
