using Lstm.Texts;

namespace Lstm.Specs;

/// <summary>
/// Recurrent batch normalisation (Cooijmans et al. 2017): each unit is normalised over the sequences of the batch, at each step.
/// </summary>
/// <remarks>
/// In training, the statistics are those of the batch, so its sequences depend on each other. In inference, and at steps of a
/// single sequence, the statistics are running averages. The running averages are parameters that no optimizer changes,
/// <c>norm_ih_mean_l{k}</c>, <c>norm_ih_var_l{k}</c>, <c>norm_hh_mean_l{k}</c>, <c>norm_hh_var_l{k}</c> [S, 4H],
/// <c>norm_c_mean_l{k}</c>, <c>norm_c_var_l{k}</c> [S, H]; <see cref="Network{T}.UpdateStatistics"/> updates them.
/// </remarks>
public sealed record BatchNormalization : LstmNormalization
{
    private const int StandardSteps = 100;
    private const double StandardMomentum = 0.1;

    /// <summary>
    /// The number S of steps that have separate statistics, at least 1; later steps share the statistics of step S. Default 100.
    /// Steps are counted from the start of a sequence, also in a batch that continues it (<see cref="NetworkState{T}.Steps"/>). A
    /// reverse direction counts steps from the end of the sequence.
    /// </summary>
    public int Steps { get; init; } = StandardSteps;

    /// <summary>The weight of a batch's statistics in the running averages, 10⁻³⁰ … 1. Default 0.1.</summary>
    public double Momentum { get; init; } = StandardMomentum;

    private protected override CodeText Describe() => new CodeText(nameof(BatchNormalization))
        .Add(nameof(Steps), Steps, StandardSteps).Add(nameof(Momentum), Momentum, StandardMomentum);
}
