namespace Lstm.Formats;

/// <summary>The kernels of one direction of an LSTM layer, as another program has them.</summary>
/// <remarks>
/// Either <see cref="Input"/> and <see cref="Recurrent"/> are given, or <see cref="Joined"/>. What the layer does not have is
/// left out.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public ref struct LstmKernels<T>
{
    /// <summary>The weights of the inputs, [4H, I] or [I, 4H].</summary>
    public LstmGateValues<T> Input { get; init; }

    /// <summary>The weights of the hidden state, [4H, S] or [S, 4H]; S is H, or P with a projection.</summary>
    public LstmGateValues<T> Recurrent { get; init; }

    /// <summary>Both in one matrix, the inputs first: [4H, I + S] or [I + S, 4H].</summary>
    public LstmGateValues<T> Joined { get; init; }

    /// <summary>The bias, [4H]; or two biases one after the other, [8H]. None stands for zeros.</summary>
    public LstmGateValues<T> Bias { get; init; }

    /// <summary>
    /// The second bias, [4H]. A layer with <see cref="LstmBias.One"/> gets the sum of both, added in double and rounded once.
    /// </summary>
    public LstmGateValues<T> RecurrentBias { get; init; }

    /// <summary>The peepholes, [3H], for a layer that has them.</summary>
    public LstmGateValues<T> Peephole { get; init; }

    /// <summary>The projection, [P, H] or [H, P], for a layer that has one.</summary>
    public ReadOnlySpan<T> Projection { get; init; }

    /// <summary>The number of spans of each kernel.</summary>
    public override string ToString()
        => $"Input: {Input.Count}, Recurrent: {Recurrent.Count}, Joined: {Joined.Count}, Bias: {Bias.Count}, "
            + $"RecurrentBias: {RecurrentBias.Count}, Peephole: {Peephole.Count}, Projection: {Projection.Length} values";
}
