using System.Globalization;
using Lstm.Cells;

namespace Lstm.Onnx.Export;

/// <summary>One direction of a layer that is written as a Scan.</summary>
/// <param name="Spec">The stack.</param>
/// <param name="Layer">The stack's name, the first part of its parameters' names.</param>
/// <param name="Suffix">The last part of the parameters' names, e.g. <c>_l0_reverse</c>.</param>
/// <param name="Place">The first part of the names of nodes.</param>
/// <param name="Reverse">Whether the steps are read from the last to the first.</param>
internal sealed record ScanDirection(LstmSpec Spec, string Layer, string Suffix, string Place, bool Reverse)
{
    public LstmEquations Equations => (LstmEquations)Spec.Cell;

    /// <summary>H.</summary>
    public int Units => Spec.HiddenSize;

    /// <summary>Values of h: P with a projection, else H.</summary>
    public int Size => Spec.Projection?.Size ?? Spec.HiddenSize;

    /// <summary>Values of the hidden state: h, and i f o where the next step's gates read them.</summary>
    public int Width => Size + (Equations.GateRecurrence ? 3 * Units : 0);

    /// <summary>The activations of the gates, the candidate and the hidden state.</summary>
    public (LstmActivation Gate, LstmActivation Cell, LstmActivation Hidden) Activations
    {
        get
        {
            // A layer that only reads in reverse has the plain ones.
            bool isSecond = Suffix.EndsWith("_reverse", StringComparison.Ordinal);
            LstmActivation? gate = isSecond ? Equations.ReverseGateActivation : null;
            LstmActivation? cell = isSecond ? Equations.ReverseCellActivation : null;
            LstmActivation? hidden = isSecond ? Equations.ReverseHiddenActivation : null;
            LstmActivation tanh = new(LstmActivationFunction.Tanh);
            return (gate ?? Equations.GateActivation ?? new(LstmActivationFunction.Sigmoid),
                cell ?? Equations.CellActivation ?? tanh, hidden ?? Equations.HiddenActivation ?? tanh);
        }
    }

    /// <summary>The directions of a layer of a stack.</summary>
    public static ScanDirection[] Of(LstmSpec spec, string name, int layer)
    {
        string suffix = string.Create(CultureInfo.InvariantCulture, $"_l{layer}");
        ScanDirection first = new(spec, name, suffix, name + suffix, spec.Direction == LstmDirection.Reverse);
        return spec.Direction == LstmDirection.Bidirectional
            ? [first, first with { Suffix = suffix + "_reverse", Place = $"{name}{suffix}_reverse", Reverse = true }] : [first];
    }

    /// <summary>The full name of a parameter.</summary>
    public string Parameter(string name) => $"{Layer}.{name}{Suffix}";
}
