
namespace Lstm.Benchmarks.Reproduce;

/// <summary>How a task is learned: the network and all that trains it.</summary>
/// <param name="Name">What the tables call it.</param>
/// <param name="Network">Makes the network of a seed.</param>
/// <param name="Loss">
/// A squared error, for which the network's outputs lie between 0 and 1, or the cross-entropy of softmax.
/// </param>
/// <param name="Optimizer">Makes an optimizer.</param>
internal sealed record Setup(string Name, Func<int, Network<float>> Network, Loss<float> Loss, Func<Optimizer<float>> Optimizer)
{
    /// <summary>Sequences of each update.</summary>
    public int Batch { get; init; } = 1;

    public GradientClip Clip { get; init; } = GradientClip.None;
}
