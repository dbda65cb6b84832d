namespace Lstm.Formats;

/// <summary>Room for the kernels of one direction of an LSTM layer, as another program has them.</summary>
/// <remarks>What is left out is not read.</remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public ref struct LstmKernelTargets<T>
{
    /// <summary>The weights of the inputs, [4H, I] or [I, 4H].</summary>
    public LstmGateTargets<T> Input { get; init; }

    /// <summary>The weights of the hidden state, [4H, S] or [S, 4H]; S is H, or P with a projection.</summary>
    public LstmGateTargets<T> Recurrent { get; init; }

    /// <summary>Both in one matrix, the inputs first: [4H, I + S] or [I + S, 4H].</summary>
    public LstmGateTargets<T> Joined { get; init; }

    /// <summary>
    /// The bias, [4H]; or two biases one after the other, [8H]. Without <see cref="RecurrentBias"/>, [4H] gets the sum of a
    /// layer's two biases.
    /// </summary>
    public LstmGateTargets<T> Bias { get; init; }

    /// <summary>The second bias, [4H]: zeros for a layer with <see cref="LstmBias.One"/>.</summary>
    public LstmGateTargets<T> RecurrentBias { get; init; }

    /// <summary>The peepholes, [3H], for a layer that has them.</summary>
    public LstmGateTargets<T> Peephole { get; init; }

    /// <summary>The projection, [P, H] or [H, P], for a layer that has one.</summary>
    public Span<T> Projection { get; init; }

    /// <summary>The number of spans of each kernel.</summary>
    public override string ToString()
        => $"Input: {Input.Count}, Recurrent: {Recurrent.Count}, Joined: {Joined.Count}, Bias: {Bias.Count}, "
            + $"RecurrentBias: {RecurrentBias.Count}, Peephole: {Peephole.Count}, Projection: {Projection.Length} values";
}
