using Lstm.Texts;

namespace Lstm.Specs;

/// <summary>Dropout and zoneout within each layer of a stack. All rates are 0 by default.</summary>
public sealed record LstmRegularization
{
    /// <summary>
    /// Share of each layer's inputs dropped while training, the same ones at all steps of a sequence (variational dropout, Gal
    /// &amp; Ghahramani
    /// 2016), 0 ≤ p &lt; 1; the kept ones are scaled by 1/(1 − p). Default 0.
    /// </summary>
    public double InputDropout { get; init; }

    /// <summary>
    /// Share of the hidden state dropped, while training, where the next step's gates and candidate see it, the same units at
    /// all steps of a
    /// sequence (variational dropout, Gal &amp; Ghahramani 2016), 0 ≤ p &lt; 1; scaled as <see cref="InputDropout"/>. Default 0.
    /// </summary>
    public double RecurrentDropout { get; init; }

    /// <summary>
    /// Share of the recurrent weights <c>weight_hh</c> dropped while training, the same ones for all of a pass (DropConnect,
    /// Merity et al. 2018),
    /// 0 ≤ p &lt; 1; scaled as <see cref="InputDropout"/>. Default 0.
    /// </summary>
    public double WeightDropout { get; init; }

    /// <summary>
    /// Share of the hidden units that keep their previous value at a step while training (zoneout, Krueger et al. 2017), 0 ≤ p
    /// &lt; 1; otherwise
    /// each is p times the old value and 1 − p times the new one. Default 0.
    /// </summary>
    public double HiddenZoneout { get; init; }

    /// <summary>
    /// Zoneout rate of the cell state, 0 ≤ p &lt; 1. h is computed from c before zoneout is applied. Default 0.
    /// </summary>
    public double CellZoneout { get; init; }

    /// <summary>The rates that are not 0, as C#.</summary>
    public override string ToString() => new CodeText(nameof(LstmRegularization))
        .Add(nameof(InputDropout), InputDropout, 0)
        .Add(nameof(RecurrentDropout), RecurrentDropout, 0)
        .Add(nameof(WeightDropout), WeightDropout, 0)
        .Add(nameof(HiddenZoneout), HiddenZoneout, 0)
        .Add(nameof(CellZoneout), CellZoneout, 0)
        .ToString();
}
