using Lstm.Texts;

namespace Lstm.Specs;

/// <summary>
/// The rates of dropout and zoneout within each layer of a stack. All are 0 by default. Dropout acts in training only.
/// </summary>
public sealed record LstmRegularization
{
    /// <summary>
    /// Dropout rate of each layer's inputs, 0 ≤ p &lt; 1. The same inputs are dropped at all steps of a sequence (variational
    /// dropout, Gal &amp; Ghahramani 2016); the others are scaled by 1/(1 − p). Default 0.
    /// </summary>
    public double InputDropout { get; init; }

    /// <summary>
    /// Dropout rate of the hidden state that the next step's gates and candidate read, 0 ≤ p &lt; 1. The same units are dropped
    /// at all steps of a sequence (variational dropout, Gal &amp; Ghahramani 2016); the others are scaled by 1/(1 − p). Default
    /// 0.
    /// </summary>
    public double RecurrentDropout { get; init; }

    /// <summary>
    /// Dropout rate of the recurrent weights <c>weight_hh</c>, 0 ≤ p &lt; 1. The same weights are dropped in the whole pass
    /// (DropConnect, Merity et al. 2018); the others are scaled by 1/(1 − p). Default 0.
    /// </summary>
    public double WeightDropout { get; init; }

    /// <summary>
    /// Zoneout rate of the hidden state, 0 ≤ p &lt; 1: the probability that a unit keeps its previous value at a step (Krueger et
    /// al. 2017). In inference, h is p times the previous value plus 1 − p times the new one. Default 0.
    /// </summary>
    public double HiddenZoneout { get; init; }

    /// <summary>
    /// Zoneout rate of the cell state, 0 ≤ p &lt; 1. h is computed from c before zoneout is applied. In inference, c is p times
    /// the previous value plus 1 − p times the new one. Default 0.
    /// </summary>
    public double CellZoneout { get; init; }

    /// <summary>Returns the regularization as C#, with the rates that are not 0.</summary>
    public override string ToString() => new CodeText(nameof(LstmRegularization))
        .Add(nameof(InputDropout), InputDropout, 0)
        .Add(nameof(RecurrentDropout), RecurrentDropout, 0)
        .Add(nameof(WeightDropout), WeightDropout, 0)
        .Add(nameof(HiddenZoneout), HiddenZoneout, 0)
        .Add(nameof(CellZoneout), CellZoneout, 0)
        .ToString();
}
