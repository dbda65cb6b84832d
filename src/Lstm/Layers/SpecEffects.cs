using Lstm.Cells;
using Lstm.Specs;
using Lstm.Texts;

namespace Lstm.Layers;

/// <summary>
/// Finds options of specs that have no effect beside the others: a program asks for something that it would not get.
/// </summary>
/// <remarks>
/// Defaults are never found. <see cref="Network.Create{T}(int, long, ReadOnlySpan{LayerSpec})"/> refuses what is found here; a
/// network that is loaded may have it, because other programs' files do. Plain loops: each use of LINQ is several more methods to
/// compile before a process has its first result.
/// </remarks>
internal static class SpecEffects
{
    private const LstmGates Gates = LstmGates.Input | LstmGates.Forget | LstmGates.Output;
    private const string NoGates =
        "the layer has no gates. Leave it out, or set InputGate, ForgetGate or OutputGate of its LstmEquations to true";

    /// <summary>A sentence for each option without effect: layer, option, value, cause and remedy.</summary>
    /// <param name="specs">The specs of a network, each within its ranges.</param>
    /// <param name="names">The names of their layers.</param>
    public static List<string> Missing(IReadOnlyList<LayerSpec> specs, IReadOnlyList<string> names)
    {
        List<string> found = [];
        string? pooling = null;
        for (int i = 0; i < specs.Count; i++)
        {
            if (specs[i] is LstmSpec lstm)
            {
                FindStack(lstm, names[i], found);
                FindGates(lstm.Equations, names[i], found);
                FindParameters(lstm.Equations, names[i], found);
            }
            else if (specs[i] is PoolingSpec)
            {
                if (pooling is not null)
                {
                    found.Add(
                        $"Layer '{names[i]}' has no effect: '{pooling}' has pooled each sequence to one row before. "
                        + "Leave one of the two out.");
                }

                pooling = names[i];
            }
            else if (specs[i] is RepeatLastSpec)
            {
                pooling = null;
            }
            else if (specs[i] is ActivationSpec activation)
            {
                FindParameters(activation, names[i], found);
            }
        }

        return found;
    }

    private static void FindStack(LstmSpec spec, string name, List<string> found)
    {
        if (spec.Dropout > 0 && spec.Layers == 1)
        {
            string remedy = InvariantText.Of($"Put new DropoutSpec({spec.Dropout}) behind the LstmSpec");
            Add(
                found, name, nameof(spec.Dropout), spec.Dropout,
                $"it acts between the layers of a stack, and this stack has 1 layer. {remedy}, or set Layers to 2 or more");
        }
    }

    private static void FindGates(LstmEquations equations, string name, List<string> found)
    {
        if ((equations.Gates & Gates) != 0)
        {
            return;
        }

        if (equations.Peephole)
        {
            Add(found, name, nameof(equations.Peephole), equations.Peephole, NoGates);
        }

        if (equations.GateRecurrence)
        {
            Add(found, name, nameof(equations.GateRecurrence), equations.GateRecurrence, NoGates);
        }

        if (equations.GateActivation is not null)
        {
            Add(found, name, nameof(equations.GateActivation), equations.GateActivation.Function, NoGates);
        }

        if (equations.ReverseGateActivation is not null)
        {
            Add(found, name, nameof(equations.ReverseGateActivation), equations.ReverseGateActivation.Function, NoGates);
        }
    }

    private static void FindParameters(LstmEquations equations, string name, List<string> found)
    {
        FindParameters(equations.GateActivation, nameof(equations.GateActivation), name, found);
        FindParameters(equations.CellActivation, nameof(equations.CellActivation), name, found);
        FindParameters(equations.HiddenActivation, nameof(equations.HiddenActivation), name, found);
        FindParameters(equations.ReverseGateActivation, nameof(equations.ReverseGateActivation), name, found);
        FindParameters(equations.ReverseCellActivation, nameof(equations.ReverseCellActivation), name, found);
        FindParameters(equations.ReverseHiddenActivation, nameof(equations.ReverseHiddenActivation), name, found);
    }

    private static void FindParameters(ActivationSpec activation, string name, List<string> found)
    {
        bool hasBeta = activation.Function is ActivationFunction.HardSigmoid or ActivationFunction.ScaledTanh
            or ActivationFunction.Affine;
        bool hasAlpha = hasBeta
            || activation.Function is ActivationFunction.LeakyRelu or ActivationFunction.Elu
                or ActivationFunction.ThresholdedRelu;
        if (activation.Alpha != 0 && !hasAlpha)
        {
            Add(found, name, nameof(activation.Alpha), activation.Alpha,
                $"{activation.Function} has no α. Leave it at 0, or take a function that has one");
        }

        if (activation.Beta != 0 && !hasBeta)
        {
            Add(found, name, nameof(activation.Beta), activation.Beta,
                $"{activation.Function} has no β. Leave it at 0, or take a function that has one");
        }
    }

    private static void FindParameters(LstmActivation? activation, string property, string name, List<string> found)
    {
        if (activation is null)
        {
            return;
        }

        (bool hasAlpha, bool hasBeta) = activation.Function switch
        {
            LstmActivationFunction.HardSigmoid or LstmActivationFunction.ScaledTanh or LstmActivationFunction.Affine
                => (true, true),
            LstmActivationFunction.LeakyRelu or LstmActivationFunction.Elu or LstmActivationFunction.ThresholdedRelu
                => (true, false),
            _ => (false, false),
        };
        if (activation.Alpha != 0 && !hasAlpha)
        {
            Add(
                found, name, $"{property}.{nameof(activation.Alpha)}", activation.Alpha,
                $"{activation.Function} has no α. Leave it at 0, or take a function that has one");
        }

        if (activation.Beta != 0 && !hasBeta)
        {
            Add(
                found, name, $"{property}.{nameof(activation.Beta)}", activation.Beta,
                $"{activation.Function} has no β. Leave it at 0, or take a function that has one");
        }
    }

    private static void Add(List<string> found, string name, string property, object value, string reason)
        => found.Add(InvariantText.Of($"{property} of layer '{name}' is {value} and has no effect: {reason}."));
}
