namespace Lstm.Keras.Tests;

/// <summary>
/// Files that lie: each ends in a network or in <see cref="InvalidDataException"/>, with memory linear in its length.
/// </summary>
public class HostileFileTests
{
    /// <summary>Bytes allocated per byte of the file, at most; .keras files may expand to 32 times their length.</summary>
    private const long Factor = 200;

    private const long Constant = 1 << 22;

    [Fact]
    public void Mutated_files_load_or_are_refused()
    {
        (string Name, byte[] Bytes)[] good = [.. Good()];
        Random random = new(17);
        int count = int.TryParse(Environment.GetEnvironmentVariable("LSTM_KERAS_FUZZ"), out int wanted) ? wanted : 3000;
        int refused = 0;
        Array.ForEach(good, file => Assert.True(Loads(file.Bytes), file.Name));
        for (int i = 0; i < count; i++)
        {
            byte[] file = good[random.Next(good.Length)].Bytes;
            refused += Loads(Mutated(file, random)) ? 0 : 1;
        }

        Assert.InRange(refused, count / 10, count);
    }

    [Fact]
    public void Mutated_models_of_TensorFlow_js_load_or_are_refused()
    {
        string folder = Directory.CreateTempSubdirectory("lstm-keras").FullName;
        try
        {
            foreach (string file in Directory.GetFiles(Path.Combine(Fixtures.Folder, "tfjs_small")))
            {
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            }

            string path = Path.Combine(folder, "model.json");
            byte[] good = File.ReadAllBytes(path);
            Random random = new(18);
            int refused = 0;
            const int Count = 1000;
            for (int i = 0; i < Count; i++)
            {
                byte[] bytes = Mutated(good, random);
                File.WriteAllBytes(path, bytes);
                refused += Loads(bytes.Length, () => KerasModel.Import<float>(path)) ? 0 : 1;
            }

            Assert.InRange(refused, Count / 10, Count);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Crafted_files_are_refused()
    {
        int count = 0;
        foreach ((string name, byte[] bytes) in CraftedFiles.All())
        {
            Assert.False(Loads(bytes), name);
            count++;
        }

        Assert.InRange(count, 200, 2000);
    }

    [Fact]
    public void Crafted_architectures_are_refused()
    {
        byte[] weights = Fixtures.Bytes("small.weights.h5");
        int count = 0;
        foreach ((string name, string json) in CraftedFiles.Architectures())
        {
            Assert.False(
                Loads(weights.Length + json.Length,
                () => KerasModel.Import<float>(new MemoryStream(weights), new() { Architecture = json })),
                name);
            count++;
        }

        Assert.InRange(count, 20, 2000);
    }

    private static IEnumerable<(string Name, byte[] Bytes)> Good()
    {
        foreach (string name in (string[])["small.keras", "small.h5", "keras2_small.h5"])
        {
            yield return (name, Fixtures.Bytes(name));
        }
    }

    private static byte[] Mutated(byte[] good, Random random)
    {
        List<byte> file = [.. good];
        for (int change = random.Next(1, 4); change > 0 && file.Count > 0; change--)
        {
            // Structures lie in the first half of a file more often than values do.
            int at = random.Next(random.Next(2) == 0 ? file.Count : Math.Min(file.Count, 4096));
            int length = Math.Min(random.Next(1, 9), file.Count - at);
            switch (random.Next(7))
            {
                case 0:
                    file[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    file[at] = (byte)random.Next(256);
                    break;
                case 2:
                    file.RemoveRange(at, length);
                    break;
                case 3:
                    file.InsertRange(at, Enumerable.Range(0, length).Select(_ => (byte)random.Next(256)));
                    break;
                case 4:
                    file.RemoveRange(at, file.Count - at);
                    break;
                case 5:
                    // A large number where a length or an address may be.
                    for (int i = 0; i < length; i++)
                    {
                        file[at + i] = 0xFF;
                    }

                    break;
                default:
                    int from = random.Next(file.Count - length + 1);
                    for (int i = 0; i < length; i++)
                    {
                        file[at + i] = file[from + i];
                    }

                    break;
            }
        }

        return [.. file];
    }

    private static bool Loads(byte[] bytes) => Loads(bytes.Length, () => KerasModel.Import<float>(new MemoryStream(bytes)));

    private static bool Loads(long length, Func<KerasImport<float>> import)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool loads = true;
        try
        {
            import();
        }
        catch (InvalidDataException e)
        {
            Assert.InRange(e.Message.Length, 10, 20_000);
            loads = false;
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, 0, (Factor * length) + Constant);
        return loads;
    }
}
