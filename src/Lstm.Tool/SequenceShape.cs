using Lstm.Formats;

namespace Lstm.Tool;

/// <summary>How an array holds sequences.</summary>
/// <param name="Sequences">The number of sequences.</param>
/// <param name="Steps">The number of steps of each.</param>
/// <param name="Features">The values of a step; 1 for ids.</param>
/// <param name="IsOne">Whether the array is one sequence without an axis of sequences, as the output then is too.</param>
internal readonly record struct SequenceShape(int Sequences, int Steps, int Features, bool IsOne)
{
    /// <param name="tensor">The array.</param>
    /// <param name="features">The values of a step that the network takes; 0 for ids.</param>
    /// <param name="path">The array's file, for messages.</param>
    /// <exception cref="InvalidDataException">The array has another shape.</exception>
    public static SequenceShape Of(FileTensor tensor, int features, string path)
    {
        IReadOnlyList<long> shape = tensor.Shape;
        if (shape.Any(size => size > int.MaxValue))
        {
            throw Wrong(tensor, features, path);
        }

        int[] sizes = [.. shape.Select(size => (int)size)];
        bool hasFeatures = features > 0 && sizes.Length > 1 && sizes[^1] == features;
        return (sizes.Length - (hasFeatures ? 1 : 0)) switch
        {
            1 when hasFeatures || features <= 1 => new(1, sizes[0], Math.Max(features, 1), IsOne: true),
            2 when hasFeatures || features <= 1 => new(sizes[0], sizes[1], Math.Max(features, 1), IsOne: false),
            _ => throw Wrong(tensor, features, path),
        };
    }

    private static InvalidDataException Wrong(FileTensor tensor, int features, string path) => new(
        $"'{path}' is {tensor}; the network takes "
        + (features == 0
            ? "ids: [steps] or [sequences, steps]."
            : $"{features} values a step: [steps, {features}] or [sequences, steps, {features}]."));
}
