namespace Lstm.Benchmarks.Stress;

/// <summary>Batches that change while passes read them.</summary>
internal static class BatchActions
{
    public static StressAction[] All { get; } =
    [
        new("refill of the hot batch", Promise.SucceedsOrIsRefused, Refill),
        new("predict of the hot batch", Promise.SucceedsOrIsRefused, Predict),
        new("forward and backward of the hot batch", Promise.SucceedsOrIsRefused, Train),
        new("copy of the hot batch", Promise.SucceedsOrIsRefused, Copy),
        new("rows of the hot batch", Promise.Survives, Rows),
        new("change of ids in place", Promise.Survives, ChangeIds),
        new("passes over ids that change", Promise.Survives, PredictIds),
        new("loss of labels that change", Promise.Survives, LabelLoss),
    ];

    private static bool Refill(StressThread thread)
    {
        thread.Shared.Hot.Fill(PassActions.Any(thread).Sequences);
        return false;
    }

    private static bool Predict(StressThread thread)
    {
        thread.Known.ExpectSomeOutput(thread.Known.Network.Predict(thread.Shared.Hot, null, thread.Workspace).ToList());
        return true;
    }

    private static bool Train(StressThread thread)
    {
        thread.Known.Network.Forward(thread.Shared.Hot, thread.Tape);
        thread.Known.ExpectSomeOutput(thread.Tape.Output.ToList());
        thread.Gradient.Clear();
        thread.Known.Network.Backward(thread.Tape, thread.Gradient);
        return thread.Gradient.Read("lstm.weight_hh_l0").ToArray().All(value => value == 0)
            ? true
            : throw new WrongResultException("The gradient of a loss that nobody has evaluated is not zero.");
    }

    private static bool Copy(StressThread thread)
    {
        List<float[]> copy = thread.Shared.Hot.ToList();
        _ = thread.Shared.Hot.ToTensor();
        _ = thread.Shared.Hot.ToString();
        return thread.Known.Batches.Any(
            batch => batch.Sequences.Zip(copy).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)))
            ? true
            : throw new WrongResultException("A copy of the batch that is refilled is none of what it was filled with.");
    }

    // A span of the caller's shows whatever is written there.
    private static bool Rows(StressThread thread)
    {
        SequenceBatch<float> hot = thread.Shared.Hot;
        float sum = 0;
        foreach (float value in hot.Rows)
        {
            sum += value;
        }

        for (int step = 0; step < hot.Lengths[0]; step++)
        {
            sum += hot[0, step][0];
        }

        return float.IsNaN(sum) && false;
    }

    private static bool ChangeIds(StressThread thread)
    {
        Span<int> ids = thread.Shared.HotIds.Rows;
        for (int i = 0; i < 32; i++)
        {
            ref int id = ref ids[thread.Random.Next(ids.Length)];
            int kept = Math.Clamp(id, 0, Known.Words - 1);
            id = thread.Random.Next(3) switch
            {
                0 => int.MaxValue,
                1 => int.MinValue,
                _ => Known.Words,
            };
            id = kept;
        }

        return false;
    }

    private static bool PredictIds(StressThread thread)
    {
        Network<float> language = thread.Known.Language;
        language.Predict(thread.Shared.HotIds);
        using Tape<float> tape = language.CreateTape();
        language.Forward(thread.Shared.HotIds, tape);
        language.Backward(tape, language.CreateGradient());
        return false;
    }

    private static bool LabelLoss(StressThread thread)
    {
        Network<float> language = thread.Known.Language;
        SequenceBatch<int> ids = thread.Known.Batches[^1].Ids, labels = thread.Shared.HotIds;
        Gradient<float>? gradient = thread.Random.Next(2) == 0 ? language.CreateGradient() : null;
        Tape<float> tape = thread.Shared.LanguageTape;
        language.ForwardLoss(ids, labels, thread.Known.LabelLoss, tape, null, gradient);
        language.Backward(tape, gradient ?? language.CreateGradient());
        thread.Known.LabelLoss.Evaluate(language.Forward(ids, tape), labels, tape.OutputGradient);
        return false;
    }
}
