using Lstm.Parameters;

namespace Lstm.Tests.Formats;

/// <summary>A network that is saved or copied while another thread steps it: the copy is of one version.</summary>
public class ConcurrentSaveTests
{
    private const int Copies = 40;

    [Fact]
    public void Save_while_an_optimizer_steps_writes_a_file_of_one_version()
        => Repeat(network =>
        {
            using MemoryStream file = new();
            network.Save(file);
            file.Position = 0;
            return Network.Load<float>(file);
        });

    [Fact]
    public void Clone_while_an_optimizer_steps_is_of_one_version() => Repeat(network => network.Clone());

    // All parameters are equal after each step, so a copy in which they are not is of two versions.
    private static void Repeat(Func<Network<float>, Network<float>> copy)
    {
        Network<float> network = Network.Create<float>(8, 1, new LstmSpec(64), new DenseSpec(4));
        Gradient<float> gradient = network.CreateGradient();
        foreach (Parameter parameter in network.Parameters)
        {
            float[] values = new float[parameter.Count];
            parameter.Pack<float>(values, network.Flat);
            Array.Fill(values, 1);
            parameter.Pack<float>(values, gradient.Flat);
        }

        using CancellationTokenSource stop = new();
        Thread stepping = new(() =>
        {
            Sgd<float> optimizer = new(learningRate: 1);
            while (!stop.IsCancellationRequested)
            {
                optimizer.Step(network, gradient);
            }
        });
        stepping.Start();
        try
        {
            for (int i = 0; i < Copies; i++)
            {
                Network<float> copied = copy(network);
                HashSet<float> values = [.. copied.Parameters.SelectMany(p => Unpacked(copied, p))];
                Assert.True(values.Count == 1, $"Copy {i} has parameters of {values.Count} steps: {string.Join(", ", values)}.");
            }
        }
        finally
        {
            stop.Cancel();
            stepping.Join();
        }
    }

    private static float[] Unpacked(Network<float> network, Parameter parameter)
    {
        float[] values = new float[parameter.Count];
        parameter.Unpack<float>(network.Flat, values);
        return values;
    }
}
