using Lstm.Tests.Cases;
using Lstm.Tests.Support;

namespace Lstm.Tests.Allocations;

/// <summary>After a warm-up, training passes, predictions and steps of every case allocate nothing on the managed heap.</summary>
public class CaseAllocationTests
{
    // One process for all cases: it takes much longer to start than a case takes.
    private static readonly Lazy<Dictionary<string, long>> Measured = new(
        () => ChildProcess.Run("allocations.cases", timeout: TimeSpan.FromMinutes(5)).Succeeded()
            .Select(line => line.Split('\t')).ToDictionary(parts => parts[0], parts => long.Parse(parts[1])));

    [Theory]
    [MemberData(nameof(NetworkCases.Names), MemberType = typeof(NetworkCases))]
    public void Warm_passes_predictions_and_steps_allocate_nothing(string name) => Assert.Equal(0, Measured.Value[name]);

    [ChildScenario("allocations.cases")]
    internal static void Measure()
    {
        foreach (NetworkCase tested in NetworkCases.All)
        {
            Console.WriteLine($"{tested}\t{Bytes(tested)}");
        }
    }

    private static long Bytes(NetworkCase tested)
    {
        const int Sessions = 3;
        int[] lengths = [30, 0, 17, 20, 4];
        Network<float> network = tested.Create<float>();
        using Tape<float> tape = network.CreateTape(workers: 2).SharesAll();
        using Workspace<float> workspace = network.CreateWorkspace();
        using NetworkStream<float>? stream = tested.Streams ? network.OpenStream(Sessions) : null;
        Gradient<float> gradient = network.CreateGradient();
        NetworkInput<float> batch = tested.Input<float>(1, lengths), shorter = tested.Input<float>(2, 3, 9);
        NetworkTarget<float> target = tested.Target<float>(3, network.OutputSize, lengths);
        Loss<float> loss = tested.Loss.Create<float>();
        NetworkState<float> state = network.CreateState(lengths.Length), final = network.CreateState(lengths.Length);
        bool usesStatistics = tested.UsesBatchStatistics;
        int[] some = [2, 0], ids = new int[Sessions];
        float[] x = new float[Sessions * network.InputSize], y = new float[Sessions * network.OutputSize];
        return Allocation.Bytes(20, 20, () =>
        {
            gradient.Clear();
            tape.FinalStateGradient = final;
            network.Forward(batch, state, tape);
            tape.OutputGradient.Rows.Fill(1);
            network.Backward(tape, gradient);
            tape.FinalStateGradient = null;
            network.ForwardLoss(batch, target, loss, tape, gradient: gradient);
            network.Backward(tape, gradient);
            if (usesStatistics)
            {
                network.UpdateStatistics(tape);
            }

            network.Predict(batch, state, workspace);
            network.Predict(shorter, null, workspace);
            network.ResetState(state);
            network.Touch();
            Step(tested, stream, some, ids, x, y);
        });
    }

    private static void Step(
        NetworkCase tested, NetworkStream<float>? stream, int[] some, int[] ids, float[] x, float[] y)
    {
        if (stream is null)
        {
            return;
        }

        Span<float> part = y.AsSpan(0, some.Length * (y.Length / ids.Length));
        if (tested.TakesIds)
        {
            stream.StepIds(ids, y);
            stream.StepIds(some, ids.AsSpan(0, some.Length), part);
        }
        else
        {
            stream.Step(x, y);
            stream.Step(some, x.AsSpan(0, some.Length * (x.Length / ids.Length)), part);
        }

        stream.Reset(0);
    }
}
