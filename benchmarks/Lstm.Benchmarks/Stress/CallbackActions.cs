


using Lstm.Training;

namespace Lstm.Benchmarks.Stress;

/// <summary>Losses, lists and progress callbacks that come back to what calls them.</summary>
internal static class CallbackActions
{
    public static StressAction[] All { get; } =
    [
        new("loss that calls the tape again", Promise.SucceedsOrIsRefused, thread => Loss(thread, thread.Random.Next(3))),
        new("loss that refills the batch", Promise.SucceedsOrIsRefused, Refill),
        new("loss that disposes of the tape", Promise.SucceedsOrIsRefused, Dispose),
        new("list that fills its own batch", Promise.SucceedsOrIsRefused, Fill),
        new("progress that calls the trainer again", Promise.SucceedsOrIsRefused, Progress),
    ];

    private static bool Loss(StressThread thread, int what)
    {
        KnownBatch batch = PassActions.Any(thread);
        Network<float> network = thread.Known.Network;
        CallingLoss loss = new(thread.Known.Loss, () =>
        {
            switch (what)
            {
                case 0:
                    network.Forward(batch.Input, thread.Tape);
                    throw new WrongResultException("A pass was made on a tape that is in use.");
                case 1:
                    network.Backward(thread.Tape, thread.Gradient);
                    throw new WrongResultException("A backward pass was made on a tape that is in use.");
                default:
                    network.Predict(thread.Tape.Output, null, thread.Workspace);
                    break;
            }
        });
        Known.Expect<double>(
            [batch.LossValue], [network.ForwardLoss(batch.Input, batch.Target, loss, thread.Tape)],
            "A loss that reads the tape's output");
        return true;
    }

    private static bool Refill(StressThread thread)
    {
        KnownBatch batch = PassActions.Any(thread);
        SequenceBatch<float> own = SequenceBatch.FromSequences<float>(batch.Sequences, Known.Features);
        CallingLoss loss = new(thread.Known.Loss, () => own.Fill(PassActions.Any(thread).Sequences));
        Known.Expect<double>(
            [batch.LossValue], [thread.Known.Network.ForwardLoss(own, batch.Target, loss, thread.Tape)],
            "A loss that refills the batch");
        thread.Known.Network.Backward(thread.Tape, thread.Gradient);
        throw new WrongResultException("A backward pass was made of a batch that had been refilled.");
    }

    private static bool Dispose(StressThread thread)
    {
        KnownBatch batch = PassActions.Any(thread);
        using Tape<float> tape = thread.Known.Network.CreateTape();
        CallingLoss loss = new(thread.Known.Loss, tape.Dispose);
        Known.Expect<double>(
            [batch.LossValue], [thread.Known.Network.ForwardLoss(batch.Input, batch.Target, loss, tape)],
            "A loss that disposes of the tape");
        thread.Known.Network.Backward(tape, thread.Gradient);
        throw new WrongResultException("A pass was made on a tape that had been disposed of.");
    }

    private static bool Fill(StressThread thread)
    {
        SequenceBatch<float> batch = new(Known.Features);
        batch.Fill(new CallingList(() => batch.Fill([new float[Known.Features]])));
        throw new WrongResultException("A batch was filled while it was filled.");
    }

    private static bool Progress(StressThread thread)
    {
        Trainer<float> trainer = thread.Shared.Trainer;
        int what = thread.Random.Next(3);
        bool called = false;
        trainer.Fit(thread.Shared.Batches, new TrainingOptions { Epochs = 1, Workers = 1 }, null, new Calling(() =>
        {
            called = true;
            if (what == 0)
            {
                trainer.Fit(thread.Shared.Batches, new TrainingOptions { Epochs = 1, Workers = 1 });
                throw new WrongResultException("A training was begun in a training.");
            }

            if (what == 1)
            {
                trainer.SaveCheckpoint(Stream.Null);
            }
            else
            {
                trainer.Evaluate(thread.Shared.Batches, new EvaluationOptions { Workers = 1 });
            }
        }));
        return called ? false : throw new WrongResultException("A training did not report.");
    }

    private sealed class CallingLoss(Loss<float> inner, Action call) : Loss<float>
    {
        public override LossUnit Unit => inner.Unit;

        protected override double SumOf(
            SequenceBatch<float> output, SequenceBatch<float> target, SequenceBatch<float>? outputGradient,
            SequenceBatch<float>? weights)
        {
            double sum = inner.EvaluateSum(output, target, outputGradient, weights).Sum;
            call();
            return sum;
        }
    }

    private sealed class CallingList(Action call) : IReadOnlyList<float[]>
    {
        public int Count => 2;

        public float[] this[int index]
        {
            get
            {
                call();
                return [];
            }
        }

        public IEnumerator<float[]> GetEnumerator() => Enumerable.Range(0, Count).Select(i => this[i]).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private sealed class Calling(Action call) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => call();
    }
}
