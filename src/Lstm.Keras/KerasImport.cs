using System.Numerics;
using Lstm.Formats;

namespace Lstm.Keras;

/// <summary>A network read from a model of Keras or TensorFlow.js, and which steps the model masks.</summary>
/// <remarks>
/// A network has no masks: a masked step is left out of its sequence, so that states pass over it. <see cref="ToSequences"/> and
/// <see cref="ToIds"/> do this to padded arrays.
/// </remarks>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class KerasImport<T> : ModelImport<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal KerasImport(Network<T> network, ImportReport report, string? version, int? maskedId, double? maskedValue)
        : base(network, report)
        => (KerasVersion, MaskedId, MaskedValue) = (version, maskedId, maskedValue);

    /// <summary>The version of Keras that wrote the file, e.g. <c>2.0.5</c>; null if the file does not say.</summary>
    public string? KerasVersion { get; }

    /// <summary>The id that an embedding with <c>mask_zero</c> masks, which is 0; null without one.</summary>
    public int? MaskedId { get; }

    /// <summary>The value that a Masking layer masks: a step is masked if all of its values have it. Null without one.</summary>
    public double? MaskedValue { get; }

    /// <summary>Takes an array of padded sequences apart and leaves masked steps out.</summary>
    /// <param name="values">[sequences, steps, values of a step], row by row, as Keras reads it.</param>
    /// <param name="steps">The number of steps of each padded sequence.</param>
    /// <returns>The values of each sequence's steps that are not masked.</returns>
    /// <exception cref="ArgumentException">The array is not made of whole sequences of that many steps.</exception>
    public IReadOnlyList<T[]> ToSequences(ReadOnlySpan<T> values, int steps)
    {
        int width = Network.InputSize;
        int length = LengthOf(values.Length, steps, width);
        T? masked = MaskedValue is { } value ? T.CreateTruncating(value) : null;
        List<T[]> sequences = [];
        for (int at = 0; at < values.Length; at += length)
        {
            List<T> sequence = [];
            for (int step = 0; step < steps; step++)
            {
                ReadOnlySpan<T> row = values.Slice(at + (step * width), width);
                if (masked is not { } mask || row.ContainsAnyExcept(mask))
                {
                    sequence.AddRange(row);
                }
            }

            sequences.Add([.. sequence]);
        }

        return sequences;
    }

    /// <summary>Takes an array of padded sequences of ids apart and leaves masked steps out.</summary>
    /// <param name="ids">[sequences, steps], row by row, as Keras reads it.</param>
    /// <param name="steps">The number of steps of each padded sequence.</param>
    /// <returns>The ids of each sequence that are not masked.</returns>
    /// <exception cref="ArgumentException">The array is not made of whole sequences of that many steps.</exception>
    public IReadOnlyList<int[]> ToIds(ReadOnlySpan<int> ids, int steps)
    {
        int length = LengthOf(ids.Length, steps, 1);
        List<int[]> sequences = [];
        for (int at = 0; at < ids.Length; at += length)
        {
            sequences.Add([.. ids.Slice(at, length).ToArray().Where(id => id != MaskedId)]);
        }

        return sequences;
    }

    private static int LengthOf(int count, int steps, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(steps);
        long length = (long)steps * width;
        return count % length == 0 ? (int)Math.Min(length, int.MaxValue)
            : throw new ArgumentException(
                $"There are {count} values; sequences of {steps} steps of {width} values each need a multiple of {length}.");
    }
}
