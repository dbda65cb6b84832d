namespace Lstm.Benchmarks.Reproduce;

/// <summary>The errors of the most recent sequences.</summary>
/// <param name="count">How many are remembered.</param>
/// <param name="tolerance">From what absolute error on an answer is wrong.</param>
internal sealed class Recent(int count, double tolerance)
{
    private readonly (double Mean, bool IsWrong)[] _errors = new (double, bool)[count];
    private long _seen;

    /// <summary>Whether there have been enough sequences.</summary>
    public bool IsFull => _seen >= count;

    /// <summary>How many were wrong.</summary>
    public int Wrong { get; private set; }

    /// <summary>The mean absolute error.</summary>
    public double MeanError
    {
        get
        {
            double sum = 0;
            foreach ((double mean, _) in _errors)
            {
                sum += mean;
            }

            return sum / count;
        }
    }

    /// <summary>Adds a sequence's answer: wrong if any of its values is.</summary>
    public void Add(ReadOnlySpan<float> answer, ReadOnlySpan<float> target)
    {
        double sum = 0, largest = 0;
        for (int i = 0; i < answer.Length; i++)
        {
            double error = Math.Abs((double)answer[i] - target[i]);
            sum += error;
            largest = Math.Max(largest, error);
        }

        ref (double Mean, bool IsWrong) place = ref _errors[_seen++ % count];
        Wrong -= place.IsWrong ? 1 : 0;
        place = (sum / answer.Length, !(largest < tolerance));
        Wrong += place.IsWrong ? 1 : 0;
    }
}
