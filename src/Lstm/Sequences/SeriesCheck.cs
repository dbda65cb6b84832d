namespace Lstm.Sequences;

/// <summary>Refuses series that cannot be cut; the messages name the argument and both sizes.</summary>
internal static class SeriesCheck
{
    /// <summary>The number of steps of a series.</summary>
    public static int Steps(int values, int featureSize, string series, string argument)
        => values % featureSize == 0 ? values / featureSize : throw new ArgumentException(
            $"{series} has {values} values, which is no multiple of the feature size {featureSize}: {values % featureSize} " +
            $"are left "
            + $"over after {values / featureSize} whole steps. Give [steps, {featureSize}] values, step by step.", argument);

    /// <summary>The number of steps of each series.</summary>
    public static int[] Steps<T>(IReadOnlyList<T[]> series, int featureSize, string argument)
    {
        ArgumentNullException.ThrowIfNull(series, argument);
        int[] steps = new int[series.Count];
        for (int i = 0; i < steps.Length; i++)
        {
            T[] values = series[i] ?? throw new ArgumentException($"Series {i} of {series.Count} is null.", argument);
            steps[i] = Steps(values.Length, featureSize, steps.Length == 1 ? "The series" : $"Series {i}", argument);
        }

        return steps;
    }

    /// <summary>The target features; all when none are given.</summary>
    public static int[] Features(int featureSize, ReadOnlySpan<int> targetFeatures)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(featureSize, 1);
        for (int i = 0; i < targetFeatures.Length; i++)
        {
            if ((uint)targetFeatures[i] >= (uint)featureSize)
            {
                throw new ArgumentException(
                    $"Target feature {targetFeatures[i]} (index {i} of {targetFeatures.Length}) is outside 0 … " +
                    $"{featureSize - 1}: "
                    + $"the series has {featureSize} values per step.", nameof(targetFeatures));
            }
        }

        return targetFeatures.IsEmpty ? [.. Enumerable.Range(0, featureSize)] : targetFeatures.ToArray();
    }

    /// <summary>Throws unless target or weights have a row for each input row.</summary>
    public static void SameRows(SequenceShape input, SequenceShape rows, string what, string argument)
    {
        if (input.Count != rows.Count)
        {
            throw new ArgumentException(
                $"The input has {input.Count} sequences, the {what} {rows.Count}; lanes need a row of the {what} for each " +
                $"step of "
                + "the input.", argument);
        }

        for (int b = 0; b < input.Count; b++)
        {
            if (input.Lengths[b] != rows.Lengths[b])
            {
                throw new ArgumentException(
                    $"Sequence {b} has {input.Lengths[b]} steps of the input and {rows.Lengths[b]} of the {what}; lanes need " +
                    $"a row "
                    + $"of the {what} for each step of the input.", argument);
            }
        }
    }
}
