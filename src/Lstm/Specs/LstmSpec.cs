


using Lstm.Cells;
using Lstm.Specs;

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
/// <c>weight_hh_l{k}</c> [4H, H], <c>bias_ih_l{k}</c> and <c>bias_hh_l{k}</c> [4H]; each with the suffix <c>_reverse</c> for a reverse
/// direction. With <see cref="Peephole"/> <c>weight_ch_l{k}</c> [3H], gates i f o; with <see cref="ProjectionSize"/> P <c>weight_hr_l{k}</c> [P, H],
/// and <c>weight_hh_l{k}</c> [4H, P]; with <see cref="GateRecurrence"/> <c>weight_gg_l{k}</c> [3H, 3H]; with <see cref="Normalization"/>
/// <c>norm_ih_weight_l{k}</c> and <c>norm_hh_weight_l{k}</c> [4H], <c>norm_c_weight_l{k}</c> and <c>norm_c_bias_l{k}</c> [H]; with
/// <see cref="LearnInitialState"/> <c>initial_h_l{k}</c>, as long as the hidden state (H, or P, and 3H more with gates that see gates), and
/// <c>initial_c_l{k}</c> [H]; of a custom cell <c>weight_{name}_l{k}</c> [H].</para>
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
    /// 1/(1 − p). As in PyTorch, the last layer's output is left alone, so that a stack of one has none. Default 0.
    /// </summary>
    public double Dropout { get; init; }

    /// <summary>How many bias vectors each direction has. Default <see cref="LstmBias.One"/>.</summary>
    public LstmBias Bias { get; init; } = LstmBias.One;

    /// <summary>How the weights start. Default <see cref="LstmInitialization.GlorotOrthogonal"/>.</summary>
    public LstmInitialization Initialization { get; init; } = LstmInitialization.GlorotOrthogonal;

    /// <summary>
    /// What the forget gate's bias starts at; null for the initialisation's own choice: 1 (Jozefowicz et al. 2015), or
    /// uniform like the rest for <see cref="LstmInitialization.PyTorchUniform"/>. With two biases, the first one gets it. 0, or 10⁻³⁰ … 10³⁰ in size.
    /// </summary>
    public double? ForgetBias { get; init; }

    /// <summary>
    /// The longest memory T that the data ask for, in steps, at least 2 (chrono initialisation, Tallec &amp; Ollivier 2018): the biases of the forget gates
    /// start at log u with u uniform from 1 to T − 1, those of the input gates at −log u, so that the units forget over times of 2 to T steps
    /// and the gradient reaches as far. In place of <see cref="ForgetBias"/>, for logistic gates; with two biases, the first one gets it. Null,
    /// the default, for none.
    /// </summary>
    public int? MemorySpan { get; init; }

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

    /// <summary>Limit of |c|, 10⁻³⁰ … 10³⁰: c is clipped to ± this at each step, and has no gradient where it was. Null, the default, for none.</summary>
    public double? CellClip { get; init; }

    /// <summary>
    /// Limit of what goes into the gates' activations (ONNX's clip), 10⁻³⁰ … 10³⁰: each is clipped to ± this, and has no gradient where it
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

    /// <summary>
    /// A cell of one's own, in place of the equations above: <see cref="ICustomCell{TSelf}"/> says how it is written. The properties that vary those
    /// equations (peephole, coupled and missing gates, gate recurrence, clips of z and c, activations, dropout of the candidate) are
    /// left at their defaults with it; <see cref="ForgetBias"/> and <see cref="MemorySpan"/> are for its forget and input gate. Its weights are named <c>weight_{name}_l{k}</c> [H]. Null, the default, for none.
    /// </summary>
    public CustomCell? Cell { get; init; }

    /// <summary>
    /// Values P of a projected hidden state (LSTMP, Sak et al. 2014): h = W_hr·(o⊙tanh(c)) is what the layer gives and what its next step
    /// sees, so <c>weight_hh</c> is [4H, P]; c keeps H values. Adds <c>weight_hr_l{k}</c> [P, H]. Null, the default, for none.
    /// </summary>
    public int? ProjectionSize { get; init; }

    /// <summary>Limit of the projected |h|, 10⁻³⁰ … 10³⁰: each is clipped to ± this, and has no gradient where it was. Null, the default, for none.</summary>
    public double? ProjectionClip { get; init; }

    /// <summary>Whether there is an input gate; without one i = 1 (Greff et al. 2017, NIG). Its rows of the parameters stay unused. Default true.</summary>
    public bool InputGate { get; init; } = true;

    /// <summary>
    /// Whether there is a forget gate; without one f = 1, the cell of Hochreiter &amp; Schmidhuber 1997 (Greff et al. 2017, NFG). Its rows of the
    /// parameters stay unused. Default true.
    /// </summary>
    public bool ForgetGate { get; init; } = true;

    /// <summary>Whether there is an output gate; without one o = 1 (Greff et al. 2017, NOG). Its rows of the parameters stay unused. Default true.</summary>
    public bool OutputGate { get; init; } = true;

    /// <summary>
    /// Whether the gates see all gates of the step before (full gate recurrence, Greff et al. 2017, as in Hochreiter &amp; Schmidhuber 1997): the
    /// pre-activations of i f o get <c>weight_gg_l{k}</c> [3H, 3H] times the previous i f o, which are part of the hidden state. Default false.
    /// </summary>
    public bool GateRecurrence { get; init; }

    /// <summary>
    /// Whether the error flows back in time through the cell alone, not through the gates and the candidate that saw h, nor through peepholes
    /// (Hochreiter &amp; Schmidhuber 1997, their approximation of the gradient): cheap, and no longer the gradient of the loss. Default false.
    /// </summary>
    public bool TruncatedGradient { get; init; }

    /// <summary>
    /// What W_ih x, W_hh h and the c that is shown in h are normalised over: z = γ_x⊙N(W_ih x) + γ_h⊙N(W_hh h) + b, h = o⊙tanh(γ_c⊙N(c) + β_c).
    /// Adds <c>norm_ih_weight_l{k}</c> and <c>norm_hh_weight_l{k}</c> [4H], <c>norm_c_weight_l{k}</c> and <c>norm_c_bias_l{k}</c> [H].
    /// Default <see cref="LstmNormalization.None"/>.
    /// </summary>
    public LstmNormalization Normalization { get; init; } = LstmNormalization.None;

    /// <summary>What a normalisation adds to the variance, &gt; 0. Default 1e-5.</summary>
    public double NormalizationEpsilon { get; init; } = 1e-5;

    /// <summary>
    /// How many steps S have statistics of their own under <see cref="LstmNormalization.Batch"/>; later steps share those of the last. At least
    /// 1, default 100. Steps are counted from a sequence's start, on beyond the batch it is continued in (<see cref="NetworkState{T}.Steps"/>); a
    /// reverse direction counts from where it starts. The running averages are parameters that no optimizer changes, <c>norm_ih_mean_l{k}</c>,
    /// <c>norm_ih_var_l{k}</c>, <c>norm_hh_mean_l{k}</c>, <c>norm_hh_var_l{k}</c> [S, 4H], <c>norm_c_mean_l{k}</c>, <c>norm_c_var_l{k}</c> [S, H];
    /// <see cref="Network{T}.UpdateStatistics"/> moves them.
    /// </summary>
    public int BatchNormSteps { get; init; } = 100;

    /// <summary>Share of a batch's statistics in the running ones, 10⁻³⁰ … 1, under <see cref="LstmNormalization.Batch"/>. Default 0.1.</summary>
    public double BatchNormMomentum { get; init; } = 0.1;

    /// <summary>
    /// Share of each layer's inputs dropped while training, the same ones at all steps of a sequence (variational dropout, Gal &amp; Ghahramani
    /// 2016), 0 ≤ p &lt; 1; the kept ones are scaled by 1/(1 − p). Default 0.
    /// </summary>
    public double InputDropout { get; init; }

    /// <summary>
    /// Share of the hidden state dropped, while training, where the next step's gates and candidate see it, the same units at all steps of a
    /// sequence (variational dropout, Gal &amp; Ghahramani 2016), 0 ≤ p &lt; 1; scaled as <see cref="InputDropout"/>. Default 0.
    /// </summary>
    public double RecurrentDropout { get; init; }

    /// <summary>
    /// Share of the candidate g dropped while training, others at each step (Semeniuta et al. 2016), 0 ≤ p &lt; 1; scaled as
    /// <see cref="InputDropout"/>. What is in the cell already is not touched. Default 0.
    /// </summary>
    public double CandidateDropout { get; init; }

    /// <summary>
    /// Share of the recurrent weights <c>weight_hh</c> dropped while training, the same ones for all of a pass (DropConnect, Merity et al. 2018),
    /// 0 ≤ p &lt; 1; scaled as <see cref="InputDropout"/>. Default 0.
    /// </summary>
    public double WeightDropout { get; init; }

    /// <summary>
    /// Share of the hidden units that keep their previous value at a step while training (zoneout, Krueger et al. 2017), 0 ≤ p &lt; 1; otherwise
    /// each is p times the old value and 1 − p times the new one. Default 0.
    /// </summary>
    public double HiddenZoneout { get; init; }

    /// <summary>The same for the cell; h comes from the new c as it was before this. Default 0.</summary>
    public double CellZoneout { get; init; }

    internal override string Kind => "lstm";

    /// <summary>The gates that the equations have.</summary>
    internal LstmGates UsedGates => Cell?.Gates ?? (LstmGates.Candidate
        | (InputGate ? LstmGates.Input : 0) | (ForgetGate ? LstmGates.Forget : 0) | (OutputGate ? LstmGates.Output : 0));
}
