using System.Diagnostics;

namespace Lstm.Benchmarks.Timing;

/// <summary>
/// The times of several pieces of work, taken in turn: where the machine's clock wanders, it does so for all of them alike.
/// </summary>
internal sealed class Rounds
{
    private const double SampleSeconds = 2e-3;
    private const int FewestRounds = 3;
    private readonly List<double>[] _seconds;

    private Rounds(int pieces) => _seconds = [.. Enumerable.Range(0, pieces).Select(_ => new List<double>())];

    /// <summary>
    /// Calls each piece often, and gives the JIT time to finish its code, as the first seconds of a real program would: it waits
    /// for a pause of 0.1 s, twice, and pinned to one processor it gets none beside the work.
    /// </summary>
    public static void WarmUp(params ReadOnlySpan<Action> pieces)
    {
        for (int round = 0; round < 3; round++)
        {
            foreach (Action piece in pieces)
            {
                for (int i = 0; i < 40; i++)
                {
                    piece();
                }
            }

            Thread.Sleep(150);
        }
    }

    /// <summary>
    /// Times each piece once a round, in samples of at least 2 ms, until the seconds are spent; three rounds at least.
    /// </summary>
    public static Rounds Take(double seconds, params ReadOnlySpan<Action> pieces)
    {
        Rounds rounds = new(pieces.Length);
        int[] calls = new int[pieces.Length];
        for (int i = 0; i < pieces.Length; i++)
        {
            for (calls[i] = 1; Seconds(pieces[i], calls[i]) < SampleSeconds;)
            {
                calls[i] *= 2;
            }
        }

        long start = Stopwatch.GetTimestamp();
        for (int round = 0; round < FewestRounds || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds; round++)
        {
            for (int i = 0; i < pieces.Length; i++)
            {
                rounds._seconds[i].Add(Seconds(pieces[i], calls[i]) / calls[i]);
            }
        }

        return rounds;
    }

    /// <summary>The median time of one call of a piece.</summary>
    public double Median(int piece) => MedianOf(_seconds[piece]);

    /// <summary>The median, over the rounds, of one piece's time over another's.</summary>
    public double Ratio(int piece, int reference) => MedianOf(_seconds[piece].Zip(_seconds[reference], (a, b) => a / b));

    public static double MedianOf(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static double Seconds(Action piece, int calls)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < calls; i++)
        {
            piece();
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
