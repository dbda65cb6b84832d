using Lstm.Tests.Support;

namespace Lstm.Tests.Training;

/// <summary>
/// Sequences of two inputs, a value in [0, 1] and a marker; one value of each half is marked, and their sum is to be given
/// after the last step (Hochreiter &amp; Schmidhuber 1997, experiment 4). Always saying 1 has an error of 1/6.
/// </summary>
public class AddingProblemTests
{
    /// <summary>Learning rate and steps are such that networks of other seeds end far below the limit as well.</summary>
    [SlowFact]
    public void Training_with_fresh_sequences_of_100_steps_learns_to_add() =>
        Assert.InRange(TestError(steps: 100, trainings: 2000), 0, 0.01);

    [Fact]
    public void Training_with_fresh_sequences_of_10_steps_learns_to_add() =>
        Assert.InRange(TestError(steps: 10, trainings: 500), 0, 0.01);

    private static double TestError(int steps, int trainings)
    {
        Random random = new(1);
        Problem problem = new(steps, 32);
        Network<float> network =
            Network.Create<float>(inputSize: 2, seed: 1, new LstmSpec(64), new PoolingSpec(Pooling.Last), new DenseSpec(1));
        MeanSquaredError<float> loss = new();
        Adam<float> optimizer = new(0.01);
        GradientClip clip = GradientClip.ByGlobalNorm(1);
        using Tape<float> tape = network.CreateTape(Environment.ProcessorCount);
        Gradient<float> gradient = network.CreateGradient();
        for (int training = 0; training < trainings; training++)
        {
            problem.Draw(random);
            gradient.Clear();
            loss.Evaluate(network.Forward(problem.Input, tape), problem.Target, tape.OutputGradient);
            network.Backward(tape, gradient);
            clip.Apply(gradient);
            optimizer.Step(network, gradient);
        }

        Problem test = new(steps, 1000);
        test.Draw(random);
        return loss.Evaluate(network.Predict(test.Input), test.Target);
    }

    private sealed class Problem
    {
        public Problem(int steps, int count)
        {
            Input.Reshape([.. Enumerable.Repeat(steps, count)]);
            Target.Reshape([.. Enumerable.Repeat(1, count)]);
        }

        public SequenceBatch<float> Input { get; } = new(featureSize: 2);

        public SequenceBatch<float> Target { get; } = new(featureSize: 1);

        public void Draw(Random random)
        {
            int steps = Input.StepCount;
            for (int b = 0; b < Input.Count; b++)
            {
                int first = random.Next(steps / 2), second = random.Next(steps / 2, steps);
                for (int t = 0; t < steps; t++)
                {
                    Input[b, t][0] = random.NextSingle();
                    Input[b, t][1] = t == first || t == second ? 1 : 0;
                }

                Target[b, 0][0] = Input[b, first][0] + Input[b, second][0];
            }
        }
    }
}
