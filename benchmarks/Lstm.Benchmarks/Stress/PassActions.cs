using Lstm.Diagnostics;

namespace Lstm.Benchmarks.Stress;

/// <summary>Passes with objects of a thread's own, and with those that all share.</summary>
internal static class PassActions
{
    public static StressAction[] All { get; } =
    [
        new("predict, own workspace", Promise.Succeeds, PredictOwn),
        new("predict, no workspace, other networks", Promise.Succeeds, PredictOthers),
        new("predict, shared workspace", Promise.SucceedsOrIsRefused, PredictShared),
        new("predict, shared state", Promise.SucceedsOrIsRefused, PredictSharedState),
        new("forward and backward, own tape", Promise.Succeeds, TrainOwn),
        new("forward and backward, shared tape", Promise.SucceedsOrIsRefused, TrainShared),
        new("backward, shared gradient", Promise.SucceedsOrIsRefused, SharedGradient),
        new("shared tape's output as input and target", Promise.SucceedsOrIsRefused, ReadShared),
        new("trace of the shared tape", Promise.SucceedsOrIsRefused, Trace),
        new("cell step, shared record", Promise.SucceedsOrIsRefused, CellStep),
        new("dispose of a shared object", Promise.Succeeds, Dispose),
    ];

    public static KnownBatch Any(StressThread thread) => thread.Known.Batches[thread.Random.Next(thread.Known.Batches.Count)];

    private static bool PredictOwn(StressThread thread)
    {
        KnownBatch batch = Any(thread);
        Expect(batch, thread.Known.Network.Predict(batch.Input, null, thread.Workspace).ToList(),
            "A prediction with a workspace of its own");
        return true;
    }

    private static bool PredictOthers(StressThread thread)
    {
        KnownBatch batch = Any(thread);
        Known.Expect<double>(
            batch.WholeOutput, thread.Known.Whole.Predict(batch.Wide).Rows, "A prediction of a bidirectional network");
        Known.Expect<float>(batch.LanguageOutput, thread.Known.Language.Predict(batch.Ids).Rows, "A prediction from ids");
        return true;
    }

    private static bool PredictShared(StressThread thread)
    {
        thread.Known.ExpectSomeOutput(thread.Known.Network.Predict(Any(thread).Input, null, thread.Shared.Workspace).ToList());
        return true;
    }

    // Nobody knows what the state begins with, but what it is stored as has to be whole.
    private static bool PredictSharedState(StressThread thread)
    {
        NetworkState<float> state = thread.Shared.State;
        thread.Known.Network.Predict(Any(thread).Input, state, thread.Workspace);
        byte[] bytes = state.ToBytes();
        Known.Expect<byte>(bytes, NetworkState.FromBytes<float>(bytes).ToBytes(), "A state");
        state.Clear();
        return false;
    }

    private static bool TrainOwn(StressThread thread)
    {
        KnownBatch batch = Any(thread);
        thread.Gradient.Clear();
        Network<float> network = thread.Known.Network;
        Expect(batch.LossValue, network.ForwardLoss(batch.Input, batch.Target, thread.Known.Loss, thread.Tape),
            "A loss on a tape of its own");
        network.Backward(thread.Tape, thread.Gradient);
        Known.Expect<float>(batch.Gradient, thread.Gradient.Read("lstm.weight_hh_l0").ToArray(), "A gradient");
        return true;
    }

    private static bool TrainShared(StressThread thread)
    {
        KnownBatch batch = Any(thread);
        Tape<float> tape = thread.Shared.Tape;
        thread.Gradient.Clear();
        Network<float> network = thread.Known.Network;
        Expect(batch.LossValue, network.ForwardLoss(batch.Input, batch.Target, thread.Known.Loss, tape),
            "A loss on the shared tape");

        // By now it may be the pass of another thread that is on the tape, but it is a whole one.
        network.Backward(tape, thread.Gradient);
        float[] gradient = [.. thread.Gradient.Read("lstm.weight_hh_l0").ToArray()];
        if (!thread.Known.Batches.Any(known => known.Gradient.AsSpan().SequenceEqual(gradient))
            && gradient.Any(value => value != 0))
        {
            throw new WrongResultException("The gradient of a pass on the shared tape is that of no batch.");
        }

        return true;
    }

    private static bool SharedGradient(StressThread thread)
    {
        KnownBatch batch = Any(thread);
        Gradient<float> gradient = thread.Shared.Gradient;
        Network<float> network = thread.Known.Network;
        network.Forward(batch.Input, thread.Tape);
        thread.Known.Loss.Evaluate(thread.Tape.Output, batch.Target, thread.Tape.OutputGradient);
        network.Backward(thread.Tape, gradient);
        GradientClip.ByGlobalNorm(1).Apply(gradient);
        if (thread.Random.Next(4) == 0)
        {
            gradient.Clear();
        }

        return false;
    }

    private static bool ReadShared(StressThread thread)
    {
        KnownBatch batch = Any(thread);
        Tape<float> tape = thread.Shared.Tape;
        Network<float> network = thread.Known.Network;
        network.Forward(batch.Input, tape);
        network.Predict(tape.Output, null, thread.Workspace);
        thread.Known.ExpectSomeOutput(tape.Output.ToList());
        return true;
    }

    private static bool Trace(StressThread thread)
    {
        Tape<float> tape = thread.Shared.Tape;
        thread.Known.Network.Forward(Any(thread).Input, tape);
        thread.Shared.Trace.Read(tape);
        thread.Shared.Trace.Summarize();
        _ = thread.Shared.Trace.Layers[0].Cell.ToList();
        return NonFinite.Find(tape) is null ? false
            : throw new WrongResultException("The shared tape holds a value that is not finite.");
    }

    private static bool CellStep(StressThread thread)
    {
        LstmCell<float> cell = thread.Shared.Cell;
        LstmStep<float> step = thread.Shared.Record, own = cell.CreateStep();
        float[] x = thread.Known.Series[..Known.Features], h = new float[cell.HiddenSize], c = new float[cell.CellSize];
        cell.Forward(x, h, c, own);
        Known.Expect<float>(thread.Shared.CellOutput, own.Hidden, "A step of a cell");

        // What the shared record shows is a span, which the next thread's step overwrites while it is compared.
        cell.Forward(x, h, c, step);
        cell.Backward(step, h, c, cell.CreateGradient());
        return true;
    }

    private static bool Dispose(StressThread thread)
    {
        if (thread.Random.Next(20) == 0)
        {
            thread.Shared.Replace(thread.Random.Next(3));
        }

        return false;
    }

    private static void Expect(KnownBatch batch, List<float[]> sequences, string what)
    {
        for (int b = 0; b < sequences.Count; b++)
        {
            Known.Expect<float>(batch.Output[b], sequences[b], what);
        }
    }

    private static void Expect(double expected, double actual, string what) => Known.Expect<double>([expected], [actual], what);
}
