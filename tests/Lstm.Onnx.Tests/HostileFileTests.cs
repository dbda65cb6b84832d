using static Lstm.Onnx.Tests.OnnxBuilder;

namespace Lstm.Onnx.Tests;

/// <summary>
/// Files that lie: each ends in a network or in <see cref="InvalidDataException"/>, with memory linear in its length.
/// </summary>
public class HostileFileTests
{
    /// <summary>Bytes allocated per byte of the file, at most; a node of a few bytes becomes several objects.</summary>
    private const long Factor = 400;

    private const long Constant = 1 << 22;

    [Fact]
    public void Mutated_files_load_or_are_refused()
    {
        byte[][] good = [.. HostileFiles.Good(), .. HostileFiles.Handmade()];
        Array.ForEach(good, file => Assert.True(Loads(file)));
        int count = int.TryParse(Environment.GetEnvironmentVariable("LSTM_FUZZ"), out int wanted) ? wanted : 4000, refused = 0;
        Dictionary<string, int> failures = [];
        Random random = new(17);
        for (int i = 0; i < count; i++)
        {
            byte[] file = good[random.Next(good.Length)];
            file = i % 2 == 0 ? GraphMutation.OfBytes(file, random) : GraphMutation.OfGraph(file, random);
            try
            {
                refused += Loads(file) ? 0 : 1;
            }
            catch (Exception e)
            {
                string failure = $"{e.GetType().Name} {e.Message}\n{e.StackTrace}";
                failures[failure] = failures.GetValueOrDefault(failure) + 1;
            }
        }

        Assert.True(failures.Count == 0, string.Join("\n", failures.Take(10).Select(pair => $"{pair.Value} times {pair.Key}")));
        Assert.InRange(refused, count / 4, count - (count / 50));
    }

    [Fact]
    public void Crafted_files_are_refused()
    {
        int count = 0;
        foreach (byte[] file in HostileFiles.Crafted())
        {
            Assert.False(Loads(file), $"crafted file {count}");
            count++;
        }

        Assert.InRange(count, 200, 2000);
    }

    [Fact]
    public void Large_files_take_memory_in_proportion()
    {
        Assert.All(HostileFiles.Large(), file => Assert.True(Loads(file)));
        Assert.All(HostileFiles.Bombs(), file => Assert.False(Loads(file)));
    }

    [Fact]
    public void Names_that_several_tensors_have_are_refused()
    {
        OnnxBuilder twice = HostileFiles.Start().Constant("V", Values(4), 2, 2).Constant("V", Values(4), 2, 2)
            .Node("MatMul", ["x", "V"], ["y"]).Output("y");
        twice.Graph.Initializer[1].Name = "V";
        Assert.Contains(
            "two of its tensors have the name 'V'", Assert.Throws<InvalidDataException>(() => twice.Import()).Message);
        OnnxBuilder outputs = HostileFiles.Start().Node("Tanh", ["x"], ["y"]).Node("Relu", ["x"], ["y"]).Output("y");
        Assert.Contains(
            "two of its tensors have the name 'y'", Assert.Throws<InvalidDataException>(() => outputs.Import()).Message);
    }

    private static bool Loads(byte[] file)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool loads = true;
        try
        {
            OnnxModel.Import<float>(new MemoryStream(file), new() { AllowPrecisionChange = true });
        }
        catch (InvalidDataException)
        {
            loads = false;
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= (Factor * file.Length) + Constant, $"{allocated} bytes allocated for a file of {file.Length}.");
        return loads;
    }
}
