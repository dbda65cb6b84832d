namespace Lstm.Benchmarks.Reproduce;

/// <summary>
/// The temporal order problem with two relevant symbols (Hochreiter &amp; Schmidhuber 1997, experiment 6a): which of XX, XY, YX,
/// YY was hidden among random other symbols.
/// </summary>
/// <remarks>
/// T … T + T/10 symbols, one input each: E first, B last, between them a, b, c, d at random, but for an X or Y at a place from
/// T/10 … T/5 and another from T/2 … 3T/5.
/// </remarks>
internal sealed class TemporalOrder(int steps) : ILastStepTask
{
    public const string Symbols = "EBXYabcd";

    private const int Start = 0;
    private const int Trigger = 1;
    private const int X = 2;
    private const int FirstOther = 4;

    public int InputSize => Symbols.Length;

    public int OutputSize => 4;

    public void Draw(Random random, int count, SequenceBatch<float> input, SequenceBatch<float> target)
    {
        input.Reshape([.. Enumerable.Range(0, count).Select(_ => steps + random.Next((steps / 10) + 1))]);
        target.Reshape([.. Enumerable.Repeat(1, count)]);
        for (int b = 0; b < count; b++)
        {
            int last = input.Lengths[b] - 1;
            int t1 = random.Next(steps / 10, (steps / 5) + 1), t2 = random.Next(steps / 2, (3 * steps / 5) + 1);
            int first = random.Next(2), second = random.Next(2);
            for (int t = 0; t <= last; t++)
            {
                int other = FirstOther + random.Next(Symbols.Length - FirstOther);
                OneHot.Write(
                    input[b, t], t == 0 ? Start : t == last ? Trigger : t == t1 ? X + first : t == t2 ? X + second : other);
            }

            OneHot.Write(target[b, 0], (2 * first) + second);
        }
    }
}
