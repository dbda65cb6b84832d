using System.Numerics;
using Lstm.Sequences;
using Lstm.Texts;

namespace Lstm;

/// <summary>A batch for training or evaluation: an input and the target of its output.</summary>
/// <remarks>The object refers to the given input, target and weights, and copies nothing.</remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class TrainingBatch<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Initializes a batch from an input and a target.</summary>
    /// <param name="input">
    /// Features, or ids for an embedding. A model of several networks may need an input of several parts.
    /// </param>
    /// <param name="target">The values or labels that the loss needs, one row per output row.</param>
    /// <param name="weights">
    /// One weight per output row. Null for the weights of <paramref name="target"/>, or for 1 if the target has none.
    /// </param>
    /// <exception cref="ArgumentNullException">The input or the target is null.</exception>
    /// <exception cref="ArgumentException">The target and <paramref name="weights"/> both have weights.</exception>
    public TrainingBatch(NetworkInput<T> input, NetworkTarget<T> target, SequenceBatch<T>? weights = null)
    {
        if (!input.IsGiven)
        {
            throw new ArgumentNullException(nameof(input));
        }

        target.Require(nameof(target));
        if (weights is not null && target.Weights is not null)
        {
            throw new ArgumentException(
                    "The target has weights already; give weights in the target or here, not in both.", nameof(weights));
        }

        (Input, Target) = (input, weights is null ? target : target.With(weights));
    }

    /// <summary>The input of the model.</summary>
    public NetworkInput<T> Input { get; }

    /// <summary>The target of the output, with its weights.</summary>
    public NetworkTarget<T> Target { get; }

    /// <summary>Returns the sizes of the input and of the target as text.</summary>
    public override string ToString() => $"{TypeName.Of(this)}: input {Input}; target {Target}";

    /// <summary>The origin of its sequences; null when that is not known.</summary>
    internal SequenceOrigin? Origin
    {
        get => field?.IsOf(InputShape) == true ? field : null;
        set;
    }

    /// <summary>The shape of the input's last part.</summary>
    internal SequenceShape InputShape => Input.Shape;

    /// <summary>A number that changes when a part of the input is refilled.</summary>
    internal long InputVersion
    {
        get
        {
            long version = 0;
            for (int i = 0; i < Input.PartCount; i++)
            {
                version += Input[i].Shape.Version;
            }

            return version;
        }
    }

    internal SequenceShape TargetShape => Target.Shape;

    /// <summary>
    /// Why carried states would continue other sequences than those of the batch before; null when they continue the same ones,
    /// or when it is not known where the sequences of a batch come from.
    /// </summary>
    internal string? WhyNotContinuing(SequenceOrigin? previous) => previous is null ? null : Origin?.WhyNotContinuing(previous);
}
