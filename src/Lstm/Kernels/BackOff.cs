namespace Lstm.Kernels;

/// <summary>Decides when a team's caller works alone because its workers, kept from running by other threads, cost more than they bring.</summary>
/// <remarks>
/// A worker whose processor does something else may hold a share for a whole time slice, milliseconds, while its caller waits. Nothing
/// tells beforehand, so the loss is measured: how much longer a job took than its caller alone would have. A loss is followed by
/// <see cref="FewestTimes"/> times as long alone, so that losses are an eighth of the time at most; each further loss within
/// <see cref="RunsToForget"/> jobs doubles that. Times decide who computes, never what comes out.
/// </remarks>
internal struct BackOff(long ticksPerSecond)
{
    private const int FewestTimes = 8;
    private const int MostTimes = 256;
    private const int RunsToForget = 64;

    // Shorter losses are the rounding of shares and the machine's own noise.
    private readonly long _leastLoss = ticksPerSecond / 100_000;
    private readonly long _longestAlone = ticksPerSecond / 5;

    private long _aloneUntil = long.MinValue;
    private int _times = FewestTimes;
    private int _runsSinceLoss;

    /// <summary>Whether the caller works alone at this time.</summary>
    public readonly bool IsAlone(long now) => now < _aloneUntil;

    /// <summary>Counts a job whose shares take about equally long.</summary>
    /// <param name="begun">When it began.</param>
    /// <param name="ran">When the caller had done the last share of its own.</param>
    /// <param name="ended">When all shares were done.</param>
    /// <param name="own">Shares that the caller did, at least 1.</param>
    /// <param name="others">Shares that others did.</param>
    public void Add(long begun, long ran, long ended, int own, int others)
    {
        long loss = ended - ran - ((ran - begun) * others / own);
        if (loss < _leastLoss)
        {
            _runsSinceLoss++;
            _times = _runsSinceLoss < RunsToForget ? _times : FewestTimes;
            return;
        }

        _aloneUntil = ended + Math.Max(loss * FewestTimes, Math.Min(loss * _times, _longestAlone));
        _times = Math.Min(2 * _times, MostTimes);
        _runsSinceLoss = 0;
    }
}
