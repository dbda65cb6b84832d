using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using Lstm.Parameters;
using Lstm.Runtime;
using Lstm.Texts;
using Lstm.Training;
using Lstm.Training.Optimizers;

namespace Lstm;

/// <summary>The base class of optimizers, which update a network's parameters from a gradient.</summary>
/// <remarks>
/// <para>An optimizer keeps state for each parameter and therefore belongs to one network: the network of its first step. The
/// built-in optimizers work element by element, so their results depend neither on the SIMD width nor on threads. Frozen
/// parameters and their state do not change. A parameter that is infinite, such as a bias of −∞ that masks a class, keeps its
/// value while its gradient and its weight decay are 0.</para>
/// <para>Derive custom optimizers from <see cref="CustomOptimizer{T}"/>. One step runs at a time: a second step that begins
/// during it, with this optimizer or on the same network, throws <see cref="InvalidOperationException"/>.</para>
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
    private OptimizerPart<T>[] _parts = [];

    private protected Optimizer(
        double learningRate, double weightDecay, ReadOnlySpan<string> buffers, ReadOnlySpan<(string Name, double Start)> scalars)
    {
        LearningRate = CheckAtLeastZero(learningRate, nameof(learningRate));
        _decay = CheckAtLeastZero(weightDecay, nameof(weightDecay));
        _bufferNames = buffers.ToArray();
        _scalarNames = [.. scalars.ToArray().Select(scalar => scalar.Name)];
        _scalarStarts = [.. scalars.ToArray().Select(scalar => scalar.Start)];
    }

    /// <summary>
    /// The learning rate η, finite in <typeparamref name="T"/> and at least 0. It can be changed between steps.
    /// </summary>
    /// <remarks>
    /// A schedule may lower the rate below the smallest number of <typeparamref name="T"/>; steps then change nothing.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double LearningRate
    {
        get;
        set => field = T.IsFinite(Number(value)) && value >= 0
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(value), value, $"The learning rate has to be at least 0, and finite in {TypeName.Of(typeof(T))}.");
    }

    /// <summary>The number of steps that the optimizer has made.</summary>
    public long Steps { get; internal set; }

    /// <summary>The settings and the state for each network that is stepped; empty before the first step.</summary>
    internal IReadOnlyList<OptimizerPart<T>> Parts => _parts;

    /// <summary>The names of the state's buffers, as in PyTorch.</summary>
    internal IReadOnlyList<string> BufferNames => _bufferNames;

    /// <summary>The names of each parameter's numbers.</summary>
    internal IReadOnlyList<string> ScalarNames => _scalarNames;

    /// <summary>
    /// The optimizer's kind, under the name <c>kind</c>, and its constructor settings; the others can be changed between steps.
    /// </summary>
    internal abstract IReadOnlyList<(string Name, string Value)> Description { get; }

    /// <summary>Whether a checkpoint may hold the number for a parameter.</summary>
    internal virtual bool IsScalar(double value) => value is >= 0 and <= 1;

    /// <summary>
    /// Sets the learning rate of one parameter relative to the others: <see cref="LearningRate"/> times a factor.
    /// </summary>
    /// <param name="parameterName">
    /// A name from <see cref="Network{T}.Parameters"/>. Before the first step, the check is deferred to that step.
    /// </param>
    /// <param name="factor">The factor, finite and at least 0. A parameter that is not set has 1.</param>
    /// <exception cref="ArgumentException">There is no such parameter, or the factor is negative or not finite.</exception>
    /// <exception cref="InvalidOperationException">A step is running.</exception>
    public void SetLearningRateFactor(string parameterName, double factor)
    {
        CheckAtLeastZero(factor, nameof(factor));
        using Use.Taking taken = Take();
        Set(_factorsByName, part => part.Factors, parameterName, factor);
    }

    /// <summary>Sets the weight decay of one parameter, for example 0 for a bias.</summary>
    /// <param name="parameterName">
    /// A name from <see cref="Network{T}.Parameters"/>. Before the first step, the check is deferred to that step.
    /// </param>
    /// <param name="weightDecay">The weight decay λ, finite and at least 0.</param>
    /// <exception cref="ArgumentException">There is no such parameter, or the decay is negative or not finite.</exception>
    /// <exception cref="InvalidOperationException">A step is running.</exception>
    public void SetWeightDecay(string parameterName, double weightDecay)
    {
        CheckAtLeastZero(weightDecay, nameof(weightDecay));
        using Use.Taking taken = Take();
        Set(_decaysByName, part => part.Decays, parameterName, weightDecay);
    }

    /// <summary>Makes one step: updates the parameters that are not frozen, and increments the network's version.</summary>
    /// <param name="network">The network, the same one as in the first step.</param>
    /// <param name="gradient">A gradient of the network. The step does not change it.</param>
    /// <exception cref="ArgumentException">
    /// The gradient belongs to another network, or a learning rate factor or weight decay was set for a parameter that does not
    /// exist.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The optimizer's state belongs to another network; or the optimizer, the network's parameters or the gradient are in use.
    /// </exception>
    public void Step(Network<T> network, Gradient<T> gradient) => Step(network, gradient, null);

    /// <summary>Makes a step on one network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="gradient">A gradient of the network.</param>
    /// <param name="team">Workers that share it, or null.</param>
    internal void Step(Network<T> network, Gradient<T> gradient, WorkerTeam? team)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(gradient);
        if (!ReferenceEquals(gradient.Layout, network.Layout))
        {
            throw new ArgumentException("The gradient belongs to another network; use its CreateGradient.", nameof(gradient));
        }

        Step(new ReadOnlySpan<Network<T>>(in network), [string.Empty], new ReadOnlySpan<Gradient<T>>(in gradient), team);
    }

    /// <summary>Makes a step on the networks of a model.</summary>
    /// <param name="networks">The networks. With more than one, the caller holds the locks of their parameters.</param>
    /// <param name="names">The names of the networks.</param>
    /// <param name="gradients">A gradient of each network.</param>
    /// <param name="team">Workers that share it, or null.</param>
    /// <param name="factor">A schedule's factor of the learning rate.</param>
    /// <returns>The learning rate of the step.</returns>
    internal double Step(
        ReadOnlySpan<Network<T>> networks, ReadOnlySpan<string> names, ReadOnlySpan<Gradient<T>> gradients, WorkerTeam? team,
        double factor = 1)
    {
        using Use.Taking taken = Take();
        return StepTaken(networks, names, gradients, team, factor, 0);
    }

    // Takes the networks and gradients from one on, then makes the step.
    private double StepTaken(
        ReadOnlySpan<Network<T>> networks, ReadOnlySpan<string> names, ReadOnlySpan<Gradient<T>> gradients, WorkerTeam? team,
        double factor, int first)
    {
        if (first < networks.Length)
        {
            using Use.Taking writing = networks[first].TakeForWriting();
            using Use.Reading reading = Gradient<T>.Read(gradients[first]);
            lock (networks[first].ParameterLock)
            {
                return StepTaken(networks, names, gradients, team, factor, first + 1);
            }
        }

        double learningRate = RateOf(factor);
        Bind(networks, names);
        UpdateAll(gradients, learningRate, team);
        Steps++;
        foreach (Network<T> network in networks)
        {
            network.Touch();
        }

        return learningRate;
    }

    private double RateOf(double factor)
    {
        double rate = LearningRate * factor;
        return T.IsFinite(Number(rate))
            ? rate
            : throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture,
                $"The learning rate {LearningRate} times the schedule's factor {factor} is {rate} in step {Steps}, which is " +
                $"not finite in {TypeName.Of(typeof(T))}."));
    }

    /// <summary>Changes the parameters that are not frozen, and the state.</summary>
    private protected virtual void UpdateAll(ReadOnlySpan<Gradient<T>> gradients, double learningRate, WorkerTeam? team)
    {
        for (int i = 0; i < _parts.Length; i++)
        {
            Debug.Assert(
                ReferenceEquals(gradients[i].Layout, _parts[i].Network.Layout), "A gradient belongs to another network.");
            UpdatePart(_parts[i], gradients[i], learningRate, team);
            GC.KeepAlive(gradients[i]);
        }
    }

    private void UpdatePart(OptimizerPart<T> part, Gradient<T> gradient, double learningRate, WorkerTeam? team)
    {
        IReadOnlyList<Parameter> parameters = part.Network.Parameters;
        for (int first = 0; first < parameters.Count;)
        {
            int end = part.EndOfLike(first);
            if (parameters[first].Trainable)
            {
                // The gap between two parameters is padding: zero in every buffer, and no rule makes it anything else.
                int from = parameters[first].Offset;
                int to = parameters[end - 1].Offset + parameters[end - 1].PackedLength;
                UpdateRange(part, gradient, first, end, from, to, learningRate * part.Factors[first], part.Decays[first], team);
            }

            first = end;
        }
    }

    /// <summary>Takes the optimizer for whoever changes its state.</summary>
    /// <exception cref="InvalidOperationException">It is in use.</exception>
    internal Use.Taking Take()
        => Use.Take(
            _use, "The optimizer", "Its steps follow one another: give each network, and each thread, an optimizer of its own.");

    /// <summary>Makes the state for networks, all zero; afterwards only these networks can be stepped.</summary>
    /// <param name="networks">The networks of a step.</param>
    /// <param name="names">The names that parameters' names begin with; an empty one for a network alone.</param>
    /// <exception cref="ArgumentException">A name that a setting was made for is no parameter.</exception>
    /// <exception cref="InvalidOperationException">The state belongs to other networks.</exception>
    internal void Bind(ReadOnlySpan<Network<T>> networks, ReadOnlySpan<string> names)
    {
        if (_parts.Length == 0)
        {
            OptimizerPart<T>[] parts = MakeState(networks.ToArray(), names.ToArray());
            Reserve(parts);
            _parts = parts;
        }
        else if (!IsBoundTo(networks))
        {
            throw new InvalidOperationException("The optimizer's state belongs to another network; create one for each network.");
        }
    }

    /// <summary>Makes the buffers that steps need besides the state.</summary>
    private protected virtual void Reserve(OptimizerPart<T>[] parts)
    {
    }

    /// <summary>Updates the elements [from, to) of parameters [first, end), which have the same settings and numbers.</summary>
    private protected abstract void UpdateRange(
        OptimizerPart<T> part, Gradient<T> gradient, int first, int end, int from, int to, double learningRate,
        double weightDecay,
        WorkerTeam? team);

    private protected static void Run<TRule>(Network<T> network, TRule rule, int from, int to, WorkerTeam? team)
        where TRule : struct, IUpdateRule<T>
    {
        Debug.Assert(from >= 0 && from <= to && to <= network.Layout.Length, "A range of parameters is out of their buffer.");
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

    /// <summary>Returns the optimizer's name, its settings and its number of steps as text.</summary>
    public override string ToString()
    {
        IEnumerable<string> settings = Description.Skip(1).Select(setting => $"{setting.Name} {setting.Value}");
        return $"{TypeName.Of(this)}: {string.Join(", ", settings.Prepend($"learning rate {Text(LearningRate)}"))}, " +
            $"{Counted.Of(Steps, "step")}";
    }

    private protected static T Number(double value) => T.CreateTruncating(value);

    private protected static double CheckAtLeastZero(double value, string argument)
        => double.IsFinite(value) && value >= 0
            ? NumberCheck<T>.Check(value, argument)
            : throw new ArgumentOutOfRangeException(argument, value, "The value has to be finite and at least 0.");

    private protected static double CheckFraction(double value, string argument)
        => value >= 0 && Number(value) < T.One
            ? NumberCheck<T>.Check(value, argument)
            : throw new ArgumentOutOfRangeException(
                argument, value, $"The value has to be in 0 ≤ x < 1, rounded to {TypeName.Of(typeof(T))} too.");

    /// <summary>ε keeps 0/0 from happening, in padding too: it may not vanish in <typeparamref name="T"/>.</summary>
    private protected static double CheckEpsilon(double value, string argument)
        => T.IsFinite(Number(value)) && Number(value) > T.Zero
            ? value
            : throw new ArgumentOutOfRangeException(
                argument, value, $"ε has to be finite and above 0 in {TypeName.Of(typeof(T))}.");

    private OptimizerPart<T>[] MakeState(Network<T>[] networks, string[] names)
    {
        OptimizerPart<T>[] parts = new OptimizerPart<T>[networks.Length];
        for (int n = 0; n < parts.Length; n++)
        {
            string prefix = names[n].Length == 0 ? string.Empty : names[n] + ".";
            OptimizerPart<T> part = parts[n] = new OptimizerPart<T>(networks[n], prefix, _bufferNames.Length, _scalarStarts);
            for (int i = 0; i < part.Factors.Length; i++)
            {
                string name = prefix + networks[n].Parameters[i].Name;
                part.Factors[i] = _factorsByName.GetValueOrDefault(name, 1);
                part.Decays[i] = _decaysByName.GetValueOrDefault(name, _decay);
            }
        }

        foreach (string name in _factorsByName.Keys.Concat(_decaysByName.Keys))
        {
            Find(parts, name);
        }

        return parts;
    }

    private bool IsBoundTo(ReadOnlySpan<Network<T>> networks)
    {
        bool same = networks.Length == _parts.Length;
        for (int i = 0; same && i < networks.Length; i++)
        {
            same = ReferenceEquals(networks[i], _parts[i].Network);
        }

        return same;
    }

    private void Set(Dictionary<string, double> byName, Func<OptimizerPart<T>, double[]> values, string name, double value)
    {
        ArgumentNullException.ThrowIfNull(name, "parameterName");
        if (_parts.Length > 0)
        {
            (OptimizerPart<T> part, int index) = Find(_parts, name);
            values(part)[index] = value;
        }

        byName[name] = value;
    }

    private static (OptimizerPart<T> Part, int Index) Find(OptimizerPart<T>[] parts, string name)
    {
        foreach (OptimizerPart<T> part in parts)
        {
            if (part.Find(name) is >= 0 and int index)
            {
                return (part, index);
            }
        }

        if (parts is [{ Prefix: "" } alone])
        {
            // Throws, and lists the names.
            alone.Network.Layout.Find(name);
        }

        string[] names = [.. parts.SelectMany(part => part.Network.Parameters.Select(parameter => part.Prefix + parameter.Name))];
        throw new ArgumentException(
            $"The model has no parameter '{Shortened.Text(name)}'; it has {Shortened.List(names)}.", nameof(name));
    }
}
