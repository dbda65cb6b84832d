using System.Globalization;
using System.Numerics;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Texts;
using Lstm.Training;
using Lstm.Training.Optimizers;

namespace Lstm;

/// <summary>Changes a network's parameters along a gradient.</summary>
/// <remarks>
/// An optimizer keeps state for each parameter, and so belongs to one network: the one of its first step. It works element
/// by element, so its results depend neither on the SIMD width nor on threads. Frozen parameters and their state stay as
/// they are. <see cref="CustomOptimizer{T}"/> is the base of optimizers outside this library. A parameter that is infinite, such as a bias of −∞
/// that masks a class, stays so as long as its gradient is 0 and its weight decay is 0.
/// One step is made at a time: a second one that begins meanwhile, with this optimizer or on the same network, throws
/// <see cref="InvalidOperationException"/>.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public abstract class Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Use _use = new();
    private readonly Dictionary<string, double> _factorsByName = [];
    private readonly Dictionary<string, double> _decaysByName = [];
    private readonly double _decay;
    private readonly string[] _bufferNames;
    private readonly string[] _scalarNames;
    private readonly double[] _scalarStarts;
    private Network<T>? _network;
    private double[] _factors = [];
    private double[] _decays = [];

    private protected Optimizer(double learningRate, double weightDecay, ReadOnlySpan<string> buffers, ReadOnlySpan<(string Name, double Start)> scalars)
    {
        LearningRate = CheckAtLeastZero(learningRate, nameof(learningRate));
        _decay = CheckAtLeastZero(weightDecay, nameof(weightDecay));
        _bufferNames = buffers.ToArray();
        _scalarNames = [.. scalars.ToArray().Select(scalar => scalar.Name)];
        _scalarStarts = [.. scalars.ToArray().Select(scalar => scalar.Start)];
    }

    /// <summary>The learning rate η, finite in <typeparamref name="T"/> and at least 0; it may be changed between steps.</summary>
    /// <remarks>A rate that a schedule has made smaller than any number of <typeparamref name="T"/> is allowed: steps change nothing then.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or not finite.</exception>
    public double LearningRate
    {
        get;
        set => field = T.IsFinite(Number(value)) && value >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"The learning rate has to be at least 0, and finite in {typeof(T).Name}.");
    }

    /// <summary>How many steps it has made.</summary>
    public long Steps { get; internal set; }

    /// <summary>Its state, one buffer per name, each as long as the flat parameters and laid out like them; empty before the first step.</summary>
    internal AlignedBuffer<T>[] Buffers { get; private set; } = [];

    /// <summary>The names of <see cref="Buffers"/>, as in PyTorch.</summary>
    internal IReadOnlyList<string> BufferNames => _bufferNames;

    /// <summary>Its numbers for each parameter, one array per name; empty before the first step.</summary>
    internal double[][] Scalars { get; private set; } = [];

    /// <summary>The names of <see cref="Scalars"/>.</summary>
    internal IReadOnlyList<string> ScalarNames => _scalarNames;

    /// <summary>The learning rate's factor for each parameter; empty before the first step.</summary>
    internal double[] Factors => _factors;

    /// <summary>The weight decay of each parameter; empty before the first step.</summary>
    internal double[] Decays => _decays;

    /// <summary>The optimizer's kind, under the name <c>kind</c>, and its constructor settings; the others can be changed between steps.</summary>
    internal abstract IReadOnlyList<(string Name, string Value)> Description { get; }

    /// <summary>Whether a checkpoint may hold the number for a parameter.</summary>
    internal virtual bool IsScalar(double value) => value is >= 0 and <= 1;

    /// <summary>Makes one parameter learn faster or slower: its learning rate is <see cref="LearningRate"/> times a factor.</summary>
    /// <param name="parameterName">A name from <see cref="Network{T}.Parameters"/>; checked at the first step if there has been none.</param>
    /// <param name="factor">Finite and at least 0. Default 1.</param>
    /// <exception cref="ArgumentException">There is no such parameter, or the factor is negative or not finite.</exception>
    /// <exception cref="InvalidOperationException">A step is being made.</exception>
    public void SetLearningRateFactor(string parameterName, double factor)
    {
        CheckAtLeastZero(factor, nameof(factor));
        using Use.Taking taken = Take();
        Set(_factorsByName, _factors, parameterName, factor);
    }

    /// <summary>Gives one parameter a weight decay of its own, e.g. 0 for biases.</summary>
    /// <param name="parameterName">A name from <see cref="Network{T}.Parameters"/>; checked at the first step if there has been none.</param>
    /// <param name="weightDecay">λ, finite and at least 0.</param>
    /// <exception cref="ArgumentException">There is no such parameter, or the decay is negative or not finite.</exception>
    /// <exception cref="InvalidOperationException">A step is being made.</exception>
    public void SetWeightDecay(string parameterName, double weightDecay)
    {
        CheckAtLeastZero(weightDecay, nameof(weightDecay));
        using Use.Taking taken = Take();
        Set(_decaysByName, _decays, parameterName, weightDecay);
    }

    /// <summary>Changes the parameters that are not frozen, and counts up the network's version.</summary>
    /// <param name="network">The network; that of the first step.</param>
    /// <param name="gradient">A gradient of the network; not changed.</param>
    /// <exception cref="ArgumentException">The gradient belongs to another network, or a name that a setting was made for is no parameter.</exception>
    /// <exception cref="InvalidOperationException">The optimizer's state belongs to another network; or the optimizer, the network's parameters or the gradient are in use.</exception>
    public void Step(Network<T> network, Gradient<T> gradient) => Step(network, gradient, null);

    /// <summary>Makes a step.</summary>
    /// <param name="network">The network.</param>
    /// <param name="gradient">A gradient of the network.</param>
    /// <param name="team">Workers that share it, or null.</param>
    /// <param name="factor">A schedule's factor of the learning rate.</param>
    /// <returns>The learning rate of the step.</returns>
    internal double Step(Network<T> network, Gradient<T> gradient, WorkerTeam? team, double factor = 1)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(gradient);
        if (!ReferenceEquals(gradient.Layout, network.Layout))
        {
            throw new ArgumentException("The gradient belongs to another network.", nameof(gradient));
        }

        using Use.Taking taken = Take();
        using Use.Taking writing = network.TakeForWriting();
        using Use.Reading reading = Gradient<T>.Read(gradient);
        double learningRate = RateOf(factor);
        Bind(network);
        lock (network.ParameterLock)
        {
            UpdateAll(network, gradient, learningRate, team);
            Steps++;
            network.Touch();
        }

        GC.KeepAlive(gradient);
        return learningRate;
    }

    private double RateOf(double factor)
    {
        double rate = LearningRate * factor;
        return T.IsFinite(Number(rate))
            ? rate
            : throw new InvalidOperationException(InvariantText.Of(
                $"The learning rate {LearningRate} times the schedule's factor {factor} is {rate} in step {Steps}, which is not finite in {typeof(T).Name}."));
    }

    /// <summary>Changes the parameters that are not frozen, and the state.</summary>
    private protected virtual void UpdateAll(Network<T> network, Gradient<T> gradient, double learningRate, WorkerTeam? team)
    {
        IReadOnlyList<Parameter> parameters = network.Parameters;
        for (int first = 0; first < parameters.Count;)
        {
            int end = first + 1;
            while (end < parameters.Count && IsLike(parameters, first, end))
            {
                end++;
            }

            if (parameters[first].Trainable)
            {
                // The gap between two parameters is padding: zero in every buffer, and no rule makes it anything else.
                int from = parameters[first].Offset;
                int to = parameters[end - 1].Offset + parameters[end - 1].PackedLength;
                UpdateRange(network, gradient, first, end, from, to, learningRate * _factors[first], _decays[first], team);
            }

            first = end;
        }
    }

    /// <summary>Takes the optimizer for whoever changes its state.</summary>
    /// <exception cref="InvalidOperationException">It is in use.</exception>
    internal Use.Taking Take() => Use.Take(_use, "The optimizer", "Its steps follow one another: give each network, and each thread, an optimizer of its own.");

    /// <summary>Makes the state for a network, all zero; afterwards only this network can be stepped.</summary>
    internal virtual void Bind(Network<T> network)
    {
        if (_network is null)
        {
            MakeState(network);
        }
        else if (!ReferenceEquals(_network, network))
        {
            throw new InvalidOperationException("The optimizer's state belongs to another network; use one optimizer for each.");
        }
    }

    /// <summary>Updates the elements [from, to) of parameters [first, end), which have the same settings and numbers.</summary>
    private protected abstract void UpdateRange(
        Network<T> network, Gradient<T> gradient, int first, int end, int from, int to, double learningRate, double weightDecay, WorkerTeam? team);

    private protected static void Run<TRule>(Network<T> network, TRule rule, int from, int to, WorkerTeam? team)
        where TRule : struct, IUpdateRule<T>
    {
        UpdateKernel<TRule, T> kernel = new() { Width = network.Width, Rule = rule, First = from, End = to };
        if (team is null)
        {
            kernel.Run(WorkShare.Whole);
        }
        else
        {
            team.Run(ref kernel);
        }
    }

    /// <summary>A number as text that says all of its bits.</summary>
    private protected static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private protected static T Number(double value) => T.CreateTruncating(value);

    private protected static double CheckAtLeastZero(double value, string argument)
        => double.IsFinite(value) && value >= 0
            ? NumberCheck<T>.Check(value, argument)
            : throw new ArgumentOutOfRangeException(argument, value, "It has to be finite and at least 0.");

    private protected static double CheckFraction(double value, string argument)
        => value >= 0 && Number(value) < T.One
            ? NumberCheck<T>.Check(value, argument)
            : throw new ArgumentOutOfRangeException(argument, value, $"It has to be in 0 ≤ x < 1, rounded to {typeof(T).Name} too.");

    /// <summary>ε keeps 0/0 from happening, in padding too: it may not vanish in <typeparamref name="T"/>.</summary>
    private protected static double CheckEpsilon(double value, string argument)
        => T.IsFinite(Number(value)) && Number(value) > T.Zero
            ? value
            : throw new ArgumentOutOfRangeException(argument, value, $"ε has to be finite and above 0 in {typeof(T).Name}.");

    // Apart from Bind, whose every call would allocate this method's closures.
    private void MakeState(Network<T> network)
    {
        foreach (string name in _factorsByName.Keys.Concat(_decaysByName.Keys))
        {
            network.Layout.Find(name);
        }

        _factors = [.. network.Parameters.Select(p => _factorsByName.GetValueOrDefault(p.Name, 1))];
        _decays = [.. network.Parameters.Select(p => _decaysByName.GetValueOrDefault(p.Name, _decay))];
        Buffers = [.. _bufferNames.Select(_ => new AlignedBuffer<T>(network.Layout.Length))];
        Scalars = [.. _scalarStarts.Select(start => Enumerable.Repeat(start, network.Parameters.Count).ToArray())];
        _network = network;
    }

    private bool IsLike(IReadOnlyList<Parameter> parameters, int a, int b)
    {
        bool same = parameters[a].Trainable == parameters[b].Trainable && _factors[a] == _factors[b] && _decays[a] == _decays[b];
        for (int i = 0; same && i < Scalars.Length; i++)
        {
            same = Scalars[i][a] == Scalars[i][b];
        }

        return same;
    }

    private void Set(Dictionary<string, double> byName, double[] values, string name, double value)
    {
        ArgumentNullException.ThrowIfNull(name, "parameterName");
        if (_network is not null)
        {
            Parameter parameter = _network.Layout.Find(name);
            for (int i = 0; i < values.Length; i++)
            {
                if (ReferenceEquals(_network.Parameters[i], parameter))
                {
                    values[i] = value;
                }
            }
        }

        byName[name] = value;
    }
}
