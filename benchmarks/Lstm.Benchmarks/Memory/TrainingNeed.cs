namespace Lstm.Benchmarks.Memory;

/// <summary>
/// What a training step cannot do without, in bytes of float; what is derived from it, such as transposed weights, is not
/// counted.
/// </summary>
internal static class TrainingNeed
{
    /// <summary>
    /// The parts for a stack of LSTM layers over <paramref name="rows"/> rows of <paramref name="sequences"/> sequences, trained
    /// with Adam.
    /// </summary>
    public static IReadOnlyList<(string Name, long Bytes)> Of(int inputs, int units, int layers, int sequences, long rows)
    {
        long weights = 0;
        for (int layer = 0; layer < layers; layer++)
        {
            weights += 4L * units * ((layer == 0 ? inputs : units) + units + 1);
        }

        // The slots before the first step hold the initial states.
        long slots = rows + sequences;
        return
        [
            ("x [R, I]", Bytes(rows * inputs)),
            ("dx [R, I]", Bytes(rows * inputs)),
            ("gates [R, 4H], each layer", Bytes(layers * rows * 4 * units)),
            ("c [R + B, H], each layer", Bytes(layers * slots * units)),
            ("h [R + B, H], each layer", Bytes(layers * slots * units)),
            ("dy [R, H]", Bytes(rows * units)),
            ("dh between layers [R, H], two at most", Bytes(Math.Min(layers - 1, 2) * rows * units)),
            ("parameters", Bytes(weights)),
            ("gradient", Bytes(weights)),
            ("Adam's moments", Bytes(2 * weights)),
        ];
    }

    private static long Bytes(long values) => values * sizeof(float);
}
