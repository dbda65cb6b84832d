using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Lstm.Tests.Support;

/// <summary>One Forward and Backward with a random cotangent, and copies of all it computed, for comparisons of bits.</summary>
internal sealed class TrainingPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Each result by its name, in a fixed order; sequences in the caller's order, parameters in storage order.
    /// </summary>
    public Dictionary<string, T[]> Results { get; } = [];

    public T[] Output => Results["output"];

    public T[] Gradient => Results["gradient"];

    public T[] InputGradient => Results["input gradient"];

    /// <summary>Runs on a tape of its own.</summary>
    public static TrainingPass<T> Run(
        Network<T> network, NetworkInput<T> batch, int seed, int workers = 1, bool withStates = true)
    {
        using Tape<T> tape = network.CreateTape(workers).SharesAll();
        tape.DropoutSeed = 3;
        return Run(network, batch, seed, tape, network.CreateGradient(), withStates);
    }

    /// <summary>
    /// Runs on a given tape and adds into a given gradient; with states, from a random one and with a gradient of the final one.
    /// </summary>
    public static TrainingPass<T> Run(
        Network<T> network, NetworkInput<T> batch, int seed, Tape<T> tape, Gradient<T> gradient, bool withStates = true)
    {
        int count = batch.Ids?.Count ?? batch.Features!.Count;
        NetworkState<T>? state = withStates ? Sample.State(network, count, seed) : null;
        SequenceBatch<T> output = state is null ? network.Forward(batch, tape) : network.Forward(batch, state, tape);
        var pass = new TrainingPass<T>();
        pass.Results["output"] = Sample.Flat(output);
        pass.Results["final state"] = state is null ? [] : Sample.Flat(state);
        SequenceBatch<T> cotangent = Sample.Batch<T>(seed + 1, network.OutputSize, output.Lengths);
        cotangent.Rows.CopyTo(tape.OutputGradient.Rows);
        GC.KeepAlive(cotangent);
        tape.FinalStateGradient = withStates ? Sample.State(network, count, seed + 500) : null;
        network.Backward(tape, gradient);
        pass.Results["input gradient"] = network.TakesIds || !tape.ComputesInputGradient ? [] : Sample.Flat(tape.InputGradient);
        pass.Results["initial state's gradient"] = Sample.Flat(tape.InitialStateGradient);
        pass.Results["gradient"] = gradient.Flat.ToArray();
        return pass;
    }

    /// <summary>Asserts equal bits of every result.</summary>
    public void AssertSameBits(TrainingPass<T> actual, string what)
    {
        foreach ((string name, T[] expected) in Results)
        {
            Close.SameBits(expected, actual.Results[name], $"{what}: {name}");
        }
    }

    public void AppendTo(IncrementalHash hash)
    {
        foreach (T[] values in Results.Values)
        {
            hash.AppendData(MemoryMarshal.AsBytes(values.AsSpan()));
        }
    }
}
