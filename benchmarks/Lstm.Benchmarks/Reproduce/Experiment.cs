namespace Lstm.Benchmarks.Reproduce;

/// <summary>A task of a paper, learned in one way.</summary>
internal abstract class Experiment
{
    /// <summary>What <c>reproduce</c> calls the task.</summary>
    public required string Name { get; init; }

    /// <summary>The task and where it is from.</summary>
    public required string Task { get; init; }

    public required Setup Setup { get; init; }

    /// <summary>What is to be reached, in the order in which it is reached, and what was published about it.</summary>
    public required IReadOnlyList<Goal> Goals { get; init; }

    /// <summary>What the budget and the results count.</summary>
    public string Unit { get; init; } = "sequences";

    /// <summary>When to give up, unless the command line says otherwise.</summary>
    public required long Budget { get; init; }

    /// <summary>Trains one network until it has reached the last goal, or the budget is spent.</summary>
    /// <param name="seed">Of the network's weights and of the data.</param>
    /// <param name="budget">How many <see cref="Unit"/> are presented at most.</param>
    /// <returns>One result for each goal.</returns>
    public abstract IReadOnlyList<Result> Run(int seed, long budget);
}
