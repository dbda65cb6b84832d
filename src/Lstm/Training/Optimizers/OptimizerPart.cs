using System.Numerics;
using Lstm.Parameters;
using Lstm.Runtime;

namespace Lstm.Training.Optimizers;

/// <summary>An optimizer's settings and state for the parameters of one network.</summary>
/// <param name="network">The network.</param>
/// <param name="prefix">The beginning of its parameters' names; empty for a network alone.</param>
/// <param name="buffers">How many buffers of state there are.</param>
/// <param name="starts">The numbers that each parameter starts with.</param>
internal sealed class OptimizerPart<T>(Network<T> network, string prefix, int buffers, double[] starts)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The network whose parameters are changed.</summary>
    public Network<T> Network => network;

    /// <summary>The beginning of the parameters' names.</summary>
    public string Prefix => prefix;

    /// <summary>The state: buffers as long as the flat parameters and laid out like them.</summary>
    public AlignedBuffer<T>[] Buffers { get; } =
        [.. Enumerable.Range(0, buffers).Select(_ => new AlignedBuffer<T>(network.Layout.Length))];

    /// <summary>The numbers of each parameter, an array for each name.</summary>
    public double[][] Scalars { get; } =
        [.. starts.Select(start => Enumerable.Repeat(start, network.Parameters.Count).ToArray())];

    /// <summary>The learning rate's factor for each parameter.</summary>
    public double[] Factors { get; } = new double[network.Parameters.Count];

    /// <summary>The weight decay of each parameter.</summary>
    public double[] Decays { get; } = new double[network.Parameters.Count];

    /// <summary>The index of a parameter with the prefix in its name; −1 if this network has none of the name.</summary>
    public int Find(string name)
    {
        for (int i = 0; i < network.Parameters.Count; i++)
        {
            string parameter = network.Parameters[i].Name;
            if (name.Length == prefix.Length + parameter.Length
                && name.StartsWith(prefix, StringComparison.Ordinal) && name.EndsWith(parameter, StringComparison.Ordinal))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The first index behind a parameter whose parameters have not the same settings and numbers.</summary>
    public int EndOfLike(int first)
    {
        int end = first + 1;
        while (end < network.Parameters.Count && IsLike(first, end))
        {
            end++;
        }

        return end;
    }

    private bool IsLike(int a, int b)
    {
        IReadOnlyList<Parameter> parameters = network.Parameters;
        bool same = parameters[a].Trainable == parameters[b].Trainable && Factors[a] == Factors[b] && Decays[a] == Decays[b];
        for (int i = 0; same && i < Scalars.Length; i++)
        {
            same = Scalars[i][a] == Scalars[i][b];
        }

        return same;
    }
}
