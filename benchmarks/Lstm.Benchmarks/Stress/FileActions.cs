using System.Buffers.Binary;
using System.Text;

namespace Lstm.Benchmarks.Stress;

/// <summary>Files that are whole, cut off, changed and made up.</summary>
internal static class FileActions
{
    public static StressAction[] All { get; } =
    [
        new("save and load", Promise.Succeeds, SaveAndLoad),
        new("damaged model", Promise.ReadsOrIsRefused, Model),
        new("damaged checkpoint", Promise.ReadsOrIsRefused, Checkpoint),
        new("damaged state", Promise.ReadsOrIsRefused, State),
    ];

    private static bool SaveAndLoad(StressThread thread)
    {
        KnownFiles files = thread.Shared.Files;
        string path = Path.Combine(files.Folder, $"model-{thread.Index}.safetensors");
        Network.Load<float>(new MemoryStream(files.Model)).Save(path);
        Known.Expect<float>(files.Weights, KnownFiles.WeightsOf(Network.Load<float>(path)), "A loaded model");
        Known.Expect<byte>(files.State, NetworkState.FromBytes<float>(files.State).ToBytes(), "A loaded state");
        Network<float> network = KnownFiles.Create(files.Seed);
        KnownFiles.NewTrainer(network).LoadCheckpoint(new MemoryStream(files.Checkpoint));
        Known.Expect<float>(files.TrainedWeights, KnownFiles.WeightsOf(network), "A loaded checkpoint");
        return true;
    }

    private static bool Model(StressThread thread)
    {
        KnownFiles files = thread.Shared.Files;
        Network<float> network = Network.Load<float>(new MemoryStream(Damaged(thread.Random, files.Model)));
        Known.Expect<float>(files.Weights, KnownFiles.WeightsOf(network), "A model whose damage nobody noticed");
        return true;
    }

    private static bool Checkpoint(StressThread thread)
    {
        KnownFiles files = thread.Shared.Files;
        Network<float> network = KnownFiles.Create(files.Seed);
        bool loaded = false;
        try
        {
            KnownFiles.NewTrainer(network).LoadCheckpoint(new MemoryStream(Damaged(thread.Random, files.Checkpoint)));
            loaded = true;
        }
        finally
        {
            Known.Expect<float>(
                loaded ? files.TrainedWeights : files.Weights, KnownFiles.WeightsOf(network),
                "A network after a checkpoint was read");
        }

        return true;
    }

    private static bool State(StressThread thread)
    {
        byte[] damaged = Damaged(thread.Random, thread.Shared.Files.State);
        Known.Expect<byte>(
            thread.Shared.Files.State, NetworkState.FromBytes<float>(damaged).ToBytes(), "A state whose damage nobody noticed");
        return true;
    }

    private static byte[] Damaged(Random random, byte[] whole)
    {
        byte[] bytes = [.. whole];
        switch (random.Next(5))
        {
            case 0:
                return bytes[..random.Next(bytes.Length)];
            case 1:
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 2:
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)random.NextInt64());
                return bytes;
            case 3:
                bytes.AsSpan(random.Next(bytes.Length / 2), bytes.Length / 4).Fill((byte)random.Next(256));
                return bytes;
            default:
                return MadeUp(random);
        }
    }

    // A header that promises more than the file has.
    private static byte[] MadeUp(Random random)
    {
        string length = random.Next(2) == 0 ? "9223372036854775807" : $"{random.Next()}";
        (int columns, int end) = (random.Next(), random.Next());
        string tensor = $$"""{"dtype":"F32","shape":[{{length}},{{columns}}],"data_offsets":[0,{{end}}]}""";
        byte[] header = Encoding.UTF8.GetBytes($$$"""{"x":{{{tensor}}},"__metadata__":{"format":"lstm"}}""");
        byte[] bytes = new byte[sizeof(ulong) + header.Length + 16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)header.Length);
        header.CopyTo(bytes, sizeof(ulong));
        return bytes;
    }
}
