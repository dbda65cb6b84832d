using Lstm.Cells;
using Lstm.Specs;
using Lstm.Tests.Support;

namespace Lstm.Onnx.Tests;

/// <summary>Random networks of the layers and options that files of ONNX can say, the same for the same seed.</summary>
internal sealed class RandomNetwork
{
    // Weights that keep a stack of activations without bounds from growing.
    private const float Damping = 0.7f;

    private readonly Random _random;

    private RandomNetwork(int seed) => _random = new Random(seed);

    public static Network<float> Create(int seed)
    {
        // A few combinations make no network: a residual of another size, the last step of joined directions.
        for (int attempt = 0; ; attempt++)
        {
            RandomNetwork random = new((1000 * seed) + attempt);
            int inputs = random._random.Next(1, 9);
            try
            {
                Network<float> network = Sample.Network<float>(seed, inputs, random.Specs(inputs));
                foreach (ref float value in network.Flat)
                {
                    value *= Damping;
                }

                network.Touch();
                return network;
            }
            catch (ArgumentException) when (attempt < 100)
            {
            }
        }
    }

    /// <summary>Whether the network takes its steps one by one.</summary>
    public static bool Streams(Network<float> network) => network.Specs.All(
        spec => spec is not (PoolingSpec or RepeatLastSpec or LstmSpec { Direction: not LstmDirection.Forward }));

    private LayerSpec[] Specs(int inputs)
    {
        List<LayerSpec> specs = [];
        if (Chance(0.15))
        {
            specs.Add(new EmbeddingSpec(_random.Next(1, 6)));
        }

        int layers = _random.Next(1, 4);
        for (int i = 0; i < layers; i++)
        {
            AddSmall(specs, 0.3);
            specs.Add(Lstm(inputs));
        }

        AddSmall(specs, 0.5);
        if (Chance(0.4))
        {
            specs.Add(new PoolingSpec(Pick<Pooling>()));
        }

        if (Chance(0.15))
        {
            specs.Add(new RepeatLastSpec(_random.Next(1, 5)));
            specs.Add(Lstm(inputs));
        }

        AddSmall(specs, 0.5);
        return [.. specs];
    }

    private void AddSmall(List<LayerSpec> specs, double chance)
    {
        while (Chance(chance))
        {
            specs.Add(_random.Next(4) switch
            {
                0 => new DenseSpec(_random.Next(1, 8)) { Activation = Pick<Activation>(), Bias = Chance(0.7) },
                1 => Function(Pick<ActivationFunction>()),
                2 => new LayerNormSpec { Epsilon = Chance(0.5) ? 1.0 / 131072 : 1.0 / 64 },
                _ => new DropoutSpec(0.2),
            });
        }
    }

    private LstmSpec Lstm(int inputs)
    {
        LstmSpec spec = new(Chance(0.2) ? inputs : _random.Next(1, 12))
        {
            Layers = Chance(0.3) ? 2 : 1,
            Direction = Pick<LstmDirection>(),
            Bias = Pick<LstmBias>(),
            LearnInitialState = Chance(0.3),
            Shortcut = Chance(0.3) ? Pick<LstmShortcut>() : LstmShortcut.None,
            Projection = Chance(0.15) ? new(_random.Next(1, 6)) { Clip = Chance(0.5) ? 0.2 : null } : null,
            Normalization = _random.Next(12) switch
            {
                0 => new LayerNormalization { Epsilon = 0.01 },
                1 => new BatchNormalization { Steps = 3, Epsilon = 0.01 },
                _ => null,
            },
            Regularization = Chance(0.15)
                ? new() { HiddenZoneout = Chance(0.5) ? 0.3 : 0, CellZoneout = Chance(0.5) ? 0.2 : 0 } : new(),
        };
        bool isBoth = spec.Direction == LstmDirection.Bidirectional;
        return spec with
        {
            Merge = isBoth ? Pick<LstmMerge>() : LstmMerge.Concatenate,
            Cell = new LstmEquations
            {
                Peephole = Chance(0.3),
                CoupledGates = Chance(0.2),
                PreActivationClip = Chance(0.2) ? 0.4 : null,
                CellClip = Chance(0.1) ? 0.3 : null,
                InputGate = !Chance(0.05),
                ForgetGate = !Chance(0.05),
                OutputGate = !Chance(0.05),
                GateRecurrence = Chance(0.1),
                GateActivation = Chance(0.2) ? Activation() : null,
                CellActivation = Chance(0.2) ? Activation() : null,
                HiddenActivation = Chance(0.2) ? Activation() : null,
                ReverseGateActivation = isBoth && Chance(0.2) ? Activation() : null,
                ReverseCellActivation = isBoth && Chance(0.2) ? Activation() : null,
                ReverseHiddenActivation = isBoth && Chance(0.2) ? Activation() : null,
            },
        };
    }

    private LstmActivation Activation()
    {
        LstmActivationFunction function = Pick<LstmActivationFunction>();
        (double alpha, double beta) = Parameters(function.ToString());
        return new LstmActivation(function, alpha, beta);
    }

    private static ActivationSpec Function(ActivationFunction function)
    {
        (double alpha, double beta) = Parameters(function.ToString());
        return new ActivationSpec(function) { Alpha = alpha, Beta = beta };
    }

    private static (double Alpha, double Beta) Parameters(string function) => function switch
    {
        "HardSigmoid" => (0.2, 0.5),
        "ScaledTanh" => (1.2, 0.7),
        "Affine" => (0.6, 0.1),
        "LeakyRelu" => (0.1, 0),
        "Elu" => (0.7, 0),
        "ThresholdedRelu" => (0.05, 0),
        _ => (0, 0),
    };

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private TValue Pick<TValue>()
        where TValue : struct, Enum => Enum.GetValues<TValue>()[_random.Next(Enum.GetValues<TValue>().Length)];
}
