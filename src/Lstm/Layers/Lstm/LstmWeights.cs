using System.Numerics;
using Lstm.Cells;
using Lstm.Kernels.Products;
using Lstm.Parameters;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>The parameters of one direction of an LSTM layer: their names, their places and how they start.</summary>
internal sealed class LstmWeights
{
    private const int InputGate = 0;
    private const int ForgetGate = 1;

    private readonly int _units;

    public LstmWeights(LstmSpec spec, bool reverse, int inputSize, string prefix, string suffix, PanelLayout gates, ParameterLayout parameters)
    {
        _units = spec.HiddenSize;
        int size = spec.ProjectionSize ?? _units;
        Reverse = reverse;
        WeightIh = parameters.Add($"{prefix}weight_ih{suffix}", [4 * _units, inputSize], gates);
        WeightHh = parameters.Add($"{prefix}weight_hh{suffix}", [4 * _units, size], gates);
        string[] biases = ["bias_ih", "bias_hh"];
        Biases = [.. biases.Take((int)spec.Bias).Select(bias => parameters.Add($"{prefix}{bias}{suffix}", [4 * _units], gates))];
        if (spec.Peephole)
        {
            Peephole = parameters.Add($"{prefix}weight_ch{suffix}", [3 * _units], PanelLayout.Peepholes(_units, gates.Line));
        }

        CellWeights = [.. (spec.Cell?.WeightNames ?? []).Select(weight => parameters.Add($"{prefix}weight_{weight}{suffix}", [_units]))];
        if (spec.ProjectionSize is { } projection)
        {
            Projection = parameters.Add($"{prefix}weight_hr{suffix}", [projection, _units], ProjectionColumns = PanelLayout.Plain(projection, gates.Line));
        }

        if (spec.GateRecurrence)
        {
            GateRecurrence = parameters.Add($"{prefix}weight_gg{suffix}", [3 * _units, 3 * _units], PanelLayout.GatesWithoutCandidate(_units, gates.Line));
        }

        if (spec.Normalization != LstmNormalization.None)
        {
            NormIh = parameters.Add($"{prefix}norm_ih_weight{suffix}", [4 * _units], gates);
            NormHh = parameters.Add($"{prefix}norm_hh_weight{suffix}", [4 * _units], gates);
            NormC = parameters.Add($"{prefix}norm_c_weight{suffix}", [_units]);
            NormCBias = parameters.Add($"{prefix}norm_c_bias{suffix}", [_units]);
        }

        if (spec.Normalization == LstmNormalization.Batch)
        {
            string[] names = ["norm_ih_mean", "norm_ih_var", "norm_hh_mean", "norm_hh_var", "norm_c_mean", "norm_c_var"];
            Statistics = [.. names.Select((name, i) => parameters.AddStatistic($"{prefix}{name}{suffix}", [spec.BatchNormSteps, i < 4 ? 4 * _units : _units]))];
        }

        if (spec.LearnInitialState)
        {
            InitialH = parameters.Add($"{prefix}initial_h{suffix}", [spec.GateRecurrence ? size + (3 * _units) : size]);
            InitialC = parameters.Add($"{prefix}initial_c{suffix}", [_units]);
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
    /// Running means and variances of W_ih x and W_hh h, [S, 4H], and of c, [S, H]: mean, variance, mean, … in this order. Empty without batch
    /// norm.
    /// </summary>
    public Parameter[] Statistics { get; } = [];

    public Parameter? InitialH { get; }

    public Parameter? InitialC { get; }

    /// <summary>Draws the starting values that a spec asks for; the initial state starts at zero.</summary>
    public void Initialize<T>(ParameterStart<T> start, LstmSpec spec)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool uniform = spec.Initialization == LstmInitialization.PyTorchUniform;
        int blocks = spec.Initialization == LstmInitialization.Keras ? 1 : 4;
        double limit = 1 / Math.Sqrt(_units);
        if (uniform)
        {
            start.Uniform(WeightIh, limit);
            start.Uniform(WeightHh, limit);
        }
        else
        {
            start.Glorot(WeightIh, blocks);
            start.Orthogonal(WeightHh, blocks);
        }

        foreach ((Parameter? weights, int parts) in new[] { (Projection, 1), (GateRecurrence, 3) })
        {
            if (uniform && weights is not null)
            {
                start.Uniform(weights, limit);
            }
            else if (weights is not null)
            {
                start.Glorot(weights, parts);
            }
        }

        // Otherwise peepholes start at zero: as an LSTM without them.
        if (uniform && Peephole is not null)
        {
            start.Uniform(Peephole, limit);
        }

        // Cooijmans et al. 2017: with 1, tanh would be saturated from the start where a batch's statistics say so.
        double gamma = spec.Normalization == LstmNormalization.Batch ? 0.1 : 1;
        foreach (Parameter? weight in new[] { NormIh, NormHh, NormC })
        {
            if (weight is not null)
            {
                start.Constant(weight, gamma, 0, weight.Count);
            }
        }

        for (int w = 0; w < CellWeights.Length; w++)
        {
            int weight = w;
            start.Each(CellWeights[w], unit => spec.Cell!.StartOf(weight, unit, _units));
        }

        foreach (Parameter variance in Statistics.Where((_, i) => i % 2 == 1))
        {
            start.Constant(variance, 1, 0, variance.Count);
        }

        foreach (Parameter bias in Biases.Where(_ => uniform))
        {
            start.Uniform(bias, limit);
        }

        if (spec.MemorySpan is int span)
        {
            double[] logs = start.NextLogs(_units, span - 1);
            if (spec.UsedGates.HasFlag(LstmGates.Input))
            {
                StartGate(start, InputGate, Array.ConvertAll(logs, log => -log));
            }

            if (!spec.CoupledGates)
            {
                StartGate(start, ForgetGate, logs);
            }
        }
        else if (Biases.Length > 0 && (spec.ForgetBias ?? (uniform ? null : 1)) is double forget)
        {
            // A forget gate that is 1 − i = σ(−zᵢ) has the input gate's bias, the other way round.
            double[] values = [.. Enumerable.Repeat(spec.CoupledGates ? -forget : forget, _units)];
            StartGate(start, spec.CoupledGates ? InputGate : ForgetGate, values);
        }
    }

    // The first bias gets the values; a second one must not add to them.
    private void StartGate<T>(ParameterStart<T> start, int gate, double[] values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        start.Set(Biases[0], gate * _units, values);
        foreach (Parameter second in Biases.Skip(1))
        {
            start.Constant(second, 0, gate * _units, _units);
        }
    }
}
