using Lstm.Keras.Files;
using Lstm.Specs;

namespace Lstm.Keras.Models;

/// <summary>Turns an LSTM of Keras into one of ours, with the skip connections around it.</summary>
internal sealed class RecurrentPlan(PlanRow row, Selection selection, WeightStore weights, bool isKeras3, List<string> ignored)
{
    /// <summary>Sums that have become residual connections, by the names of their layers, and what they give.</summary>
    public Dictionary<string, Flow> Residuals { get; } = new(StringComparer.Ordinal);

    public Flow? Read(KerasLayer layer, Flow input)
    {
        if (LstmConfig.Of(layer, isKeras3, out string? trouble) is not { } lstm)
        {
            weights.Of(layer);
            return row.Refuse(layer, trouble ?? "it has no counterpart: its cell is no LSTMCell");
        }

        IReadOnlyList<WeightTensor> tensors = weights.Of(layer);
        if (!WeightCheck.Compare(
            layer, tensors, WeightCheck.Lstm(lstm.Spec, lstm.Directions.Count == 2, lstm.IsCuDnn, input.View.Length),
            row.Problems))
        {
            return null;
        }

        LstmSpec spec = lstm.Spec;
        bool isBoth = spec.Direction == LstmDirection.Bidirectional;
        if (isBoth && input.IsReversed)
        {
            return row.Refuse(layer, "it reads the output of a layer that goes backwards");
        }

        // Keras's order of steps may be the reverse of ours; its output is in the order in which it reads.
        bool readsBackwards = input.IsReversed != lstm.GoesBackwards;
        spec = isBoth || !readsBackwards ? spec : spec with { Direction = LstmDirection.Reverse };
        int outputs = isBoth && spec.Merge == LstmMerge.Concatenate ? 2 * spec.HiddenSize : spec.HiddenSize;
        Flow result = new(View.Of(outputs), true, !isBoth && readsBackwards);
        if (lstm.ReturnsSequences && ResidualOf(layer, input, result) is { } sum)
        {
            spec = spec with { Shortcut = LstmShortcut.Add };
            Residuals.Add(sum.Name, result);
        }
        else if (row.NeedsMore)
        {
            if (!lstm.ReturnsSequences)
            {
                return row.RefuseSkip(layer);
            }

            spec = spec with { Shortcut = LstmShortcut.Concatenate };
        }

        ignored.AddRange(lstm.Flags);
        bool isCarried = spec.Shortcut == LstmShortcut.Concatenate;
        if (!row.Emit(new PlannedLayer(spec, layer) { Tensors = tensors, Input = input.View, IsCuDnn = lstm.IsCuDnn },
            isCarried ? checked(row.Width + outputs) : outputs))
        {
            return null;
        }

        if (isCarried)
        {
            row.MoveBehind(outputs);
        }

        if (!lstm.ReturnsSequences)
        {
            row.Emit(new PlannedLayer(new PoolingSpec(Pooling.Last), layer), row.Width);
            return new Flow(View.Of(outputs), false);
        }

        return result;
    }

    /// <summary>
    /// The sum of a layer's input and its output, if nothing else reads either: a residual connection. Dropout may lie between.
    /// </summary>
    private KerasLayer? ResidualOf(KerasLayer layer, Flow input, Flow result)
    {
        if (layer.Inputs.Count != 1 || !input.View.IsAll(row.Width) || result.View.Length != row.Width || !row.NeedsOne
            || result.IsReversed != input.IsReversed)
        {
            return null;
        }

        KerasTensor tensor = new(layer.Name, 0);
        while (selection.Uses(tensor) == 1 && selection.Readers(tensor) is [{ ClassName: "Dropout" } dropout])
        {
            tensor = new KerasTensor(dropout.Name, 0);
        }

        return selection.Uses(tensor) == 1 && selection.Readers(tensor) is [{ ClassName: "Add" } sum] && sum.Inputs.Count == 2
            && sum.Trouble is null && sum.Inputs.Contains(tensor) && sum.Inputs.Contains(layer.Inputs[0])
            && selection.Uses(layer.Inputs[0]) == 2 ? sum : null;
    }
}
