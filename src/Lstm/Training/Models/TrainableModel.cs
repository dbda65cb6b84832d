using System.Numerics;
using Lstm.Layers;
using Lstm.Runtime;

namespace Lstm.Training;

/// <summary>The base class of models of several networks that a <see cref="Trainer{T}"/> trains together.</summary>
/// <remarks>
/// <para>A model consists of named networks and a method that creates passes. Derive from this class to train several networks
/// together, such as an encoder and a decoder, or a network of characters under a network of words. <see cref="CreatePass"/>
/// returns a <see cref="ModelPass{T}"/>, whose two methods run the networks forward and backward. The trainer provides loss,
/// clipping, optimizer, schedules, checkpoints, evaluation and early stopping. For one network, a <see cref="Trainer{T}"/>
/// creates the model itself.</para>
/// <para>The last network gives the output that the loss compares with the target. It reads the last part of the input
/// (<see cref="NetworkInput{T}"/>), so that its output has the lengths of that part, or one row for each sequence if the network
/// pools them. The other parts may have any lengths, kinds and numbers of sequences. With <see cref="LossUnit.Sequence"/> the
/// target's lengths may differ from the output's.</para>
/// <para>In checkpoints, optimizer settings and messages, parameter names start with the network's name:
/// <c>encoder.lstm.weight_ih_l0</c>. A derived model reads whole sequences: <see cref="TrainingOptions.TruncateAfter"/>,
/// <see cref="TrainingOptions.CarryState"/> and <see cref="EvaluationOptions.CarryState"/> are refused.</para>
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public abstract class TrainableModel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Network<T>[] _networks;
    private readonly string[] _names;

    /// <summary>Initializes a model with its networks.</summary>
    /// <param name="networks">
    /// One or more networks with their names, in the order of a forward pass; the last one gives the output. Networks and
    /// names are unique. A name is not empty and has no dot.
    /// </param>
    /// <exception cref="ArgumentException">
    /// There are no networks, a name is not valid, or a network or name occurs twice.
    /// </exception>
    /// <exception cref="ArgumentNullException">A name or a network is null.</exception>
    protected TrainableModel(params ReadOnlySpan<(string Name, Network<T> Network)> networks)
    {
        if (networks.Length == 0)
        {
            throw new ArgumentException("The model has 0 networks; give at least 1.", nameof(networks));
        }

        _names = new string[networks.Length];
        _networks = new Network<T>[networks.Length];
        for (int i = 0; i < networks.Length; i++)
        {
            (string name, Network<T> network) = networks[i];
            ArgumentNullException.ThrowIfNull(name, nameof(networks));
            ArgumentNullException.ThrowIfNull(network, nameof(networks));
            if (name.Length == 0 || name.Contains('.', StringComparison.Ordinal) || _names.Contains(name))
            {
                throw new ArgumentException(
                    $"Network {i} has the name '{name}'; give each network a unique name, not empty and without a dot.",
                    nameof(networks));
            }

            if (_networks.Contains(network))
            {
                throw new ArgumentException(
                    $"Network {i}, '{name}', is in the model twice; give each network once.", nameof(networks));
            }

            (_names[i], _networks[i]) = (name, network);
        }

        Locks = new LockGroup([.. _networks.Select(network => network.ParameterLock)]);
    }

    /// <summary>Makes the model of a single network, whose parameters keep their names.</summary>
    private protected TrainableModel(Network<T> network)
    {
        (_names, _networks) = ([string.Empty], [network]);
        Locks = new LockGroup(network.ParameterLock);
    }

    /// <summary>The networks, in the order of a forward pass. The last one gives the output.</summary>
    public IReadOnlyList<Network<T>> Networks => _networks;

    /// <summary>The names of <see cref="Networks"/>. The model of a single network has one empty name.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The network that gives the output, and whose states are carried where a model can carry them.</summary>
    internal Network<T> Output => _networks[^1];

    /// <summary>The networks without a copy.</summary>
    internal ReadOnlySpan<Network<T>> All => _networks;

    /// <summary>The names without a copy.</summary>
    internal ReadOnlySpan<string> AllNames => _names;

    /// <summary>The locks of all parameters.</summary>
    internal LockGroup Locks { get; }

    /// <summary>Whether a network has running averages, which are measured step by step.</summary>
    internal bool HasStatistics => Array.Exists(_networks, network => network.HasStatistics);

    /// <summary>The rows of the output for each sequence: 1 after a pooling; null where it has those of the input.</summary>
    internal int? PooledSteps => Output.Layers.LastOrDefault(layer => layer is PoolingLayer<T> or RepeatLastLayer<T>) switch
    {
        null => null,
        RepeatLastLayer<T> repeat => repeat.Steps,
        _ => 1,
    };

    /// <summary>Why sequences can be neither cut nor continued, as the beginning of a sentence; null if they can.</summary>
    internal virtual string? WholeSequenceReason => $"The model {this} reads whole sequences";

    /// <summary>Returns the type's name and the names of the networks as text.</summary>
    public override string ToString() => $"{GetType().Name.Split('`')[0]} ({string.Join(", ", _names)})";

    /// <summary>Checks an input and describes why it does not match the model.</summary>
    /// <remarks>
    /// Called for each batch before the batch is used. An override checks the number of parts, their kinds and sizes, and the
    /// relation of their sequences. It does not run a network.
    /// </remarks>
    /// <param name="input">The input of a batch.</param>
    /// <returns>A sentence that names both sizes and the remedy. Null if the input matches.</returns>
    protected abstract string? WhyNotInput(NetworkInput<T> input);

    /// <summary>Checks a part of an input and describes why a network of the model cannot read it.</summary>
    /// <remarks>Checks the kind and the size of the values, the number of sequences and the ids.</remarks>
    /// <param name="network">The network.</param>
    /// <param name="part">The part, for example <c>input[0]</c>.</param>
    /// <returns>A sentence with the remedy. Null if the network can read the part.</returns>
    protected static string? WhyNotInput(Network<T> network, NetworkInput<T> part)
    {
        ArgumentNullException.ThrowIfNull(network);
        part.Require(nameof(part));
        return network.WhyNotInput(part);
    }

    /// <summary>Creates the object that runs batches through the networks, for one call of Fit or of an evaluation.</summary>
    /// <param name="options">The options of its passes, for the constructor of <see cref="ModelPass{T}"/>.</param>
    protected abstract ModelPass<T> CreatePass(ModelPassOptions options);

    /// <summary>The beginning of the names of a network's parameters.</summary>
    internal string PrefixOf(int network) => PrefixOf(_names[network]);

    internal static string PrefixOf(string name) => name.Length == 0 ? string.Empty : name + ".";

    internal string? WhyNot(NetworkInput<T> input)
        => WhyNotInput(input)
            ?? (input.Shape.Count == 0 ? "The batch has 0 sequences, and at least 1 is needed. Fill the batch first." : null);

    internal ModelPass<T> NewPass(ModelPassOptions options)
        => CreatePass(options) ?? throw new InvalidOperationException($"CreatePass of the model {this} returned null.");
}
