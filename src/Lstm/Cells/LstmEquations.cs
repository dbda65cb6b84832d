using Lstm.Texts;

namespace Lstm.Cells;

/// <summary>The built-in equations of an LSTM cell and their variants, which combine freely.</summary>
/// <remarks>Without variants they are those of <c>LstmSpec</c>.</remarks>
public sealed record LstmEquations : CellEquations
{
    /// <summary>
    /// Whether the gates see the cell (Gers &amp; Schmidhuber 2000), each unit its own: p_i⊙c and p_f⊙c with the old c are added
    /// in i and f, p_o⊙c with the new c in o. Adds <c>weight_ch_l{k}</c> [3H], gates i f o. Default false.
    /// </summary>
    public bool Peephole { get; init; }

    /// <summary>
    /// Whether the forget gate is 1 − i (CIFG, Greff et al. 2017; ONNX's input_forget). The rows of f stay in the parameters, as
    /// they do
    /// in ONNX: unused, with gradient 0. <c>LstmSpec.ForgetBias</c> then sets the input gate's bias to its negative. Default
    /// false.
    /// </summary>
    public bool CoupledGates { get; init; }

    /// <summary>
    /// Whether there is an input gate; without one i = 1 (Greff et al. 2017, NIG). Its rows of the parameters stay unused.
    /// Default true.
    /// </summary>
    public bool InputGate { get; init; } = true;

    /// <summary>
    /// Whether there is a forget gate; without one f = 1, the cell of Hochreiter &amp; Schmidhuber 1997 (Greff et al. 2017,
    /// NFG). Its rows of the
    /// parameters stay unused. Default true.
    /// </summary>
    public bool ForgetGate { get; init; } = true;

    /// <summary>
    /// Whether there is an output gate; without one o = 1 (Greff et al. 2017, NOG). Its rows of the parameters stay unused.
    /// Default true.
    /// </summary>
    public bool OutputGate { get; init; } = true;

    /// <summary>
    /// Whether the gates see all gates of the step before (full gate recurrence, Greff et al. 2017, as in Hochreiter &amp;
    /// Schmidhuber 1997): the
    /// pre-activations of i f o get <c>weight_gg_l{k}</c> [3H, 3H] times the previous i f o, which are part of the hidden state.
    /// Default false.
    /// </summary>
    public bool GateRecurrence { get; init; }

    /// <summary>
    /// Limit of |c|, 10⁻³⁰ … 10³⁰: c is clipped to ± this at each step, and has no gradient where it was. Null, the default, for
    /// none.
    /// </summary>
    public double? CellClip { get; init; }

    /// <summary>
    /// Limit of the inputs of the gates' activations (ONNX's clip), 10⁻³⁰ … 10³⁰: each is clipped to ± this, and has no gradient
    /// where it
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
    /// Share of the candidate g dropped while training, others at each step (Semeniuta et al. 2016), 0 ≤ p &lt; 1; the kept ones
    /// are scaled by
    /// 1/(1 − p). The old cell state is not dropped. Default 0.
    /// </summary>
    public double CandidateDropout { get; init; }

    internal override LstmGates Gates => LstmGates.Candidate
        | (InputGate ? LstmGates.Input : 0) | (ForgetGate ? LstmGates.Forget : 0) | (OutputGate ? LstmGates.Output : 0);

    /// <summary>The properties that differ from their defaults, as C#.</summary>
    public override string ToString() => new CodeText(nameof(LstmEquations))
        .Add(nameof(Peephole), Peephole, false)
        .Add(nameof(CoupledGates), CoupledGates, false)
        .Add(nameof(InputGate), InputGate, true)
        .Add(nameof(ForgetGate), ForgetGate, true)
        .Add(nameof(OutputGate), OutputGate, true)
        .Add(nameof(GateRecurrence), GateRecurrence, false)
        .Add(nameof(CellClip), CellClip, null)
        .Add(nameof(PreActivationClip), PreActivationClip, null)
        .Add(nameof(GateActivation), GateActivation, null)
        .Add(nameof(CellActivation), CellActivation, null)
        .Add(nameof(HiddenActivation), HiddenActivation, null)
        .Add(nameof(ReverseGateActivation), ReverseGateActivation, null)
        .Add(nameof(ReverseCellActivation), ReverseCellActivation, null)
        .Add(nameof(ReverseHiddenActivation), ReverseHiddenActivation, null)
        .Add(nameof(CandidateDropout), CandidateDropout, 0)
        .ToString();
}
