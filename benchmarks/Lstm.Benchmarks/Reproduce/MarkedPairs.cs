namespace Lstm.Benchmarks.Reproduce;

/// <summary>
/// The adding and the multiplication problem (Hochreiter &amp; Schmidhuber 1997, experiments 4 and 5): a row of values, two of
/// them marked, whose sum or product is the answer.
/// </summary>
/// <remarks>
/// A step is a value and a marker. T … T + T/10 steps; one of the first ten is marked by 1, then one of the first T/2 − 1 that
/// are still unmarked. The first and the last step have the marker −1, the others 0. Values are from [−1, 1] and the answer is
/// ½ + (x₁ + x₂)/4, or they are from [0, 1] and it is x₁·x₂. Should the first step be chosen, its marker stays −1 and it counts
/// as 0 in the sum, as 1 in the product.
/// </remarks>
internal sealed class MarkedPairs(int steps, bool isProduct) : ILastStepTask
{
    public int InputSize => 2;

    public int OutputSize => 1;

    public void Draw(Random random, int count, SequenceBatch<float> input, SequenceBatch<float> target)
    {
        input.Reshape([.. Enumerable.Range(0, count).Select(_ => steps + random.Next((steps / 10) + 1))]);
        target.Reshape([.. Enumerable.Repeat(1, count)]);
        for (int b = 0; b < count; b++)
        {
            int last = input.Lengths[b] - 1;
            int first = random.Next(Math.Min(10, steps / 2)), second = random.Next((steps / 2) - 1);
            second += second >= first ? 1 : 0;
            for (int t = 0; t <= last; t++)
            {
                float value = random.NextSingle();
                Span<float> pair = input[b, t];
                pair[0] = isProduct ? value : (2 * value) - 1;
                pair[1] = t == 0 || t == last ? -1 : t == first || t == second ? 1 : 0;
            }

            float neutral = isProduct ? 1 : 0;
            float x1 = first == 0 ? neutral : input[b, first][0];
            float x2 = second == 0 ? neutral : input[b, second][0];
            target[b, 0][0] = isProduct ? x1 * x2 : 0.5f + ((x1 + x2) / 4);
        }
    }
}
