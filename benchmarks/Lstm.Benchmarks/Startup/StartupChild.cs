using System.Diagnostics;
using System.Runtime;

namespace Lstm.Benchmarks.Startup;

/// <summary>One process of <c>startup</c>: loads the model, does one thing, and says what the JIT did meanwhile.</summary>
internal static class StartupChild
{
    public static void Run(string what, string path)
    {
        if (what == "methods")
        {
            using CompiledMethods methods = new();
            Work("step", path);
            Thread.Sleep(100);
            methods.Print();
            return;
        }

        long start = Stopwatch.GetTimestamp();
        TimeSpan compiling = JitInfo.GetCompilationTime();
        long count = JitInfo.GetCompiledMethodCount();
        Work(what, path);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        compiling = JitInfo.GetCompilationTime() - compiling;
        count = JitInfo.GetCompiledMethodCount() - count;
        Console.WriteLine(
            $"{elapsed.TotalMilliseconds:0.0} ms, {compiling.TotalMilliseconds:0.0} ms of it the JIT's, for {count} methods");
    }

    private static void Work(string what, string path)
    {
        if (what == "nothing")
        {
            return;
        }

        Network<float> network = Network.Load<float>(path);
        switch (what)
        {
            case "step":
                using (NetworkStream<float> stream = network.OpenStream())
                {
                    stream.Step(new float[network.InputSize], new float[network.OutputSize]);
                }

                break;
            case "predict":
                network.Predict(Batch(network.InputSize));
                break;
            case "train":
                Train(network);
                break;
        }
    }

    private static void Train(Network<float> network)
    {
        using Tape<float> tape = network.CreateTape();
        Gradient<float> gradient = network.CreateGradient();
        Adam<float> optimizer = new();
        SequenceBatch<float> output = network.Forward(Batch(network.InputSize), tape);
        new MeanSquaredError<float>().Evaluate(output, output, tape.OutputGradient);
        network.Backward(tape, gradient);
        GradientClip.ByGlobalNorm(1).Apply(gradient);
        optimizer.Step(network, gradient);
    }

    private static SequenceBatch<float> Batch(int features)
    {
        SequenceBatch<float> batch = new(features);
        batch.Reshape([10, 10, 10, 10, 10, 10, 10, 10]);
        batch.Rows.Fill(0.5f);
        return batch;
    }
}
