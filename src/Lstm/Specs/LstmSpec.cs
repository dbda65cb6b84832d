namespace Lstm;

/// <summary>A stack of LSTM layers: one row of hidden state out for each step in.</summary>
/// <remarks>
/// <para>Each layer computes, with x the step's input and h, c the states (Hochreiter &amp; Schmidhuber 1997, with the forget
/// gate of Gers et al. 2000):</para>
/// <code>
/// i = σ(W_ii x + W_hi h + b_i)      f = σ(W_if x + W_hf h + b_f)
/// g = tanh(W_ig x + W_hg h + b_g)   o = σ(W_io x + W_ho h + b_o)
/// c ← f⊙c + i⊙g                     h ← o⊙tanh(c)
/// </code>
/// <para>Parameters of layer k, in PyTorch's names and layout, gates in the order i f g o: <c>weight_ih_l{k}</c> [4H, I],
/// <c>weight_hh_l{k}</c> [4H, H], <c>bias_ih_l{k}</c> and <c>bias_hh_l{k}</c> [4H]; <c>initial_h_l{k}</c> and
/// <c>initial_c_l{k}</c> [H] when <see cref="LearnInitialState"/>; <c>weight_ch_l{k}</c> [3H], gates i f o, with <see cref="Peephole"/>; each with the suffix <c>_reverse</c> for a reverse direction.</para>
/// </remarks>
public sealed record LstmSpec : LayerSpec
{
    /// <summary>Describes a stack of LSTM layers.</summary>
    /// <param name="hiddenSize">Units H of each layer and direction, at least 1.</param>
    public LstmSpec(int hiddenSize) => HiddenSize = hiddenSize;

    /// <summary>Units H of each layer and direction, at least 1.</summary>
    public int HiddenSize { get; init; }

    /// <summary>Layers in the stack, at least 1. Default 1.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Which way the layers read their sequences. Default <see cref="LstmDirection.Forward"/>.</summary>
    public LstmDirection Direction { get; init; } = LstmDirection.Forward;

    /// <summary>
    /// How a bidirectional layer's two outputs become one, in each layer of the stack. Default <see cref="LstmMerge.Concatenate"/>, the only
    /// one for other directions.
    /// </summary>
    public LstmMerge Merge { get; init; } = LstmMerge.Concatenate;

    /// <summary>How each layer's input bypasses it. Default <see cref="LstmShortcut.None"/>.</summary>
    public LstmShortcut Shortcut { get; init; } = LstmShortcut.None;

    /// <summary>
    /// Share of the values dropped between the layers of the stack while training, 0 ≤ p &lt; 1; the kept ones are scaled by
    /// 1/(1 − p). As in PyTorch, the last layer's output is left alone. Default 0.
    /// </summary>
    public double Dropout { get; init; }

    /// <summary>How many bias vectors each direction has. Default <see cref="LstmBias.One"/>.</summary>
    public LstmBias Bias { get; init; } = LstmBias.One;

    /// <summary>How the weights start. Default <see cref="LstmInitialization.GlorotOrthogonal"/>.</summary>
    public LstmInitialization Initialization { get; init; } = LstmInitialization.GlorotOrthogonal;

    /// <summary>
    /// What the forget gate's bias starts at; null for the initialisation's own choice: 1 (Jozefowicz et al. 2015), or
    /// uniform like the rest for <see cref="LstmInitialization.PyTorchUniform"/>. With two biases, the first one gets it.
    /// </summary>
    public double? ForgetBias { get; init; }

    /// <summary>Whether the state before the first step is a parameter (starting at zero) instead of zero. Default false.</summary>
    public bool LearnInitialState { get; init; }

    /// <summary>
    /// Whether the gates see the cell (Gers &amp; Schmidhuber 2000), each unit its own: p_i⊙c and p_f⊙c with the old c are added
    /// in i and f, p_o⊙c with the new c in o. Default false.
    /// </summary>
    public bool Peephole { get; init; }

    /// <summary>
    /// Whether the forget gate is 1 − i (CIFG, Greff et al. 2017; ONNX's input_forget). The rows of f stay in the parameters, as they do
    /// in ONNX: unused, with gradient 0. <see cref="ForgetBias"/> then sets the input gate's bias to its negative. Default false.
    /// </summary>
    public bool CoupledGates { get; init; }

    /// <summary>Limit of |c|: c is clipped to ± this at each step, and has no gradient where it was. Null, the default, for none.</summary>
    public double? CellClip { get; init; }

    /// <summary>
    /// Limit of what goes into the gates' activations (ONNX's clip): each is clipped to ± this, and has no gradient where it
    /// was. Null, the default, for none.
    /// </summary>
    public double? PreActivationClip { get; init; }

    /// <summary>The activation of the gates i f o (ONNX's f). Null, the default, for the logistic function.</summary>
    public LstmActivation? GateActivation { get; init; }

    /// <summary>The activation of the candidate g (ONNX's g). Null, the default, for tanh.</summary>
    public LstmActivation? CellActivation { get; init; }

    /// <summary>The activation of c in h = o⊙tanh(c) (ONNX's h). Null, the default, for tanh.</summary>
    public LstmActivation? HiddenActivation { get; init; }

    /// <summary>A bidirectional layer's <see cref="GateActivation"/> in reverse. Null, the default, for the same.</summary>
    public LstmActivation? ReverseGateActivation { get; init; }

    /// <summary>A bidirectional layer's <see cref="CellActivation"/> in reverse. Null, the default, for the same.</summary>
    public LstmActivation? ReverseCellActivation { get; init; }

    /// <summary>A bidirectional layer's <see cref="HiddenActivation"/> in reverse. Null, the default, for the same.</summary>
    public LstmActivation? ReverseHiddenActivation { get; init; }

    internal override string Kind => "lstm";
}

/// <summary>Which way an LSTM layer reads its sequences.</summary>
public enum LstmDirection
{
    /// <summary>From the first step to the last.</summary>
    Forward,

    /// <summary>From each sequence's own last step to its first; the output stays in the order of the steps.</summary>
    Reverse,

    /// <summary>Both; <see cref="LstmSpec.Merge"/> says how their outputs become one.</summary>
    Bidirectional,
}

/// <summary>How the outputs of a bidirectional layer's directions become one.</summary>
public enum LstmMerge
{
    /// <summary>Side by side: forward's H values, then reverse's.</summary>
    Concatenate,

    /// <summary>Their sum, of H values.</summary>
    Sum,

    /// <summary>Their mean, of H values.</summary>
    Mean,

    /// <summary>Their product, element by element, of H values.</summary>
    Product,
}

/// <summary>How the input of each layer of a stack bypasses it. The bypass is not dropped out.</summary>
public enum LstmShortcut
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>
    /// Residual (He et al. 2016, Wu et al. 2016): each layer adds its input to its output. The sizes have to be equal, the first layer's too:
    /// give a first layer of another size a spec of its own.
    /// </summary>
    Add,

    /// <summary>
    /// Skip connections (Graves 2013, Huang et al. 2017): each layer's output is its own values, then its input. So every layer sees the
    /// stack's input and all layers before it, and the stack's output has all of them.
    /// </summary>
    Concatenate,
}

/// <summary>How many bias vectors an LSTM layer has.</summary>
public enum LstmBias
{
    /// <summary>No bias.</summary>
    None,

    /// <summary>One: <c>bias_ih</c>.</summary>
    One,

    /// <summary>
    /// Two that are summed, <c>bias_ih</c> and <c>bias_hh</c>, as in PyTorch: both get the same gradient, so plain
    /// gradient descent moves their sum twice as fast.
    /// </summary>
    Two,
}

/// <summary>How an LSTM layer's weights start.</summary>
public enum LstmInitialization
{
    /// <summary>Gate by gate: input weights Glorot uniform, recurrent weights orthogonal [H, H], biases 0, forget bias 1.</summary>
    GlorotOrthogonal,

    /// <summary>Keras's: the same, but drawn for the four gates as one matrix ([I, 4H] and [H, 4H]).</summary>
    Keras,

    /// <summary>PyTorch's: every weight and bias uniform in ±1/√H.</summary>
    PyTorchUniform,
}
