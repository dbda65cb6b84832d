using System.Numerics;
using Lstm.Cells;
using Lstm.Simd;
using Lstm.Specs;
using Lstm.Tests.Support;

namespace Lstm.Tests.Cases;

/// <summary>
/// A network, a batch and a loss over which all promises are tested. What the specs cannot do is told by properties, and tests
/// assert that it is refused.
/// </summary>
/// <param name="name">The name in the list.</param>
/// <param name="inputSize">Features of a step, or the number of ids.</param>
/// <param name="lengths">Lengths of a batch small enough for differences by every parameter.</param>
/// <param name="specs">The layers.</param>
internal sealed class NetworkCase(string name, int inputSize, int[] lengths, params LayerSpec[] specs)
{
    public string Name => name;

    public int InputSize => inputSize;

    public int[] Lengths => lengths;

    public LayerSpec[] Specs => specs;

    /// <summary>The loss of trainings. Default <see cref="CaseLoss.Squared"/>.</summary>
    public CaseLoss Loss { get; init; } = CaseLoss.Squared;

    /// <summary>Whether it stands for its kind where passes over long batches would take too long for every case.</summary>
    public bool OnLongBatches { get; init; }

    /// <summary>Whether it stands for its kind in the processes with other instruction sets.</summary>
    public bool OnEveryInstructionSet { get; init; }

    /// <summary>A factor of every random parameter: less than 1 for activations that grow without bounds.</summary>
    public double Damping { get; init; } = 1;

    /// <summary>Whether gradients are so small that differences need a larger step to stand out of rounding.</summary>
    public bool HasSmallGradients { get; init; }

    /// <summary>The step of central differences for still smaller gradients, beside which rounding is coarse.</summary>
    public double? DifferenceStep { get; init; }

    public bool TakesIds => specs[0] is EmbeddingSpec;

    /// <summary>The rows that each sequence becomes, whatever its length; null where it keeps its own.</summary>
    public int? PooledSteps => specs.LastOrDefault(spec => spec is PoolingSpec or RepeatLastSpec) switch
    {
        null => null,
        RepeatLastSpec repeat => repeat.Steps,
        _ => 1,
    };

    /// <summary>Whether it can be given its steps one by one: nothing waits for a sequence's end.</summary>
    public bool Streams => PooledSteps is null && Lstms.All(spec => spec.Direction == LstmDirection.Forward);

    /// <summary>Whether sequences of a batch depend on each other in training, and whole passes are needed.</summary>
    public bool UsesBatchStatistics => Lstms.Any(spec => spec.Normalization is BatchNormalization);

    /// <summary>Whether Backward leaves out a part of the gradient.</summary>
    public bool TruncatesGradient => Lstms.Any(spec => spec.TruncatedGradient);

    public bool LearnsInitialState => Lstms.Any(spec => spec.LearnInitialState);

    /// <summary>The custom cells, which a file only names.</summary>
    public CustomCell[] Cells => [.. Lstms.Select(spec => spec.CustomCell).OfType<CustomCell>().Distinct()];

    private IEnumerable<LstmSpec> Lstms => specs.OfType<LstmSpec>();

    /// <summary>A network with every parameter random.</summary>
    public Network<T> Create<T>(SimdWidth? width = null, int seed = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network = Sample.Network<T>(width ?? SimdDispatch.Best, seed, inputSize, specs);
        foreach (ref T value in network.Flat)
        {
            value *= T.CreateChecked(Damping);
        }

        network.Touch();
        return network;
    }

    /// <summary>A network with the parameters that its specs start it with.</summary>
    public Network<T> Start<T>(long seed = 7)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network = new(inputSize, specs, SimdDispatch.Best);
        network.Initialize(seed);
        return network;
    }

    /// <summary>A batch of features, or of ids.</summary>
    public NetworkInput<T> Input<T>(int seed, params int[] ofLengths)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => TakesIds ? Sample.Ids(seed, inputSize, ofLengths) : Sample.Batch<T>(seed, inputSize, ofLengths);

    /// <summary>A batch of one sequence, which is the one that a batch of the same seed has at the index of its key.</summary>
    public NetworkInput<T> Alone<T>(int seed, int key, int length)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => TakesIds
            ? SequenceBatch.FromSequences<int>([Sample.IdSequence(seed, key, length, inputSize)])
            : SequenceBatch.FromSequences<T>([Sample.Sequence<T>(seed, key, length, inputSize)], inputSize);

    /// <summary>A target of the loss for an input of the same lengths.</summary>
    public NetworkTarget<T> Target<T>(int seed, int outputSize, params int[] ofLengths)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int[] rows = PooledSteps is { } steps ? [.. ofLengths.Select(_ => steps)] : ofLengths;
        if (Loss.TakesLabels())
        {
            return Sample.Ids(seed, outputSize, rows);
        }

        SequenceBatch<T> target = Sample.Batch<T>(seed, outputSize, rows);
        if (Loss is CaseLoss.Binary or CaseLoss.WeightedBinary)
        {
            foreach (ref T value in target.Rows)
            {
                value = (value + T.One) / T.CreateChecked(2);
            }
        }

        return target;
    }

    public override string ToString() => name;
}
