using System.Diagnostics;
using Lstm.Benchmarks.Compare;
using Lstm.Benchmarks.Timing;
using Lstm.Runtime;

namespace Lstm.Benchmarks.Elementwise;

/// <summary>The rows of <c>elementwise</c> that say what clipping and Adam add to forward and backward.</summary>
internal static class StepRows
{
    // Over forward and backward; where moving the update's bytes takes longer than that, 1.2 times their time.
    private const double Allowed = 0.05;
    private const double AllowedOfBytes = 1.2;

    public static void Print(double budget)
    {
        Console.WriteLine(
            $"{"training step",-24}{"over fwd+bwd",14}{"at most",9}{"fwd+bwd µs",12}{"update µs",11}{"bytes µs",10}");
        foreach (Configuration sizes in Configuration.ReadAll()["train"])
        {
            Row(sizes, budget);
        }
    }

    private static void Row(Configuration sizes, double budget)
    {
        using TrainingPass pass = new(sizes.I, sizes.H, sizes.L, TrainingPass.Dense(sizes.B, sizes.T));
        GradientClip clip = GradientClip.ByGlobalNorm(1);
        Adam<float> adam = new(1e-5);
        int length = (pass.Gradient.Flat.Length + 63) / 64 * 64;
        AlignedBuffer<float> buffers = new(4L * length);
        List<double> passes = [], updates = [], bytes = [];

        // Each after a pass, which leaves the caches as it does in training.
        long start = Stopwatch.GetTimestamp();
        while (passes.Count < 5 || Stopwatch.GetElapsedTime(start).TotalSeconds < budget)
        {
            passes.Add(Seconds(pass.Run));
            updates.Add(Seconds(Update));
            pass.Run();
            bytes.Add(Seconds(Bytes));
        }

        double whole = Rounds.MedianOf(passes);
        double ratio = 1 + (Rounds.MedianOf(updates) / whole);
        double most = 1 + Math.Max(Allowed, AllowedOfBytes * Rounds.MedianOf(bytes) / whole);
        Console.WriteLine(
            $"{sizes,-24}{ratio,14:0.000}{most,9:0.000}{whole * 1e6,12:0}{Rounds.MedianOf(updates) * 1e6,11:0}"
            + $"{Rounds.MedianOf(bytes) * 1e6,10:0}{(ratio <= most ? "" : "  over")}");

        void Update()
        {
            clip.Apply(pass.Gradient);
            adam.Step(pass.Network, pass.Gradient);
        }

        // The norm, the scaling, and Adam, as mere loads and stores.
        void Bytes()
        {
            StreamProbe.Run(Streams.Read, buffers, length);
            StreamProbe.Run(Streams.InPlace, buffers, length);
            StreamProbe.Run(Streams.UpdateThree, buffers, length);
        }
    }

    private static double Seconds(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
