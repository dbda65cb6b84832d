using System.Globalization;
using Lstm.Texts;

namespace Lstm.Training;

/// <summary>
/// The base class of learning rate schedules, which compute a factor of <see cref="Optimizer{T}.LearningRate"/> for each step.
/// </summary>
/// <remarks>
/// <para>Set a schedule in <see cref="Trainer{T}.Schedule"/>. Before each step the trainer multiplies the optimizer's learning
/// rate by the schedule's factor, without changing the optimizer's property; <see cref="TrainingProgress.LearningRate"/> is the
/// product.</para>
/// <para>A custom schedule overrides <see cref="FactorOf"/>, a function of the time alone. A schedule that depends on the losses
/// declares numbers by name in its constructor and changes them, and nothing else, in <see cref="OnEpochEnd"/>. Checkpoints save
/// the numbers, so a resumed training run gives the same bits. A schedule with numbers belongs to the first trainer that uses it;
/// a schedule without numbers can be shared.</para>
/// </remarks>
public abstract class LearningRateSchedule
{
    private readonly string[] _names;
    private readonly double[] _state;
    private readonly LearningRateSchedule[] _inner;
    private object? _owner;

    /// <summary>Initializes the schedule and declares its numbers.</summary>
    /// <param name="state">
    /// The names of the numbers that the schedule changes, and their initial values, which are not NaN. A name consists of ASCII
    /// letters, digits and underscores.
    /// </param>
    /// <param name="inner">
    /// The schedules that this schedule contains. They are notified of the end of each epoch, and checkpoints save their numbers.
    /// </param>
    /// <exception cref="ArgumentException">
    /// A name is not valid or occurs twice, a value is NaN, or a schedule is null.
    /// </exception>
    protected LearningRateSchedule(
        ReadOnlySpan<(string Name, double Start)> state = default, params ReadOnlySpan<LearningRateSchedule> inner)
    {
        _names = new string[state.Length];
        _state = new double[state.Length];
        for (int i = 0; i < state.Length; i++)
        {
            (_names[i], _state[i]) = state[i];
        }

        StateNames.Check(_names, nameof(state));
        if (Array.FindIndex(_state, double.IsNaN) is >= 0 and int broken)
        {
            throw new ArgumentException($"The initial value of '{_names[broken]}' is NaN; give a number.", nameof(state));
        }

        _inner = inner.ToArray();
        if (Array.IndexOf(_inner, null) is >= 0 and int missing)
        {
            throw new ArgumentException($"Inner schedule {missing} is null; give a schedule.", nameof(inner));
        }
    }

    /// <summary>The schedule's name in checkpoints. Default: the name of the type.</summary>
    public virtual string Kind => GetType().Name;

    /// <summary>Whether the schedule, or one that it is made of, has numbers that it changes.</summary>
    internal bool HasState => _state.Length > 0 || Array.Exists(_inner, inner => inner.HasState);

    /// <summary>Epochs whose end the schedule has heard of.</summary>
    internal long EpochsHeard { get; private set; }

    /// <summary>
    /// The constructor's settings by name, as culture-independent text. A checkpoint with other settings is refused. Default
    /// none.
    /// </summary>
    protected virtual IReadOnlyList<(string Name, string Value)> Settings => [];

    /// <summary>The schedule's numbers, in the constructor's order.</summary>
    protected Span<double> State => _state;

    /// <summary>Computes the factor of the learning rate for one step.</summary>
    /// <param name="time">The numbers of steps and epochs before the step, at least 0.</param>
    /// <returns>The factor, finite and at least 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A count is negative.</exception>
    /// <exception cref="InvalidOperationException">The schedule returned a factor that is negative, infinite or NaN.</exception>
    public double FactorAt(ScheduleTime time)
    {
        if (time.Step < 0 || time.Epoch < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(time), time, "The numbers of steps and epochs have to be at least 0.");
        }

        double factor = FactorOf(time);
        return double.IsFinite(factor) && factor >= 0
            ? factor
            : throw new InvalidOperationException(
                $"The schedule {this} gives the factor {InvariantText.Of($"{factor}")} for step {time.Step} of epoch "
                + $"{time.Epoch}; the factor has to be finite and at least 0.");
    }

    /// <summary>Returns the schedule's kind and settings as text.</summary>
    public override string ToString()
        => Settings.Count == 0 ? Kind
            : $"{Kind} ({string.Join(", ", Settings.Select(setting => $"{setting.Name} {setting.Value}"))})";

    /// <summary>
    /// Computes the factor of the learning rate for one step, from the time, the settings and <see cref="State"/> only.
    /// </summary>
    /// <param name="time">The numbers of steps and epochs before the step, at least 0.</param>
    /// <returns>The factor, finite and at least 0.</returns>
    protected abstract double FactorOf(ScheduleTime time);

    /// <summary>
    /// Updates <see cref="State"/> at the end of an epoch. Called once per epoch, and only for schedules that declare numbers.
    /// </summary>
    /// <param name="epoch">The number of the epoch, counted from 1 over all calls of Fit.</param>
    /// <param name="loss">
    /// The validation loss, or the epoch's training loss if there are no validation batches. NaN if every step was skipped.
    /// </param>
    protected virtual void OnEpochEnd(long epoch, double loss)
    {
    }

    /// <summary>Formats a setting as culture-independent text from which the exact value can be read.</summary>
    /// <param name="value">The setting.</param>
    protected static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>Makes a schedule with numbers the property of one trainer.</summary>
    /// <exception cref="InvalidOperationException">It belongs to another one.</exception>
    internal void Bind(object owner)
    {
        if (HasState && Interlocked.CompareExchange(ref _owner, owner, null) is { } other && !ReferenceEquals(other, owner))
        {
            throw new InvalidOperationException(
                $"The schedule {this} follows the losses of another trainer; create one schedule for each trainer.");
        }

        Array.ForEach(_inner, inner => inner.Bind(owner));
    }

    /// <summary>Tells the schedule and those that it is made of of an epoch's end.</summary>
    /// <remarks>A schedule that throws, or makes a number NaN, is left as it was.</remarks>
    /// <exception cref="InvalidOperationException">A number became NaN.</exception>
    internal void EndEpoch(long epoch, double loss)
    {
        if (!HasState)
        {
            return;
        }

        (string Name, double[] Values, int Index)[] state = [.. AllState()];
        double[] before = Array.ConvertAll(state, entry => entry.Values[entry.Index]);
        try
        {
            Tell(epoch, loss);
            if (Array.FindIndex(state, entry => double.IsNaN(entry.Values[entry.Index])) is >= 0 and int broken)
            {
                throw new InvalidOperationException(
                    $"The schedule {this} made its number '{state[broken].Name}' NaN at the end of epoch {epoch}.");
            }

            EpochsHeard = epoch;
        }
        catch
        {
            for (int i = 0; i < state.Length; i++)
            {
                state[i].Values[state[i].Index] = before[i];
            }

            throw;
        }
    }

    /// <summary>Goes on from a number of epochs, whether their ends were heard of or not.</summary>
    internal void MoveTo(long epochsHeard) => EpochsHeard = epochsHeard;

    /// <summary>All numbers with their names, those of inner schedules after <c>inner0.</c> and so on.</summary>
    internal IEnumerable<(string Name, double[] Values, int Index)> AllState(string prefix = "")
        => _names.Select((name, i) => (prefix + name, _state, i))
            .Concat(_inner.SelectMany((inner, i) => inner.AllState(InnerPrefix(prefix, i))));

    /// <summary>Kind and settings, those of inner schedules after <c>inner0.</c> and so on.</summary>
    internal IEnumerable<(string Name, string Value)> AllSettings(string prefix = "")
        => Settings.Prepend(("kind", Kind)).Select(setting => (prefix + setting.Item1, setting.Item2))
            .Concat(_inner.SelectMany((inner, i) => inner.AllSettings(InnerPrefix(prefix, i))));

    private protected static double CheckFactor(double value, string argument)
        => double.IsFinite(value) && value >= 0 ? value
        : throw new ArgumentOutOfRangeException(argument, value, "The value has to be finite and at least 0.");

    private protected static long CheckLength(long value, string argument)
        => value >= 1 ? value : throw new ArgumentOutOfRangeException(argument, value, "The value has to be at least 1.");

    private protected static ScheduleUnit CheckUnit(ScheduleUnit value, string argument)
        => Enum.IsDefined(value)
            ? value
            : throw new ArgumentOutOfRangeException(argument, value, "The unit has to be Step or Epoch.");

    private void Tell(long epoch, double loss)
    {
        OnEpochEnd(epoch, loss);
        Array.ForEach(_inner, inner => inner.Tell(epoch, loss));
    }

    private static string InnerPrefix(string prefix, int index)
        => string.Create(CultureInfo.InvariantCulture, $"{prefix}inner{index}.");
}
