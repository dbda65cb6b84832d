using Lstm.Cells;
using Lstm.Specs;
using Lstm.Texts;

namespace Lstm;

/// <summary>
/// A stack of one or more LSTM layers. The output has one row, the hidden state of the last layer, for each input step.
/// </summary>
/// <remarks>
/// <para>Each layer computes, with x the step's input and h, c the states (Hochreiter &amp; Schmidhuber 1997, with the forget
/// gate of Gers et al. 2000):</para>
/// <code>
/// i = σ(W_ii x + W_hi h + b_i)      f = σ(W_if x + W_hf h + b_f)
/// g = tanh(W_ig x + W_hg h + b_g)   o = σ(W_io x + W_ho h + b_o)
/// c ← f⊙c + i⊙g                     h ← o⊙tanh(c)
/// </code>
/// <para>Parameters of layer k, in PyTorch's names and layout, gates in the order i f g o: <c>weight_ih_l{k}</c> [4H, I],
/// <c>weight_hh_l{k}</c> [4H, H], <c>bias_ih_l{k}</c> and <c>bias_hh_l{k}</c> [4H]; each with the suffix <c>_reverse</c> for a
/// reverse direction. With <see cref="LstmEquations.Peephole"/> <c>weight_ch_l{k}</c> [3H], gates i f o; with a
/// <see cref="Projection"/> to P values <c>weight_hr_l{k}</c> [P, H], and <c>weight_hh_l{k}</c> [4H, P]; with
/// <see cref="LstmEquations.GateRecurrence"/> <c>weight_gg_l{k}</c> [3H, 3H]; with a <see cref="Normalization"/>
/// <c>norm_ih_weight_l{k}</c> and <c>norm_hh_weight_l{k}</c> [4H], <c>norm_c_weight_l{k}</c> and <c>norm_c_bias_l{k}</c> [H];
/// with <see cref="LearnInitialState"/> <c>initial_h_l{k}</c>, as long as the hidden state (H, or P, and 3H more with gate
/// recurrence), and <c>initial_c_l{k}</c> [H]; with a custom cell <c>weight_{name}_l{k}</c> [H].</para>
/// </remarks>
public sealed record LstmSpec : LayerSpec
{
    private static readonly LstmEquations PlainEquations = new();
    private static readonly LstmSpec Defaults = new(1);

    /// <summary>Describes a stack of one LSTM layer, with the defaults of all other properties.</summary>
    /// <param name="hiddenSize">The number of units H of each layer and direction, at least 1.</param>
    public LstmSpec(int hiddenSize) => HiddenSize = hiddenSize;

    /// <summary>The number of units H of each layer and direction, at least 1.</summary>
    public int HiddenSize { get; init; }

    /// <summary>The number of layers in the stack, at least 1. Default 1.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>The direction in which the layers read sequences. Default <see cref="LstmDirection.Forward"/>.</summary>
    public LstmDirection Direction { get; init; } = LstmDirection.Forward;

    /// <summary>
    /// How the two outputs of a bidirectional layer are combined, in each layer of the stack. Default
    /// <see cref="LstmMerge.Concatenate"/>, the only value allowed for other directions.
    /// </summary>
    public LstmMerge Merge { get; init; } = LstmMerge.Concatenate;

    /// <summary>Whether the input of each layer also bypasses it. Default <see cref="LstmShortcut.None"/>.</summary>
    public LstmShortcut Shortcut { get; init; } = LstmShortcut.None;

    /// <summary>
    /// Dropout rate of the values between the layers of the stack in training, 0 ≤ p &lt; 1; the kept values are scaled by 1/(1 −
    /// p). As in PyTorch, dropout does not apply to the last layer's output; a stack of one layer allows only 0. Default 0.
    /// </summary>
    public double Dropout { get; init; }

    /// <summary>The number of bias vectors of each direction. Default <see cref="LstmBias.One"/>.</summary>
    public LstmBias Bias { get; init; } = LstmBias.One;

    /// <summary>
    /// The initial values of the weights and biases. Default <see cref="LstmInitialization.GlorotOrthogonal"/>.
    /// </summary>
    public LstmInitialization Initialization { get; init; } = LstmInitialization.GlorotOrthogonal;

    /// <summary>
    /// The initial value of the forget gate's bias; 0, or 10⁻³⁰ … 10³⁰ in size. Null, the default, for the value of
    /// <see cref="Initialization"/>: 1 (Jozefowicz et al. 2015), or uniform like the other biases for
    /// <see cref="LstmInitialization.PyTorchUniform"/>. With two biases, the first one gets the value.
    /// </summary>
    public double? ForgetBias { get; init; }

    /// <summary>
    /// The longest memory T that the data need, in steps, at least 2 (chrono initialisation, Tallec &amp; Ollivier 2018). The
    /// biases of the forget gates start at log u with u uniform from 1 to T − 1, those of the input gates at −log u, so that the
    /// units forget over 2 to T steps and gradients reach as far back. It replaces <see cref="ForgetBias"/> and needs logistic
    /// gates. With two biases, the first one gets the values. Null, the default, for no chrono initialisation.
    /// </summary>
    public int? MemorySpan { get; init; }

    /// <summary>Whether the initial state is a parameter, which starts at zero, instead of zero. Default false.</summary>
    public bool LearnInitialState { get; init; }

    /// <summary>
    /// Whether gradients flow back in time through c alone, not through h or peepholes (the approximation of Hochreiter &amp;
    /// Schmidhuber 1997). The truncated gradient is cheaper to compute, but is not the gradient of the loss. Default false.
    /// </summary>
    public bool TruncatedGradient { get; init; }

    /// <summary>
    /// The equations of the cell: the built-in ones with variants (<see cref="LstmEquations"/>) or those of a
    /// <see cref="Cells.CustomCell"/>. <see cref="ForgetBias"/> and <see cref="MemorySpan"/> apply to a custom cell if it has a
    /// forget gate. Default the built-in equations without variants.
    /// </summary>
    public CellEquations Cell { get; init; } = new LstmEquations();

    /// <summary>The projection of the hidden state to fewer values. Null, the default, for no projection.</summary>
    public LstmProjection? Projection { get; init; }

    /// <summary>
    /// The normalisation of the gates' pre-activations and of the cell. Null, the default, for no normalisation.
    /// </summary>
    public LstmNormalization? Normalization { get; init; }

    /// <summary>The rates of dropout and zoneout within each layer. Default all 0.</summary>
    public LstmRegularization Regularization { get; init; } = new();

    internal override string Kind => "lstm";

    /// <summary>The variants of the built-in equations; those without variants beside a custom cell.</summary>
    internal LstmEquations Equations => Cell as LstmEquations ?? PlainEquations;

    /// <summary>The custom cell, if there is one.</summary>
    internal CustomCell? CustomCell => (Cell as CustomEquations)?.Cell;

    /// <summary>State vectors of H values that the cell carries from step to step: 1 for c alone.</summary>
    internal int StateVectors => CustomCell?.Code.StateCount ?? 1;

    /// <summary>Values of the hidden state: P with a projection, else H.</summary>
    internal int StateSize => Projection?.Size ?? HiddenSize;

    private protected override CodeText Describe() => new CodeText(nameof(LstmSpec), HiddenSize)
        .Add(nameof(Layers), Layers, Defaults.Layers)
        .Add(nameof(Direction), Direction, Defaults.Direction)
        .Add(nameof(Merge), Merge, Defaults.Merge)
        .Add(nameof(Shortcut), Shortcut, Defaults.Shortcut)
        .Add(nameof(Dropout), Dropout, Defaults.Dropout)
        .Add(nameof(Bias), Bias, Defaults.Bias)
        .Add(nameof(Initialization), Initialization, Defaults.Initialization)
        .Add(nameof(ForgetBias), ForgetBias, Defaults.ForgetBias)
        .Add(nameof(MemorySpan), MemorySpan, Defaults.MemorySpan)
        .Add(nameof(LearnInitialState), LearnInitialState, Defaults.LearnInitialState)
        .Add(nameof(TruncatedGradient), TruncatedGradient, Defaults.TruncatedGradient)
        .Add(nameof(Cell), Cell, Defaults.Cell)
        .Add(nameof(Projection), Projection, Defaults.Projection)
        .Add(nameof(Normalization), Normalization, Defaults.Normalization)
        .Add(nameof(Regularization), Regularization, Defaults.Regularization);
}
