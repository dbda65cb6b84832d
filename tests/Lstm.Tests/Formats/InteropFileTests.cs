using System.Diagnostics;
using System.Numerics;
using System.Numerics.Tensors;
using Lstm.Formats;
using Lstm.Tests.Support;

namespace Lstm.Tests.Formats;

/// <summary>
/// PyTorch reads our files and computes the same: tests/interop/read_safetensors.py, run if PyTorch is installed.
/// </summary>
public class InteropFileTests
{
    private const string Python = "/usr/bin/python3";

    [Fact]
    public void PyTorch_loads_saved_networks_by_name_and_computes_the_same()
    {
        Shared.Require(Run("-c", "import torch").ExitCode == 0, "no PyTorch: apt-get install python3-torch");
        using TemporaryFolder folder = new();
        Write<float>(folder, "plain", 3, new LstmSpec(8) { Bias = LstmBias.Two }, new DenseSpec(2));
        Write<float>(
            folder, "stacked", 3, new LstmSpec(6) { Layers = 3, Bias = LstmBias.Two, Direction = LstmDirection.Bidirectional },
            new DenseSpec(4) { Name = "fc" });
        Write<double>(folder, "projected", 2, new LstmSpec(5) { Layers = 2, Bias = LstmBias.Two, Projection = new(3) });
        Write<double>(
            folder, "two", 4, new LstmSpec(7) { Bias = LstmBias.None, Name = "a" },
            new LstmSpec(3) { Bias = LstmBias.Two, Name = "b" },
            new DenseSpec(1) { Name = "out" });
        (int code, string output) = Run(
            Path.Combine(Shared.Repository, "tests", "interop", "read_safetensors.py"), folder["."]);
        Assert.True(code == 0, output);
        Assert.Contains("4 models equal", output);
    }

    private static void Write<T>(TemporaryFolder folder, string name, int inputs, params LayerSpec[] layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network = Network.Create<T>(inputs, 5, layers);
        network.Save(folder[name + ".safetensors"]);
        network.SaveNpz(folder[name + ".npz"]);
        T[] input = new T[3 * 7 * inputs];
        for (int i = 0; i < input.Length; i++)
        {
            input[i] = T.CreateTruncating(Math.Sin(i * 1.7));
        }

        Tensor<T> output = network.Predict(
            SequenceBatch.FromTensor<T>(Tensor.Create(input, [3, 7, inputs]), batchFirst: true)).ToTensor(batchFirst: true);
        T[] values = new T[output.FlattenedLength];
        output.FlattenTo(values);
        TensorFileWriter writer = new();
        writer.Add<T>("input", [3, 7, inputs], input);
        writer.Add<T>("output", [3, 7, network.OutputSize], values);
        writer.SaveSafetensors(folder[name + ".io.safetensors"]);
    }

    private static (int ExitCode, string Output) Run(params string[] arguments)
    {
        if (!File.Exists(Python))
        {
            return (-1, string.Empty);
        }

        using Process process = Process.Start(new ProcessStartInfo(Python, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
