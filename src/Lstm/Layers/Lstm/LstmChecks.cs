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
        SpecCheck.Check(
            spec.Cell is not null, name, nameof(spec.Cell), spec.Cell,
            "new LstmEquations(), with its variants, or a custom cell");
        SpecCheck.Check(
            spec.Regularization is not null, name, nameof(spec.Regularization), spec.Regularization,
            "new LstmRegularization(), with its rates");
        CheckForgetBias(spec, name);
        CheckEquations(spec.Equations, spec.Direction, name);
        SpecCheck.Rate(spec.Dropout, name, nameof(spec.Dropout));
        CheckProjection(spec.Projection, name);
        CheckNormalization(spec.Normalization, name);
        CheckRegularization(spec.Regularization!, name);
        CheckStateVectors(spec, name);
        SpecCheck.Defined(spec.Merge, name, nameof(spec.Merge));
        SpecCheck.Defined(spec.Shortcut, name, nameof(spec.Shortcut));
        SpecCheck.Check(
            spec.Merge == LstmMerge.Concatenate || spec.Direction == LstmDirection.Bidirectional,
            name, nameof(spec.Merge), spec.Merge,
            "Concatenate unless Direction is Bidirectional, because there is one output to take");
    }

    private static void CheckForgetBias(LstmSpec spec, string name)
    {
        const string NoBias = "null beside Bias = None, which leaves no bias that could start there";
        const string NoGate = "null for a layer without a forget gate (ForgetGate = false, or a custom cell that has none)";
        bool hasGate = spec.Cell.Gates.HasFlag(LstmGates.Forget);
        if (spec.ForgetBias is { } bias)
        {
            SpecCheck.Check(IsNumber(bias), name, nameof(spec.ForgetBias), bias, "0, or from 1e-30 to 1e30 in size");
            SpecCheck.Check(spec.Bias != LstmBias.None, name, nameof(spec.ForgetBias), bias, NoBias);
            SpecCheck.Check(hasGate, name, nameof(spec.ForgetBias), bias, NoGate);
        }

        if (spec.MemorySpan is { } span)
        {
            SpecCheck.Check(span >= 2, name, nameof(spec.MemorySpan), span, "at least 2, or null");
            SpecCheck.Check(spec.Bias != LstmBias.None, name, nameof(spec.MemorySpan), span, NoBias);
            SpecCheck.Check(hasGate, name, nameof(spec.MemorySpan), span, NoGate);
            SpecCheck.Check(
                spec.ForgetBias is null, name, nameof(spec.MemorySpan), span,
                "null beside a ForgetBias, because both start the same bias: leave one of the two out");
            SpecCheck.Check(
                IsLogistic(spec.Equations.GateActivation) && IsLogistic(spec.Equations.ReverseGateActivation),
                name, nameof(spec.MemorySpan), span,
                "null unless GateActivation (and ReverseGateActivation) is null or Sigmoid: the starting values are derived for "
                + "the logistic function");
        }
    }

    private static void CheckEquations(LstmEquations equations, LstmDirection direction, string name)
    {
        CheckLimit(equations.CellClip, name, nameof(equations.CellClip));
        CheckLimit(equations.PreActivationClip, name, nameof(equations.PreActivationClip));
        CheckActivation(equations.GateActivation, name, nameof(equations.GateActivation));
        CheckActivation(equations.CellActivation, name, nameof(equations.CellActivation));
        CheckActivation(equations.HiddenActivation, name, nameof(equations.HiddenActivation));
        CheckReverse(equations.ReverseGateActivation, direction, name, nameof(equations.ReverseGateActivation));
        CheckReverse(equations.ReverseCellActivation, direction, name, nameof(equations.ReverseCellActivation));
        CheckReverse(equations.ReverseHiddenActivation, direction, name, nameof(equations.ReverseHiddenActivation));
        SpecCheck.Check(
            !equations.CoupledGates || (equations.InputGate && equations.ForgetGate),
            name, nameof(equations.CoupledGates), equations.CoupledGates,
            "false unless InputGate and ForgetGate are true, because it couples the two");
        SpecCheck.Rate(equations.CandidateDropout, name, nameof(equations.CandidateDropout));
    }

    private static void CheckProjection(LstmProjection? projection, string name)
    {
        if (projection is not null)
        {
            SpecCheck.Check(
                projection.Size >= 1, name, "Projection.Size", projection.Size, "at least 1; leave Projection null for none");
            CheckLimit(projection.Clip, name, "Projection.Clip");
        }
    }

    private static void CheckNormalization(LstmNormalization? normalization, string name)
    {
        if (normalization is not null)
        {
            SpecCheck.Check(
                normalization.Epsilon is >= 1e-30 and <= 1e30, name, "Normalization.Epsilon", normalization.Epsilon,
                "from 1e-30 to 1e30");
        }

        if (normalization is BatchNormalization batch)
        {
            SpecCheck.Check(batch.Steps >= 1, name, "Normalization.Steps", batch.Steps, "at least 1");
            SpecCheck.Check(
                batch.Momentum is >= 1e-30 and <= 1, name, "Normalization.Momentum", batch.Momentum, "from 1e-30 to 1");
        }
    }

    private static void CheckRegularization(LstmRegularization regularization, string name)
    {
        SpecCheck.Rate(regularization.InputDropout, name, nameof(regularization.InputDropout));
        SpecCheck.Rate(regularization.RecurrentDropout, name, nameof(regularization.RecurrentDropout));
        SpecCheck.Rate(regularization.WeightDropout, name, nameof(regularization.WeightDropout));
        SpecCheck.Rate(regularization.HiddenZoneout, name, nameof(regularization.HiddenZoneout));
        SpecCheck.Rate(regularization.CellZoneout, name, nameof(regularization.CellZoneout));
    }

    // What a mixture of several vectors would be, or which of them h shows normalised, only the cell could say.
    private static void CheckStateVectors(LstmSpec spec, string name)
    {
        if (spec.StateVectors > 1)
        {
            string remedy =
                $"because the custom cell '{spec.CustomCell!.Name}' carries {spec.StateVectors} state vectors, and the layer "
                + "cannot know what this would do to them";
            SpecCheck.Check(spec.Normalization is null, name, nameof(spec.Normalization), spec.Normalization, $"null, {remedy}");
            SpecCheck.Check(
                spec.Regularization.CellZoneout == 0,
                name, nameof(spec.Regularization.CellZoneout), spec.Regularization.CellZoneout,
                $"0, {remedy}; HiddenZoneout is possible");
        }
    }

    private static bool IsLogistic(LstmActivation? activation)
        => activation is null or { Function: LstmActivationFunction.Sigmoid };

    private static void CheckReverse(LstmActivation? activation, LstmDirection direction, string layer, string property)
    {
        CheckActivation(activation, layer, property);
        SpecCheck.Check(
            activation is null || direction == LstmDirection.Bidirectional, layer, property, activation,
            "null unless Direction is Bidirectional; a reverse layer uses GateActivation, CellActivation and HiddenActivation");
    }

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
            SpecCheck.Check(
                isSmall && hasSlope, layer, property, activation,
                "a function whose parameters are 0 or from 1e-30 to 1e30 in size, α ≥ 0 (LeakyRelu, Elu) and α ≠ 0 (ScaledTanh)");
        }
    }
}
