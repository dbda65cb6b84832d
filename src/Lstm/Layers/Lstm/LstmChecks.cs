


using Lstm.Cells;
using Lstm.Specs;

namespace Lstm.Layers;

/// <summary>Refuses an <see cref="LstmSpec"/> that no layer can be made of, naming the layer and the property.</summary>
internal static class LstmChecks
{
    /// <summary>Throws unless every property is in its range and fits the others.</summary>
    /// <exception cref="ArgumentException">One is not, or does not.</exception>
    public static void Check(LstmSpec spec, string name)
    {
        SpecCheck.Check(spec.HiddenSize >= 1, name, nameof(spec.HiddenSize), spec.HiddenSize, "at least 1");
        SpecCheck.Check(spec.Layers >= 1, name, nameof(spec.Layers), spec.Layers, "at least 1");
        SpecCheck.Defined(spec.Direction, name, nameof(spec.Direction));
        SpecCheck.Defined(spec.Bias, name, nameof(spec.Bias));
        SpecCheck.Defined(spec.Initialization, name, nameof(spec.Initialization));
        SpecCheck.Check(spec.ForgetBias is null || IsNumber(spec.ForgetBias.Value), name, nameof(spec.ForgetBias), spec.ForgetBias, "0, or from 1e-30 to 1e30 in size");
        SpecCheck.Check(spec.ForgetBias is null || spec.Bias != LstmBias.None, name, nameof(spec.ForgetBias), spec.ForgetBias, "null beside Bias = None, which leaves no bias that could start there");
        SpecCheck.Check(spec.ForgetBias is null || spec.UsedGates.HasFlag(LstmGates.Forget), name, nameof(spec.ForgetBias), spec.ForgetBias, "null for a layer without a forget gate (ForgetGate = false, or a custom cell that has none)");
        SpecCheck.Check(spec.MemorySpan is null or >= 2, name, nameof(spec.MemorySpan), spec.MemorySpan, "at least 2, or null");
        SpecCheck.Check(spec.MemorySpan is null || spec.Bias != LstmBias.None, name, nameof(spec.MemorySpan), spec.MemorySpan, "null beside Bias = None, which leaves no bias that could start there");
        SpecCheck.Check(spec.MemorySpan is null || spec.UsedGates.HasFlag(LstmGates.Forget), name, nameof(spec.MemorySpan), spec.MemorySpan, "null for a layer without a forget gate (ForgetGate = false, or a custom cell that has none)");
        SpecCheck.Check(spec.MemorySpan is null || spec.ForgetBias is null, name, nameof(spec.MemorySpan), spec.MemorySpan, "null beside a ForgetBias, because both start the same bias: leave one of the two out");
        SpecCheck.Check(
            spec.MemorySpan is null || (IsLogistic(spec.GateActivation) && IsLogistic(spec.ReverseGateActivation)), name, nameof(spec.MemorySpan), spec.MemorySpan, "null unless GateActivation (and ReverseGateActivation) is null or Sigmoid: the starting values are derived for the logistic function");
        CheckLimit(spec.CellClip, name, nameof(spec.CellClip));
        CheckLimit(spec.PreActivationClip, name, nameof(spec.PreActivationClip));
        CheckActivation(spec.GateActivation, name, nameof(spec.GateActivation));
        CheckActivation(spec.CellActivation, name, nameof(spec.CellActivation));
        CheckActivation(spec.HiddenActivation, name, nameof(spec.HiddenActivation));
        CheckActivation(spec.ReverseGateActivation, name, nameof(spec.ReverseGateActivation));
        CheckActivation(spec.ReverseCellActivation, name, nameof(spec.ReverseCellActivation));
        CheckActivation(spec.ReverseHiddenActivation, name, nameof(spec.ReverseHiddenActivation));
        CheckReverse(spec, spec.ReverseGateActivation, name, nameof(spec.ReverseGateActivation));
        CheckReverse(spec, spec.ReverseCellActivation, name, nameof(spec.ReverseCellActivation));
        CheckReverse(spec, spec.ReverseHiddenActivation, name, nameof(spec.ReverseHiddenActivation));
        SpecCheck.Rate(spec.Dropout, name, nameof(spec.Dropout));
        CheckLimit(spec.ProjectionClip, name, nameof(spec.ProjectionClip));
        SpecCheck.Check(spec.ProjectionSize is null or >= 1, name, nameof(spec.ProjectionSize), spec.ProjectionSize, "at least 1, or null");
        SpecCheck.Check(spec.ProjectionClip is null || spec.ProjectionSize is not null, name, nameof(spec.ProjectionClip), spec.ProjectionClip, "null without a projection: set ProjectionSize, or limit the cell with CellClip");
        SpecCheck.Check(!spec.CoupledGates || (spec.InputGate && spec.ForgetGate), name, nameof(spec.CoupledGates), spec.CoupledGates, "false unless InputGate and ForgetGate are true, because it couples the two");
        SpecCheck.Defined(spec.Normalization, name, nameof(spec.Normalization));
        SpecCheck.Check(spec.NormalizationEpsilon is >= 1e-30 and <= 1e30, name, nameof(spec.NormalizationEpsilon), spec.NormalizationEpsilon, "from 1e-30 to 1e30");
        SpecCheck.Check(spec.BatchNormSteps >= 1, name, nameof(spec.BatchNormSteps), spec.BatchNormSteps, "at least 1");
        SpecCheck.Check(spec.BatchNormMomentum is >= 1e-30 and <= 1, name, nameof(spec.BatchNormMomentum), spec.BatchNormMomentum, "from 1e-30 to 1");
        SpecCheck.Rate(spec.InputDropout, name, nameof(spec.InputDropout));
        SpecCheck.Rate(spec.RecurrentDropout, name, nameof(spec.RecurrentDropout));
        SpecCheck.Rate(spec.CandidateDropout, name, nameof(spec.CandidateDropout));
        SpecCheck.Rate(spec.WeightDropout, name, nameof(spec.WeightDropout));
        SpecCheck.Rate(spec.HiddenZoneout, name, nameof(spec.HiddenZoneout));
        SpecCheck.Rate(spec.CellZoneout, name, nameof(spec.CellZoneout));
        if (spec.Cell is not null)
        {
            CheckBesideCell(spec, name);
        }

        SpecCheck.Defined(spec.Merge, name, nameof(spec.Merge));
        SpecCheck.Defined(spec.Shortcut, name, nameof(spec.Shortcut));
        SpecCheck.Check(spec.Merge == LstmMerge.Concatenate || spec.Direction == LstmDirection.Bidirectional, name, nameof(spec.Merge), spec.Merge, "Concatenate unless Direction is Bidirectional, because there is one output to take");
    }

    private static bool IsLogistic(LstmActivation? activation) => activation is null or { Function: LstmActivationFunction.Sigmoid };

    private static void CheckBesideCell(LstmSpec spec, string name)
    {
        (string Property, bool IsDefault)[] equations =
        [
            (nameof(spec.Peephole), !spec.Peephole),
            (nameof(spec.CoupledGates), !spec.CoupledGates),
            (nameof(spec.CellClip), spec.CellClip is null),
            (nameof(spec.PreActivationClip), spec.PreActivationClip is null),
            (nameof(spec.GateActivation), spec.GateActivation is null),
            (nameof(spec.CellActivation), spec.CellActivation is null),
            (nameof(spec.HiddenActivation), spec.HiddenActivation is null),
            (nameof(spec.ReverseGateActivation), spec.ReverseGateActivation is null),
            (nameof(spec.ReverseCellActivation), spec.ReverseCellActivation is null),
            (nameof(spec.ReverseHiddenActivation), spec.ReverseHiddenActivation is null),
            (nameof(spec.InputGate), spec.InputGate),
            (nameof(spec.ForgetGate), spec.ForgetGate),
            (nameof(spec.OutputGate), spec.OutputGate),
            (nameof(spec.GateRecurrence), !spec.GateRecurrence),
            (nameof(spec.CandidateDropout), spec.CandidateDropout == 0),
        ];
        foreach ((string property, bool isDefault) in equations)
        {
            if (!isDefault)
            {
                throw new ArgumentException(
                    $"Layer '{name}' uses the custom cell '{spec.Cell!.Name}'. {property} applies only to the built-in equations; leave it at its default and write it inside the cell instead.", "layers");
            }
        }
    }

    private static void CheckReverse(LstmSpec spec, LstmActivation? activation, string layer, string property)
        => SpecCheck.Check(activation is null || spec.Direction == LstmDirection.Bidirectional, layer, property, activation, "null unless Direction is Bidirectional; a reverse layer uses GateActivation, CellActivation and HiddenActivation");

    // Neither 0 nor infinite in float unless in double.
    private static bool IsNumber(double value) => value is 0 || Math.Abs(value) is >= 1e-30 and <= 1e30;

    // As small a limit as float can hold, so that it is not zero there.
    private static void CheckLimit(double? limit, string layer, string property)
        => SpecCheck.Check(limit is null or (>= 1e-30 and <= 1e30), layer, property, limit, "from 1e-30 to 1e30, or null");

    // Backward has only the output: it has to tell the slope.
    private static void CheckActivation(LstmActivation? activation, string layer, string property)
    {
        if (activation is not null)
        {
            bool isSmall = IsNumber(activation.Alpha) && IsNumber(activation.Beta);
            bool hasSlope = activation.Function switch
            {
                LstmActivationFunction.LeakyRelu or LstmActivationFunction.Elu => activation.Alpha >= 0,
                LstmActivationFunction.ScaledTanh => Math.Abs(activation.Alpha) >= 1e-30,
                _ => Enum.IsDefined(activation.Function),
            };
            SpecCheck.Check(isSmall && hasSlope, layer, property, activation, "a function whose parameters are 0 or from 1e-30 to 1e30 in size, α ≥ 0 (LeakyRelu, Elu) and α ≠ 0 (ScaledTanh)");
        }
    }
}
