using System.Numerics;
using Lstm.Layers;
using Lstm.Sequences;
using Lstm.Training.Batches;

namespace Lstm.Training.Losses;

/// <summary>Refuses what a loss cannot take. An output's shape is all that is known of it: no pass is needed.</summary>
internal static class LossChecks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Refuses a target, labels or weights that do not fit the output or the loss.</summary>
    /// <param name="loss">The loss.</param>
    /// <param name="target">The target that it is to be evaluated on.</param>
    /// <param name="output">The shape of the output.</param>
    /// <param name="features">Values per output row.</param>
    /// <param name="place">Where the batch is.</param>
    /// <exception cref="ArgumentException">Something does not fit, or the target is of the wrong kind.</exception>
    public static void Check(Loss<T> loss, NetworkTarget<T> target, SequenceShape output, int features, BatchPlace place)
    {
        CheckKind(loss, target, place);
        (string part, SequenceShape shape) = (target.Part, target.Shape);
        if (target.Values is not null && loss.Rows is not null)
        {
            CheckFeatures(target.Values.FeatureSize, features, "target", place);
        }

        if (target.Labels is not null)
        {
            CheckFeatures(target.Labels.FeatureSize, 1, "labels", place);
        }

        bool perSequence = loss.Unit == LossUnit.Sequence;
        if (perSequence ? shape.Count != output.Count : !shape.Matches(output))
        {
            throw new ArgumentException(ShapeText.Of(place.Part(part), shape, output), place.Argument(part));
        }

        if (target.Weights is { } weights)
        {
            CheckFeatures(weights.FeatureSize, 1, "weights", place);
            CheckWeights(weights, output, perSequence, place);
        }

        if (loss.Rows?.WhyNotFeatures(features) is { } problem)
        {
            throw new ArgumentException(problem, place.Argument("output"));
        }

        loss.Rows?.Check(target, shape, features, place);
    }

    /// <summary>Refuses target values that are infinite or NaN in rows that count.</summary>
    public static void CheckFinite(NetworkTarget<T> target, BatchPlace place)
    {
        if (target.Values is { } values && TargetScan<T>.FirstNonFinite(target) is { } index)
        {
            throw new ArgumentException(
                $"The target {values.Rows[index]} of {place.Of(values.Shape, index, values.FeatureSize)} is not finite. "
                + "To ignore the row, give it the weight 0; to skip the step, set OnNonFinite to SkipStep.",
                place.Argument("target"));
        }
    }

    /// <summary>Refuses an output gradient that has not the output's shape.</summary>
    public static void CheckGradient(SequenceBatch<T> output, SequenceBatch<T>? gradient)
    {
        if (gradient is null)
        {
            return;
        }

        CheckFeatures(gradient.FeatureSize, output.FeatureSize, "outputGradient", default);
        if (!gradient.Shape.Matches(output.Shape))
        {
            throw new ArgumentException(ShapeText.Of("output gradient", gradient.Shape, output.Shape), "outputGradient");
        }
    }

    /// <summary>
    /// Refuses layers whose last one applies a function where the loss takes logits, or whose outputs are no classes of it.
    /// </summary>
    public static void CheckLayers(IReadOnlyList<Layer<T>> layers, Loss<T> loss)
    {
        if (loss.Rows is not { TakesLogits: true } rows)
        {
            return;
        }

        // A pooling or dropout passes on what the layer before gives.
        int last = layers.Count - 1;
        while (last > 0 && layers[last] is PoolingLayer<T> or RepeatLastLayer<T> or DropoutLayer<T>)
        {
            last--;
        }

        if (layers[last] is DenseLayer<T> { IsLinear: false } dense)
        {
            throw new ArgumentException(
                $"Layer '{dense.Name}' has the activation {dense.Activation}, but {loss} needs logits: the loss applies the " +
                $"{(rows.TakesLabels ? "softmax" : "sigmoid")} itself. "
                + "Set Activation = Activation.None in the last DenseSpec.",
                nameof(loss));
        }

        if (layers[last] is ActivationLayer<T> activation)
        {
            throw new ArgumentException(
                $"Layer '{activation.Name}' applies {activation.Function}, and {loss} takes logits: it applies the "
                + $"{(rows.TakesLabels ? "softmax" : "sigmoid")} itself. Leave the ActivationSpec out while training.",
                nameof(loss));
        }

        if (rows.WhyNotFeatures(layers[^1].OutputSize) is { } problem)
        {
            throw new ArgumentException(problem, nameof(loss));
        }
    }

    /// <summary>Refuses what makes no sense in training besides: a choice among one class.</summary>
    public static void CheckTrains(IReadOnlyList<Layer<T>> layers, Loss<T> loss)
    {
        CheckLayers(layers, loss);
        if (loss.Rows?.WhyNotTrained(layers[^1].OutputSize, loss) is { } problem)
        {
            throw new ArgumentException(problem, nameof(loss));
        }
    }

    private static void CheckKind(Loss<T> loss, NetworkTarget<T> target, BatchPlace place)
    {
        if (loss.Rows is { } rows && rows.TakesLabels != (target.Labels is not null))
        {
            throw new ArgumentException(
                $"{loss} does not take " +
                (rows.TakesLabels ? "target values; give it integer labels" : "integer labels; give it target values") +
                $"{place.Suffix}.",
                place.Argument(target.Part));
        }
    }

    private static void CheckFeatures(int actual, int expected, string argument, BatchPlace place)
    {
        if (actual != expected)
        {
            string part = argument == "outputGradient" ? "output gradient" : argument;
            throw new ArgumentException(
                $"The {place.Part(part)} {ShapeText.Has(part)} {actual} values per row; the output needs {expected}.",
                place.Argument(argument));
        }
    }

    private static void CheckWeights(SequenceBatch<T> weights, SequenceShape output, bool perSequence, BatchPlace place)
    {
        if (perSequence ? weights.Count != output.Count || weights.RowCount != output.Count || weights.StepCount > 1
            : !weights.Shape.Matches(output))
        {
            string unit = perSequence ? " The loss counts sequences: give each sequence one weight." : string.Empty;
            throw new ArgumentException(
                ShapeText.Of(place.Part("weights"), weights.Shape, output) + unit, place.Argument("weights"));
        }

        int row = TargetScan<T>.IndexOfNonFinite(weights.Rows);
        if (row < weights.RowCount)
        {
            throw new ArgumentException(
                $"Weight {weights.Rows[row]} of {place.Of(weights.Shape, row)} is not finite. Give a row that is to be " +
                $"ignored the weight 0.", place.Argument("weights"));
        }
    }
}
