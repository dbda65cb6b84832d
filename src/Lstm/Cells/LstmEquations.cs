using Lstm.Texts;

namespace Lstm.Cells;

/// <summary>The built-in equations of an LSTM cell and their variants, which can be combined.</summary>
/// <remarks>The remarks of <c>LstmSpec</c> give the equations without variants.</remarks>
public sealed record LstmEquations : CellEquations
{
    /// <summary>
    /// Whether the gates of a unit read the unit's cell state (peepholes, Gers &amp; Schmidhuber 2000): p_i⊙c and p_f⊙c with the
    /// old c are added to the pre-activations of i and f, and p_o⊙c with the new c to that of o. Adds <c>weight_ch_l{k}</c> [3H],
    /// gates i f o. Default false.
    /// </summary>
    public bool Peephole { get; init; }

    /// <summary>
    /// Whether the forget gate is 1 − i (CIFG, Greff et al. 2017; ONNX's input_forget). As in ONNX, the rows of f stay in the
    /// parameters, unused and with gradient 0. If true, <c>LstmSpec.ForgetBias</c> sets the input gate's bias to the negative
    /// value. Default false.
    /// </summary>
    public bool CoupledGates { get; init; }

    /// <summary>
    /// Whether the cell has an input gate. If false, i = 1 (NIG, Greff et al. 2017), and the gate's rows of the parameters are
    /// unused. Default true.
    /// </summary>
    public bool InputGate { get; init; } = true;

    /// <summary>
    /// Whether the cell has a forget gate. If false, f = 1, as in Hochreiter &amp; Schmidhuber 1997 (NFG, Greff et al. 2017), and
    /// the gate's rows of the parameters are unused. Default true.
    /// </summary>
    public bool ForgetGate { get; init; } = true;

    /// <summary>
    /// Whether the cell has an output gate. If false, o = 1 (NOG, Greff et al. 2017), and the gate's rows of the parameters are
    /// unused. Default true.
    /// </summary>
    public bool OutputGate { get; init; } = true;

    /// <summary>
    /// Whether the gates read all gates of the previous step (full gate recurrence, Greff et al. 2017, as in Hochreiter &amp;
    /// Schmidhuber 1997): <c>weight_gg_l{k}</c> [3H, 3H] times the previous i f o, which are part of the hidden state, is added
    /// to the pre-activations of i f o. Default false.
    /// </summary>
    public bool GateRecurrence { get; init; }

    /// <summary>
    /// The limit of |c|, 10⁻³⁰ … 10³⁰. At each step, c is clipped to ± the limit; a clipped value has no gradient. Null, the
    /// default, for no limit.
    /// </summary>
    public double? CellClip { get; init; }

    /// <summary>
    /// The limit of the inputs of the gates' activations (ONNX's clip), 10⁻³⁰ … 10³⁰. Each input is clipped to ± the limit; a
    /// clipped value has no gradient. Null, the default, for no limit.
    /// </summary>
    public double? PreActivationClip { get; init; }

    /// <summary>The activation of the gates i f o (ONNX's f). Null, the default, for the logistic function.</summary>
    public LstmActivation? GateActivation { get; init; }

    /// <summary>The activation of the candidate g (ONNX's g). Null, the default, for tanh.</summary>
    public LstmActivation? CellActivation { get; init; }

    /// <summary>The activation of c in h = o⊙tanh(c) (ONNX's h). Null, the default, for tanh.</summary>
    public LstmActivation? HiddenActivation { get; init; }

    /// <summary>
    /// The activation of the gates in the reverse direction of a bidirectional layer. Null, the default, for
    /// <see cref="GateActivation"/>.
    /// </summary>
    public LstmActivation? ReverseGateActivation { get; init; }

    /// <summary>
    /// The activation of the candidate in the reverse direction of a bidirectional layer. Null, the default, for
    /// <see cref="CellActivation"/>.
    /// </summary>
    public LstmActivation? ReverseCellActivation { get; init; }

    /// <summary>
    /// The activation of c in the reverse direction of a bidirectional layer. Null, the default, for
    /// <see cref="HiddenActivation"/>.
    /// </summary>
    public LstmActivation? ReverseHiddenActivation { get; init; }

    /// <summary>
    /// Dropout rate of the candidate g in training, 0 ≤ p &lt; 1 (Semeniuta et al. 2016). The dropped units differ from step to
    /// step; the kept values are scaled by 1/(1 − p). The old cell state is not dropped. Default 0.
    /// </summary>
    public double CandidateDropout { get; init; }

    internal override LstmGates Gates => LstmGates.Candidate
        | (InputGate ? LstmGates.Input : 0) | (ForgetGate ? LstmGates.Forget : 0) | (OutputGate ? LstmGates.Output : 0);

    /// <summary>Returns the equations as C#, with the properties that differ from their defaults.</summary>
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
