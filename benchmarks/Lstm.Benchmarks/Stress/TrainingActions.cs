


using Lstm.Training;

namespace Lstm.Benchmarks.Stress;

/// <summary>Trainers and optimizers, each thread's own and one for all.</summary>
internal static class TrainingActions
{
    public static StressAction[] All { get; } =
    [
        new("fit, own trainer", Promise.Succeeds, FitOwn),
        new("fit, shared trainer", Promise.SucceedsOrIsRefused, FitShared),
        new("evaluate, shared trainer", Promise.Succeeds, Evaluate),
        new("step, shared optimizer and network", Promise.SucceedsOrIsRefused, Step),
        new("write parameters of the shared network", Promise.SucceedsOrIsRefused, Write),
        new("predict with the network that is trained", Promise.Succeeds, PredictTrainee),
    ];

    private static bool FitOwn(StressThread thread)
    {
        Known.Expect<float>(thread.Shared.Trained, Shared.Train(thread.Known, thread.Shared.Batches), "A training");
        return true;
    }

    private static bool FitShared(StressThread thread)
    {
        thread.Shared.Trainer.Fit(thread.Shared.Batches, new TrainingOptions { Epochs = 1, Workers = 1 });
        return false;
    }

    private static bool Evaluate(StressThread thread)
    {
        Known.Expect<double>(
            [thread.Shared.Evaluation],
            [thread.Shared.Evaluator.Evaluate(thread.Shared.Batches, new EvaluationOptions { Workers = 1 }).Loss],
            "An evaluation");
        return true;
    }

    private static bool Step(StressThread thread)
    {
        Gradient<float> gradient = thread.Shared.Trainee.CreateGradient();
        thread.Shared.Optimizer.SetWeightDecay("dense.bias", thread.Random.NextDouble());
        thread.Shared.Optimizer.Step(thread.Shared.Trainee, gradient);
        return false;
    }

    private static bool Write(StressThread thread)
    {
        thread.Shared.Trainee.WriteParameter("lstm.weight_ih_l0", thread.Known.Network.ReadParameter("lstm.weight_ih_l0"));
        return false;
    }

    // The parameters change meanwhile: no bits are right, but nothing breaks.
    private static bool PredictTrainee(StressThread thread)
    {
        Network<float> trainee = thread.Shared.Trainee;
        trainee.Predict(PassActions.Any(thread).Input);
        using NetworkStream<float> stream = trainee.OpenStream();
        float[] y = new float[Known.Features];
        for (int i = 0; i < 8; i++)
        {
            stream.Step(thread.Known.Series.AsSpan(0, Known.Features), y);
        }

        _ = trainee.Clone();
        return false;
    }
}
