using Lstm.Kernels.Products;
using Lstm.Parameters;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>The parameters of one direction of an LSTM layer: their names and places.</summary>
internal sealed class LstmWeights
{
    public LstmWeights(
        LstmSpec spec, bool reverse, int inputSize, string prefix, string suffix, PanelLayout gates, ParameterLayout parameters)
    {
        int units = spec.HiddenSize;
        int size = spec.StateSize;
        Reverse = reverse;
        WeightIh = parameters.Add($"{prefix}weight_ih{suffix}", [4 * units, inputSize], gates);
        WeightHh = parameters.Add($"{prefix}weight_hh{suffix}", [4 * units, size], gates);
        string[] biases = ["bias_ih", "bias_hh"];
        Biases = [.. biases.Take((int)spec.Bias).Select(bias => parameters.Add($"{prefix}{bias}{suffix}", [4 * units], gates))];
        if (spec.Equations.Peephole)
        {
            Peephole = parameters.Add($"{prefix}weight_ch{suffix}", [3 * units], PanelLayout.Peepholes(units, gates.Line));
        }

        CellWeights = [.. (spec.CustomCell?.Code.WeightNames ?? [])
            .Select(weight => parameters.Add($"{prefix}weight_{weight}{suffix}", [units]))];
        if (spec.Projection is { Size: var projection })
        {
            ProjectionColumns = PanelLayout.Plain(projection, gates.Line);
            Projection = parameters.Add($"{prefix}weight_hr{suffix}", [projection, units], ProjectionColumns);
        }

        if (spec.Equations.GateRecurrence)
        {
            GateRecurrence = parameters.Add(
                $"{prefix}weight_gg{suffix}", [3 * units, 3 * units], PanelLayout.GatesWithoutCandidate(units, gates.Line));
        }

        if (spec.Normalization is not null)
        {
            NormIh = parameters.Add($"{prefix}norm_ih_weight{suffix}", [4 * units], gates);
            NormHh = parameters.Add($"{prefix}norm_hh_weight{suffix}", [4 * units], gates);
            NormC = parameters.Add($"{prefix}norm_c_weight{suffix}", [units]);
            NormCBias = parameters.Add($"{prefix}norm_c_bias{suffix}", [units]);
        }

        if (spec.Normalization is BatchNormalization { Steps: var steps })
        {
            string[] names = ["norm_ih_mean", "norm_ih_var", "norm_hh_mean", "norm_hh_var", "norm_c_mean", "norm_c_var"];
            Statistics = [.. names.Select((name, i)
                => parameters.AddStatistic($"{prefix}{name}{suffix}", [steps, i < 4 ? 4 * units : units]))];
        }

        if (spec.LearnInitialState)
        {
            InitialH = parameters.Add($"{prefix}initial_h{suffix}", [spec.Equations.GateRecurrence ? size + (3 * units) : size]);
            InitialC = parameters.Add($"{prefix}initial_c{suffix}", [spec.StateVectors * units]);
        }
    }

    public bool Reverse { get; }

    public Parameter WeightIh { get; }

    public Parameter WeightHh { get; }

    /// <summary>None, b_ih, or b_ih and b_hh.</summary>
    public Parameter[] Biases { get; }

    /// <summary>Diagonal weights from the cell to its gates, three lines a panel: p_i, p_f, p_o.</summary>
    public Parameter? Peephole { get; }

    /// <summary>Weights of a custom cell's units, [H] each, one after the other.</summary>
    public Parameter[] CellWeights { get; }

    /// <summary>Where the weights of the units' own begin, if there are any.</summary>
    public Parameter? UnitWeights => Peephole ?? (CellWeights.Length > 0 ? CellWeights[0] : null);

    /// <summary>W_hr [P, H], and how its rows lie in panels.</summary>
    public Parameter? Projection { get; }

    public PanelLayout? ProjectionColumns { get; }

    /// <summary>Weights from the previous gates to the gates, [3H, 3H].</summary>
    public Parameter? GateRecurrence { get; }

    /// <summary>γ of the normalised W_ih x and W_hh h, and γ and β of the normalised c.</summary>
    public Parameter? NormIh { get; }

    public Parameter? NormHh { get; }

    public Parameter? NormC { get; }

    public Parameter? NormCBias { get; }

    /// <summary>
    /// Running means and variances of W_ih x and W_hh h, [S, 4H], and of c, [S, H]: mean, variance, mean, … in this order. Empty
    /// without batch norm.
    /// </summary>
    public Parameter[] Statistics { get; } = [];

    public Parameter? InitialH { get; }

    public Parameter? InitialC { get; }
}
