using System.Diagnostics;
using System.Numerics;
using Lstm.Benchmarks.Compare;

namespace Lstm.Benchmarks.Vocabulary;

/// <summary>
/// Embedding → 2 × LSTM → Dense, trained with softmax cross-entropy: one forward and backward pass, three ways.
/// </summary>
/// <remarks>
/// Each iteration stands between two measurements of the multiply-add peak, and its speed is divided by the larger one; the
/// median is printed. Counted are the three products of the dense layer, 3·2·R·H·V, and of each LSTM layer, 3·2·4H·2H·R.
/// The ways take turns, so that a change of the machine's clock meets all of them.
/// </remarks>
internal sealed record WordModel(int Words, int Hidden, int Batch, int Steps, int Threads, int Iterations)
{
    private double LstmFlops => 2 * 3 * 2.0 * 4 * Hidden * 2 * Hidden * Batch * Steps;

    private double DenseFlops => 3 * 2.0 * Batch * Steps * Hidden * Words;

    public void Run<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network =
            Network.Create<T>(Words, 7, new EmbeddingSpec(Hidden), new LstmSpec(Hidden) { Layers = 2 }, new DenseSpec(Words));
        Network<T> body = Network.Create<T>(Words, 7, new EmbeddingSpec(Hidden), new LstmSpec(Hidden) { Layers = 2 });
        Random random = new(1);
        SequenceBatch<int> ids = Ids(random);
        SequenceBatch<int> labels = Ids(random);
        SoftmaxCrossEntropy<T> loss = new();
        using Tape<T> tape = network.CreateTape(Threads);
        using Tape<T> separate = network.CreateTape(Threads);
        using Tape<T> lstm = body.CreateTape(Threads);
        Gradient<T> gradient = network.CreateGradient();
        Gradient<T> bodyGradient = body.CreateGradient();
        (string Name, double Flops, Action Pass)[] ways =
        [
            ("ForwardLoss with the gradient", LstmFlops + DenseFlops, () =>
            {
                network.Touch();
                gradient.Clear();
                network.ForwardLoss(ids, labels, loss, tape, gradient: gradient);
                network.Backward(tape, gradient);
            }),
            ("ForwardLoss without", LstmFlops + DenseFlops, () =>
            {
                network.Touch();
                gradient.Clear();
                network.ForwardLoss(ids, labels, loss, tape);
                network.Backward(tape, gradient);
            }),
            ("Forward, Evaluate, Backward", LstmFlops + DenseFlops, () =>
            {
                network.Touch();
                gradient.Clear();
                loss.Evaluate(network.Forward(ids, separate), labels, separate.OutputGradient);
                network.Backward(separate, gradient);
            }),
            ("the LSTM layers alone", LstmFlops, () =>
            {
                body.Touch();
                bodyGradient.Clear();
                body.Forward(ids, lstm);
                body.Backward(lstm, bodyGradient);
            }),
        ];
        body.Forward(ids, lstm);
        lstm.OutputGradient.Rows.Fill(T.CreateChecked(1e-3));
        Console.WriteLine(
            $"{Words} words, 2 × {Hidden} units, {Batch} sequences of {Steps} steps, {typeof(T).Name}, {Threads} threads");
        Measure<T>(ways);
    }

    private void Measure<T>((string Name, double Flops, Action Pass)[] ways)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        PeakCeiling<T> peak = new();
        double[][] fractions = [.. ways.Select(_ => new double[Iterations])];
        double[][] seconds = [.. ways.Select(_ => new double[Iterations])];
        for (int i = -3; i < Iterations; i++)
        {
            double before = peak.Sample();
            for (int way = 0; way < ways.Length; way++)
            {
                long start = Stopwatch.GetTimestamp();
                ways[way].Pass();
                double taken = Stopwatch.GetElapsedTime(start).TotalSeconds;
                double after = peak.Sample();
                if (i >= 0)
                {
                    seconds[way][i] = taken;
                    fractions[way][i] = ways[way].Flops / taken / 1e9 / (Math.Max(before, after) * Threads);
                }

                before = after;
            }
        }

        for (int way = 0; way < ways.Length; way++)
        {
            Array.Sort(fractions[way]);
            Array.Sort(seconds[way]);
            double median = seconds[way][Iterations / 2];
            Console.WriteLine(
                $"{ways[way].Name,-32}{median * 1e3,9:0.00} ms {ways[way].Flops / median / 1e9,8:0.0} GFLOP/s "
                + $"{fractions[way][Iterations / 2],6:0.000} of P");
        }
    }

    private SequenceBatch<int> Ids(Random random)
    {
        SequenceBatch<int> batch = new(1);
        batch.Reshape([.. Enumerable.Repeat(Steps, Batch)]);
        foreach (ref int id in batch.Rows)
        {
            id = random.Next(Words);
        }

        return batch;
    }
}
