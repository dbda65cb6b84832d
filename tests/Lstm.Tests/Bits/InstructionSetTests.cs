using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Lstm.Parameters;
using Lstm.Simd;
using Lstm.Tests.Cases;
using Lstm.Tests.Support;

namespace Lstm.Tests.Bits;

/// <summary>
/// Training in processes with narrower instruction sets: the same bits in each class, with and without fused multiply-adds.
/// </summary>
public class InstructionSetTests
{
    [Fact]
    public void Training_without_AVX512_gives_the_bits_of_the_whole_instruction_set()
    {
        (string width, string fused, string[] hashes) = Run("default");
        Assert.SkipUnless(width == nameof(SimdWidth.V512), $"the machine has no more than {width}");
        (string narrowWidth, string narrowFused, string[] narrow) = Run("DOTNET_EnableAVX512");
        Assert.Equal((nameof(SimdWidth.V256), fused), (narrowWidth, narrowFused));
        Assert.Equal("True", fused);
        Assert.Equal(hashes, narrow);
    }

    [Fact]
    public void Training_without_AVX2_and_without_SIMD_gives_the_same_bits()
    {
        (string best, _, _) = Run("default");
        Assert.SkipUnless(best is nameof(SimdWidth.V512) or nameof(SimdWidth.V256), $"the machine has no more than {best}");
        (string width, string fused, string[] hashes) = Run("DOTNET_EnableAVX2");
        Assert.Equal((nameof(SimdWidth.V128), "False"), (width, fused));
        (string scalarWidth, string scalarFused, string[] scalar) = Run("DOTNET_EnableHWIntrinsic");
        Assert.Equal((nameof(SimdWidth.Scalar), "False"), (scalarWidth, scalarFused));
        Assert.Equal(hashes, scalar);
    }

    /// <summary>
    /// Prints the width, whether multiply-adds are fused, and a hash of all that each network's training computed.
    /// </summary>
    [ChildScenario("bits.train")]
    internal static void Train()
    {
        Console.WriteLine($"{SimdDispatch.Best} {SimdDispatch.IsFused}");
        foreach (NetworkCase tested in NetworkCases.All.Where(each => each.OnEveryInstructionSet))
        {
            Console.WriteLine($"{tested} float {Train<float>(tested)}");
            Console.WriteLine($"{tested} double {Train<double>(tested)}");
        }

        Console.WriteLine($"fit float {Fit<float>()}");
        Console.WriteLine($"fit double {Fit<double>()}");
        Console.WriteLine($"fit ids float {FitIds<float>()}");
        Console.WriteLine($"fit ids double {FitIds<double>()}");
    }

    private static string Fit<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network =
            Network.Create<T>(3, 5, new LstmSpec(11) { Layers = 2, Dropout = 0.2, LearnInitialState = true }, new DenseSpec(2));
        Trainer<T> trainer = new(network, new HuberLoss<T>(0.5), new Adam<T>(0.01)) { Clip = GradientClip.ByGlobalNorm(0.5) };
        int[] lengths = [9, 0, 7, 12, 3];
        List<TrainingBatch<T>> batches = [.. Enumerable.Range(1, 3).Select(i =>
            new TrainingBatch<T>(Sample.Batch<T>(i, 3, lengths), Sample.Batch<T>(10 + i, 2, lengths)))];
        return Hash(network, trainer.Fit(batches, new TrainingOptions { Epochs = 3, TruncateAfter = 5, Workers = 2 }));
    }

    private static string FitIds<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network = Network.Create<T>(
            13, 5, new EmbeddingSpec(5), new LstmSpec(9) { Direction = LstmDirection.Bidirectional }, new DenseSpec(13));
        Trainer<T> trainer = new(network, new SoftmaxCrossEntropy<T>(), new RMSprop<T>(momentum: 0.5))
        {
            Clip = GradientClip.ByTensorNorm(0.5),
        };
        int[] lengths = [9, 0, 7, 12, 3];
        List<TrainingBatch<T>> batches = [.. Enumerable.Range(1, 3).Select(i =>
            new TrainingBatch<T>(Sample.Ids(i, 13, lengths), Sample.Ids(10 + i, 13, lengths)))];
        return Hash(network, trainer.Fit(batches, new TrainingOptions { Epochs = 2, Workers = 2 }));
    }

    private static string Hash<T>(Network<T> network, TrainingResult result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes(network.Flat));
        hash.AppendData(MemoryMarshal.AsBytes(result.Epochs.Select(epoch => epoch.Loss!.Value).ToArray().AsSpan()));
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    // A few steps of gradient descent on half the squared distance to a random target.
    private static string Train<T>(NetworkCase tested)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int[] lengths = [5, 0, 9, 9, 1, 7, 3];
        Network<T> network = tested.Start<T>(11);
        using Tape<T> tape = network.CreateTape(workers: 2).SharesAll();
        Gradient<T> gradient = network.CreateGradient();
        T rate = T.CreateChecked(0.1);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int step = 0; step < 3; step++)
        {
            gradient.Clear();
            SequenceBatch<T> output = network.Forward(tested.Input<T>(step, lengths), tape);
            SequenceBatch<T> target = Sample.Batch<T>(step + 50, network.OutputSize, output.Lengths);
            for (int i = 0; i < output.Rows.Length; i++)
            {
                tape.OutputGradient.Rows[i] = output.Rows[i] - target.Rows[i];
            }

            network.Backward(tape, gradient);
            Append(Sample.Flat(output));
            Append(network.TakesIds ? [] : Sample.Flat(tape.InputGradient));
            Append(Sample.Flat(tape.InitialStateGradient));
            foreach (Parameter parameter in network.Parameters)
            {
                T[] values = new T[parameter.Count], slope = new T[parameter.Count];
                network.ReadParameter(parameter.Name).FlattenTo(values);
                gradient.Read(parameter.Name).FlattenTo(slope);
                Append(slope);
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] -= rate * slope[i];
                }

                network.WriteParameter(
                    parameter.Name, System.Numerics.Tensors.Tensor.Create(values, [.. parameter.Shape.Select(n => (nint)n)]));
                Append(values);
            }
        }

        return Convert.ToHexString(hash.GetHashAndReset());

        void Append(T[] values) => hash.AppendData(MemoryMarshal.AsBytes(values.AsSpan()));
    }

    private static (string Width, string Fused, string[] Hashes) Run(string instructionSet)
    {
        string[] lines = ChildProcess.RunWith(instructionSet, "bits.train").Succeeded();
        Assert.Equal(1 + (2 * NetworkCases.All.Count(each => each.OnEveryInstructionSet)) + 4, lines.Length);
        string[] first = lines[0].Split(' ');
        return (first[0], first[1], lines[1..]);
    }
}
