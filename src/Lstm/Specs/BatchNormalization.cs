using Lstm.Texts;

namespace Lstm.Specs;

/// <summary>
/// Recurrent batch normalisation (Cooijmans et al. 2017): the values of each unit over the sequences of the batch, step by step.
/// </summary>
/// <remarks>
/// In training, the statistics are those of the batch, which makes its sequences depend on each other; otherwise, and at steps
/// with one sequence
/// only, they are running averages. These are parameters that no optimizer changes, <c>norm_ih_mean_l{k}</c>,
/// <c>norm_ih_var_l{k}</c>,
/// <c>norm_hh_mean_l{k}</c>, <c>norm_hh_var_l{k}</c> [S, 4H], <c>norm_c_mean_l{k}</c>, <c>norm_c_var_l{k}</c> [S, H];
/// <see cref="Network{T}.UpdateStatistics"/> moves them.
/// </remarks>
public sealed record BatchNormalization : LstmNormalization
{
    private const int StandardSteps = 100;
    private const double StandardMomentum = 0.1;

    /// <summary>
    /// The number S of steps that have separate statistics; later steps share those of the last. At least 1, default 100. Steps
    /// are counted from
    /// a sequence's start, on beyond the batch it is continued in (<see cref="NetworkState{T}.Steps"/>); a reverse direction
    /// counts from where it
    /// starts.
    /// </summary>
    public int Steps { get; init; } = StandardSteps;

    /// <summary>Share of a batch's statistics in the running ones, 10⁻³⁰ … 1. Default 0.1.</summary>
    public double Momentum { get; init; } = StandardMomentum;

    private protected override CodeText Describe() => new CodeText(nameof(BatchNormalization))
        .Add(nameof(Steps), Steps, StandardSteps).Add(nameof(Momentum), Momentum, StandardMomentum);
}
