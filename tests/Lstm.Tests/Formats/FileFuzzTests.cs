using Lstm.Cells;
using Lstm.Tests.Support;
using Lstm.Training;

namespace Lstm.Tests.Formats;

/// <summary>
/// Thousands of broken and lying files: each loads or is an InvalidDataException, costs no more than its size pays for, and
/// changes nothing if it is refused.
/// </summary>
public class FileFuzzTests
{
    private static readonly LayerSpec[] Specs =
    [
        new LstmSpec(3)
        {
            Layers = 2, Dropout = 0.1,
            Cell = new LstmEquations { Peephole = true, GateActivation = new(LstmActivationFunction.HardSigmoid, 0.2, 0.5) },
            Projection = new(2),
        },
        new PoolingSpec(Pooling.Last),
        new DenseSpec(2) { Name = "größer" },
    ];

    [Theory]
    [InlineData("model")]
    [InlineData("state_dict")]
    [InlineData("checkpoint")]
    [InlineData("state")]
    public void A_broken_or_lying_file_is_refused_or_loads_at_a_cost_that_its_size_pays_for(string format)
    {
        Campaign campaign = new(format, seed: 1);
        campaign.Run(1_500);
        Assert.Equal(["InvalidDataException", "loaded"], campaign.Outcomes.Keys.Order(StringComparer.Ordinal));
    }

    /// <summary>More of the same: <c>Lstm.Tests child formats.fuzz FORMAT COUNT SEED</c>.</summary>
    [ChildScenario("formats.fuzz")]
    internal static void Fuzz(string[] arguments)
    {
        Campaign campaign = new(arguments[0], int.Parse(arguments[2], null));
        campaign.Run(int.Parse(arguments[1], null));
        Console.WriteLine(
            $"{arguments[0]}: {string.Join(", ", campaign.Outcomes.Select(pair => $"{pair.Value} {pair.Key}"))}; most bytes "
            + $"allocated for one of the file, beyond the constant: {campaign.MostFactor:0.0}");
    }

    private sealed class Campaign
    {
        private readonly FileMutator _mutator;
        private readonly byte[][] _good;
        private readonly Func<byte[], Action> _load;
        private readonly Random _random;
        private readonly Network<float> _network = Network.Create<float>(2, 1, Specs);
        private readonly Trainer<float> _trainer;
        private byte[] _before = [];

        public Campaign(string format, int seed)
        {
            _mutator = new(seed);
            _random = new(seed + 1);
            _trainer = new(Network.Create<float>(2, 1, Specs), new MeanSquaredError<float>(), new Adam<float>());
            Network<float> source = Network.Create<float>(2, 2, Specs);
            source.SetTrainable("größer.bias", false);
            source.Metadata["a"] = "b";
            Trainer<float> trained = new(Network.Create<float>(2, 1, Specs), new MeanSquaredError<float>(), new Adam<float>());
            byte[] start = Saved(trained.SaveCheckpoint);
            CarrySomeStates(trained);
            IsState = format == "state";
            _good = format switch
            {
                "model" or "state_dict" => [Saved(source.Save)],
                "checkpoint" => [start, Saved(trained.SaveCheckpoint)],
                _ => [source.CreateState(3).ToBytes()],
            };
            _load = format switch
            {
                "model" => bytes => () => Network.Load<float>(new MemoryStream(bytes)),
                "state_dict" => bytes => () => _network.LoadStateDict(new MemoryStream(bytes), new()
                {
                    AllowUnexpected = bytes.Length % 2 == 0,
                }),
                "checkpoint" => bytes => () => _trainer.LoadCheckpoint(new MemoryStream(bytes)),
                _ => bytes => () => NetworkState.FromBytes<float>(bytes),
            };
        }

        public SortedDictionary<string, int> Outcomes { get; } = new(StringComparer.Ordinal);

        public double MostFactor { get; private set; }

        private bool IsState { get; }

        public void Run(int count)
        {
            foreach (byte[] good in _good)
            {
                // A file without faults, which also makes what is made once.
                Try(good);
            }

            for (int i = 0; i < count; i++)
            {
                byte[] good = _good[_random.Next(_good.Length)];
                Try(i % 2 == 0 ? _mutator.Bytes(good) : IsState ? _mutator.StateLies(good) : _mutator.Lies(good));
            }
        }

        private void Try(byte[] file)
        {
            Action load = _load(file);
            _before = Saved(_trainer.SaveCheckpoint);
            float[] parameters = _network.Flat.ToArray();
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            string outcome = "loaded";
            try
            {
                load();
            }
            catch (Exception e)
            {
                outcome = e.GetType().Name;
                if (e is not InvalidDataException)
                {
                    File.WriteAllBytes(Path.Combine(Path.GetTempPath(), $"lstm-fuzz-{outcome}.bin"), file);
                }
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            MostFactor = Math.Max(MostFactor, (allocated - HostileFileTests.Constant) / (double)Math.Max(1, file.Length));
            Assert.True(
                allocated <= (HostileFileTests.Factor * file.Length) + HostileFileTests.Constant,
                $"{allocated} bytes allocated for a file of {file.Length}, which ended as {outcome}.");
            Outcomes[outcome] = Outcomes.GetValueOrDefault(outcome) + 1;
            if (outcome != "loaded")
            {
                Close.SameBits<float>(parameters, _network.Flat, "parameters");
                Assert.Equal(_before, Saved(_trainer.SaveCheckpoint));
            }
        }

        private static byte[] Saved(Action<Stream> save)
        {
            MemoryStream memory = new();
            save(memory);
            return memory.ToArray();
        }

        // Within an epoch, so that the checkpoint has states.
        private static void CarrySomeStates(Trainer<float> trainer)
        {
            trainer.State.CarriedState = trainer.Network.CreateState(3);
            trainer.Position = new TrainingPosition(1, 2, 3);
        }
    }
}
