using Lstm.Benchmarks.Timing;
using Lstm.Kernels.Elementwise;
using Lstm.Runtime;
using Lstm.Simd;
using Lstm.Specs;
using Lstm.Tests.Kernels;

namespace Lstm.Benchmarks.Elementwise;

/// <summary>The rows of <c>elementwise</c> that compare a loop with its bytes.</summary>
internal static class StreamRows
{
    public static void Print(double budget)
    {
        Console.WriteLine($"{"work",-22}{"MB a stream",12}{"GB/s",9}{"bytes alone",13}{"of them",9}");
        foreach (int units in new[] { 128, 256, 1024 })
        {
            PrintUpdates(units, budget);
        }

        foreach (int count in new[] { 32 * 128, 32 * 50 * 256 })
        {
            PrintFunctions(count, budget);
        }
    }

    private static void PrintUpdates(int units, double budget)
    {
        Network<float> network = Network.Create<float>(units, new LstmSpec(units)
        {
            Initialization = LstmInitialization.PyTorchUniform,
        });
        Gradient<float> gradient = network.CreateGradient();
        gradient.Flat.Fill(1e-6f);
        int length = gradient.Flat.Length;
        Optimizer("Adam", Streams.UpdateThree, new Adam<float>(1e-5));
        Optimizer("AdamW", Streams.UpdateThree, new AdamW<float>(1e-5));
        Optimizer("SGD, momentum", Streams.UpdateTwo, new Sgd<float>(1e-5, momentum: 0.9));
        Optimizer("RMSprop", Streams.UpdateTwo, new RMSprop<float>(1e-5));
        Row("gradient norm", Streams.Read, length, budget, () => GradientClip.None.Apply(gradient));
        GradientClip clip = GradientClip.ByValue(1);
        Row("norm and clamp", Streams.InPlace, length, budget, () => clip.Apply(gradient), Streams.Read);

        void Optimizer(string name, Streams streams, Optimizer<float> optimizer)
            => Row(name, streams, length, budget, () => optimizer.Step(network, gradient));
    }

    private static unsafe void PrintFunctions(int count, double budget)
    {
        AlignedBuffer<float> x = new(count);
        AlignedBuffer<float> y = new(count);
        x.Span.Fill(0.7f);
        foreach (Activation activation in new[] { Activation.Sigmoid, Activation.Tanh, Activation.Relu })
        {
            Row($"{activation}, in place", Streams.InPlace, count, budget,
                () => ActivationForward<float>.Run(SimdDispatch.Best, activation, x.Pointer, count));
        }

        Row("exp", Streams.Copy, count, budget, () => ElementaryKernel<ExpFunction, float>.Run(x.Span, y.Span));
        Row("log", Streams.Copy, count, budget, () => ElementaryKernel<LogFunction, float>.Run(x.Span, y.Span));

        // A network of nothing but dropout: the masked copy, and a little for the pass around it.
        const int Features = 128;
        Network<float> dropout = Network.Create<float>(Features, new DropoutSpec(0.5));
        SequenceBatch<float> batch = new(Features);
        batch.Reshape(TrainingPass.Dense(32, count / Features / 32));
        batch.Rows.Fill(0.7f);
        using Tape<float> tape = dropout.CreateTape();
        Row("dropout", Streams.Copy, count, budget, () => dropout.Forward(batch, tape));
    }

    private static void Row(string name, Streams streams, int length, double budget, Action work, Streams? before = null)
    {
        int padded = (length + 63) / 64 * 64;
        AlignedBuffer<float> buffers = new((long)padded * StreamProbe.BuffersOf(streams));
        Rounds rounds = Rounds.Take(budget, work, Bytes);
        double bytes = (double)length
            * (StreamProbe.BytesPerElement(streams) + (before is { } first ? StreamProbe.BytesPerElement(first) : 0));
        double rate = bytes / rounds.Median(0) / 1e9;
        Console.WriteLine(
            $"{name,-22}{length * 4e-6,12:0.00}{rate,9:0.0}{bytes / rounds.Median(1) / 1e9,13:0.0}"
            + $"{1 / rounds.Ratio(0, 1),9:0.00}");

        void Bytes()
        {
            if (before is { } first)
            {
                StreamProbe.Run(first, buffers, padded);
            }

            StreamProbe.Run(streams, buffers, padded);
        }
    }
}
