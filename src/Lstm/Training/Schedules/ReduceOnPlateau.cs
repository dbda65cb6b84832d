using System.Globalization;

namespace Lstm.Training;

/// <summary>
/// A schedule that lowers the learning rate when the loss stops falling from epoch to epoch, as PyTorch's
/// <c>ReduceLROnPlateau</c> in its relative mode.
/// </summary>
/// <remarks>
/// The loss is the validation loss, or the training loss if there are no validation batches. An epoch is better if its loss is
/// below b·(1 − threshold), where b is the best loss so far; an epoch whose loss is NaN is not better. After more than
/// <see cref="Patience"/> epochs in a row that are not better, the factor is multiplied by γ, down to <see cref="Least"/>. The
/// <see cref="Cooldown"/> epochs after a reduction are not counted. Use a threshold of 0 for losses below 0.
/// </remarks>
public sealed class ReduceOnPlateau : LearningRateSchedule
{
    private const int Factor = 0, Best = 1, BadEpochs = 2, CoolingEpochs = 3;

    /// <summary>Initializes a schedule that reduces the learning rate on a plateau.</summary>
    /// <param name="gamma">The factor γ of each reduction, 0 ≤ γ &lt; 1. Default 0.1.</param>
    /// <param name="patience">
    /// The number of epochs without a better loss that are allowed before a reduction, at least 0. Default 10.
    /// </param>
    /// <param name="threshold">
    /// The fraction of the best loss by which a better loss has to be below it, 0 ≤ threshold &lt; 1. Default 10⁻⁴.
    /// </param>
    /// <param name="cooldown">The number of epochs after a reduction that are not counted, at least 0. Default 0.</param>
    /// <param name="least">
    /// The smallest factor of the learning rate, 0 … 1. Default 0. (PyTorch's <c>min_lr</c> is this times the learning rate.)
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    public ReduceOnPlateau(double gamma = 0.1, int patience = 10, double threshold = 1e-4, int cooldown = 0, double least = 0)
        : base([("factor", 1), ("best", double.PositiveInfinity), ("bad_epochs", 0), ("cooling_epochs", 0)])
    {
        Gamma = CheckBelowOne(gamma, nameof(gamma));
        ArgumentOutOfRangeException.ThrowIfNegative(patience);
        Threshold = CheckBelowOne(threshold, nameof(threshold));
        ArgumentOutOfRangeException.ThrowIfNegative(cooldown);
        (Patience, Cooldown) = (patience, cooldown);
        Least = least is >= 0 and <= 1 ? least
            : throw new ArgumentOutOfRangeException(nameof(least), least, "The value has to be in 0 … 1.");
    }

    /// <inheritdoc/>
    public override string Kind => "plateau";

    /// <summary>The factor γ of each reduction.</summary>
    public double Gamma { get; }

    /// <summary>The number of epochs without a better loss that are allowed before a reduction.</summary>
    public int Patience { get; }

    /// <summary>The fraction of the best loss by which a better loss has to be below it.</summary>
    public double Threshold { get; }

    /// <summary>The number of epochs after a reduction that are not counted.</summary>
    public int Cooldown { get; }

    /// <summary>The smallest factor of the learning rate.</summary>
    public double Least { get; }

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, string Value)> Settings =>
    [
        ("gamma", Text(Gamma)), ("patience", Patience.ToString(CultureInfo.InvariantCulture)), ("threshold", Text(Threshold)),
        ("cooldown", Cooldown.ToString(CultureInfo.InvariantCulture)), ("least", Text(Least)),
    ];

    /// <inheritdoc/>
    protected override double FactorOf(ScheduleTime time) => State[Factor];

    /// <inheritdoc/>
    protected override void OnEpochEnd(long epoch, double loss)
    {
        if (loss < State[Best] * (1 - Threshold))
        {
            (State[Best], State[BadEpochs]) = (loss, 0);
        }
        else
        {
            State[BadEpochs]++;
        }

        if (State[CoolingEpochs] > 0)
        {
            State[CoolingEpochs]--;
            State[BadEpochs] = 0;
        }

        if (State[BadEpochs] > Patience)
        {
            State[Factor] = Math.Max(State[Factor] * Gamma, Least);
            (State[BadEpochs], State[CoolingEpochs]) = (0, Cooldown);
        }
    }

    private static double CheckBelowOne(double value, string argument)
        => value is >= 0 and < 1 ? value
            : throw new ArgumentOutOfRangeException(argument, value, "The value has to be in 0 ≤ x < 1.");
}
