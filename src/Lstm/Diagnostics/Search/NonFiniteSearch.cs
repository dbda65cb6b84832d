using System.Numerics;
using Lstm.Layers;
using Lstm.Parameters;
using Lstm.Sequences;

namespace Lstm.Diagnostics;

/// <summary>The parts of the search for the first infinite or NaN value of a pass; each finds the first of its part.</summary>
internal static class NonFiniteSearch<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly string[] Gates = ["input gate", "forget gate", "candidate", "output gate"];

    private static readonly string[] GateGradients = [.. Gates.Select(gate => $"gradient of the {gate}")];

    /// <summary>Searches the parameters in order.</summary>
    public static NonFiniteValue? InParameters(ParameterSet<T> parameters)
    {
        foreach (Parameter parameter in parameters.Layout.All)
        {
            for (int i = 0; i < parameter.Count; i++)
            {
                T value = parameters.Flat[parameter.Offset + parameter.IndexOf(i)];
                if (!T.IsFinite(value))
                {
                    return new NonFiniteValue(parameter.Name, "parameter", null, null, i, double.CreateChecked(value));
                }
            }
        }

        return null;
    }

    /// <summary>Searches a state that a pass is to start from.</summary>
    public static NonFiniteValue? InInitialState(IReadOnlyList<Layer<T>> layers, NetworkState<T> state)
    {
        foreach (Layer<T> layer in layers)
        {
            for (int d = 0; layer.Find<LstmLayer<T>>() is { } lstm && d < lstm.StateCount; d++)
            {
                for (int b = 0; b < state.Count; b++)
                {
                    string name = lstm.Directions[d].Name;
                    if ((InValues(state.HiddenRow(lstm.FirstState + d, b), name, "initial hidden", b, null)
                        ?? InValues(state.CellRow(lstm.FirstState + d, b), name, "initial cell", b, null)) is { } found)
                    {
                        return found;
                    }
                }
            }
        }

        return null;
    }

    /// <summary>Searches a forward pass: of each layer the steps of its directions, then the output.</summary>
    /// <param name="run">The layers as the pass ran them.</param>
    /// <param name="outputs">The number of layers that have an output: all, or all but the last.</param>
    /// <param name="tapes">Each layer's part of the tape; null if the tape does not hold the steps.</param>
    /// <param name="gates">Whether the tape holds the gates.</param>
    public static NonFiniteValue? InForward(LayerRun<T> run, int outputs, LayerTape<T>[]? tapes, bool gates)
    {
        for (int i = 0; i < outputs; i++)
        {
            Layer<T> layer = run.Layers[i];
            for (int d = 0; tapes is not null && layer.Find<LstmLayer<T>>() is { } lstm && d < lstm.StateCount; d++)
            {
                TapeView<T> view = TapeView<T>.Of(run.Layers, tapes, lstm.FirstState + d);
                if (InSteps(view, fromLast: view.IsReverse, gates ? Gates : [], states: true) is { } found)
                {
                    return found;
                }
            }

            SequenceContent<T> output = new(layer.OutputSize);
            output.View(run.Tapes[i].OutputShape, run.Tapes[i].Output, run.Tapes[i].OutputStart);
            if (InRows(output, layer.Label, "output") is { } value)
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>Searches the gradients of the gates, from the last direction to the first.</summary>
    /// <param name="layers">The network's layers.</param>
    /// <param name="tapes">Each layer's part of the tape.</param>
    /// <param name="entries">The number of directions of all layers.</param>
    public static NonFiniteValue? InGateGradients(IReadOnlyList<Layer<T>> layers, LayerTape<T>[] tapes, int entries)
    {
        for (int entry = entries - 1; entry >= 0; entry--)
        {
            TapeView<T> view = TapeView<T>.Of(layers, tapes, entry);
            if (InSteps(view, fromLast: !view.IsReverse, GateGradients, states: false) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Searches rows, sequence by sequence at each step. Rows of weight 0 are left out.</summary>
    public static NonFiniteValue? InRows(
        SequenceContent<T> rows, string place, string quantity, SequenceContent<T>? weights = null)
    {
        for (int t = 0; t < rows.Shape.StepCount; t++)
        {
            for (int b = 0; b < rows.Shape.Count; b++)
            {
                bool counts = t < rows.Shape.Lengths[b]
                    && (weights is null || b >= weights.Shape.Count || t >= weights.Shape.Lengths[b]
                        || weights.Row(b, t)[0] != T.Zero);
                if (counts && InValues(rows.Row(b, t), place, quantity, b, t + rows.Shape.FirstStep) is { } found)
                {
                    return found;
                }
            }
        }

        return null;
    }

    private static NonFiniteValue? InSteps(TapeView<T> view, bool fromLast, string[] gates, bool states)
    {
        T[] values = new T[view.CellSize];
        Span<T> gateValues = values.AsSpan(0, view.Units);
        for (int s = 0; s < view.Shape.StepCount; s++)
        {
            int t = fromLast ? view.Shape.StepCount - 1 - s : s;
            for (int b = 0; b < view.Shape.Count; b++)
            {
                if (t >= view.Shape.Lengths[b])
                {
                    continue;
                }

                for (int gate = 0; gate < gates.Length; gate++)
                {
                    // A custom cell may leave anything in the place of a gate that it does not use.
                    if (view.IsUnused(gate))
                    {
                        continue;
                    }

                    view.CopyGate(gate, b, t, gateValues);
                    if (InValues(gateValues, view.Name, gates[gate], b, t + view.Shape.FirstStep) is { } found)
                    {
                        return found;
                    }
                }

                if (states)
                {
                    view.CopyCell(b, t, values);
                    int step = t + view.Shape.FirstStep;
                    if ((InValues(values, view.Name, "cell", b, step)
                        ?? InValues(view.Hidden(b, t), view.Name, "hidden", b, step)) is { } found)
                    {
                        return found;
                    }
                }
            }
        }

        return null;
    }

    private static NonFiniteValue? InValues(ReadOnlySpan<T> values, string place, string quantity, int sequence, int? step)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!T.IsFinite(values[i]))
            {
                return new NonFiniteValue(place, quantity, sequence, step, i, double.CreateChecked(values[i]));
            }
        }

        return null;
    }
}
