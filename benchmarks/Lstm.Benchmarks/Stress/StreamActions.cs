namespace Lstm.Benchmarks.Stress;

/// <summary>Streams, each thread's own and one for all.</summary>
internal static class StreamActions
{
    public static StressAction[] All { get; } =
    [
        new("steps, own stream", Promise.Succeeds, StepsOwn),
        new("steps, own session of the shared stream", Promise.SucceedsOrIsRefused, StepsOwnSession),
        new("steps, shared session", Promise.SucceedsOrIsRefused, StepsShared),
        new("step of ids that change", Promise.Survives, StepIds),
    ];

    private static bool StepsOwn(StressThread thread)
    {
        for (int i = 0; i < 16; i++)
        {
            if (thread.OwnStep == 0)
            {
                thread.Stream.Reset();
            }

            thread.OwnStep = Step(thread, thread.Stream, [], thread.OwnStep);
        }

        return true;
    }

    private static bool StepsOwnSession(StressThread thread)
    {
        int session = thread.Index;
        if (thread.SharedStep == 0)
        {
            thread.Shared.Stream.Reset(session);
        }

        thread.SharedStep = Step(thread, thread.Shared.Stream, [session], thread.SharedStep);
        return true;
    }

    private static int Step(StressThread thread, NetworkStream<float> stream, ReadOnlySpan<int> sessions, int step)
    {
        Range place = (step * Known.Features)..((step + 1) * Known.Features);
        float[] y = new float[Known.Features];
        if (sessions.IsEmpty)
        {
            stream.Step(thread.Known.Series.AsSpan(place), y);
        }
        else
        {
            stream.Step(sessions, thread.Known.Series.AsSpan(place), y);
        }

        Known.Expect<float>(thread.Known.StepOutputs.AsSpan(place), y, "A step");
        return (step + 1) * Known.Features == thread.Known.Series.Length ? 0 : step + 1;
    }

    // The output of a session that several threads step is some step's of some order: it is only not to break anything.
    private static bool StepsShared(StressThread thread)
    {
        NetworkStream<float> stream = thread.Shared.OneSession;
        float[] y = new float[Known.Features];
        stream.Step(thread.Known.Series.AsSpan(0, Known.Features), y);
        if (thread.Random.Next(8) == 0)
        {
            thread.Known.Network.Predict(SequenceBatch.FromSequences<float>([thread.Known.Series], Known.Features), stream.State);
            stream.Reset();
        }

        return y.All(float.IsFinite) ? false : throw new WrongResultException("A step of the shared session is not finite.");
    }

    private static bool StepIds(StressThread thread)
    {
        using NetworkStream<float> stream = thread.Known.Language.OpenStream();
        stream.StepIds(thread.Shared.HotIds.Rows[..1], new float[Known.Words]);
        return false;
    }
}
