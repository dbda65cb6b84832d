namespace Lstm.Runtime;

/// <summary>Decides when a team's caller works alone because its workers, kept from running by other threads, cost more than they bring.</summary>
/// <remarks>
/// A worker whose processor does something else may hold a share for a whole time slice, milliseconds, while its caller waits. Nothing
/// tells beforehand, so gains and losses are measured: by how much a job was faster or slower than its caller alone would have been. A part of the
/// recent gains pays for losses. What is left of a loss is followed by <see cref="FewestTimes"/> times as long alone, so that such
/// losses take an eighth of the time at most; each further one within <see cref="RunsToForget"/> jobs doubles that. Times decide who
/// computes, never what comes out.
/// </remarks>
internal struct BackOff(long ticksPerSecond)
{
    private const int FewestTimes = 8;
    private const int MostTimes = 64;
    private const int RunsToForget = 64;

    // Of a gain: it is an estimate, and too high where the caller was the one that did not run.
    private const int CreditedPart = 4;

    // Shorter losses are the rounding of shares.
    private readonly long _leastLoss = ticksPerSecond / 100_000;
    private readonly long _mostCredit = ticksPerSecond / 1000;
    private readonly long _longestAlone = ticksPerSecond / 5;

    private long _aloneUntil = long.MinValue;
    private long _credit;
    private int _times = FewestTimes;
    private int _runs;

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
        long gain = ((ran - begun) * others / own) - (ended - ran);
        _credit = Math.Min(_credit + (gain > 0 ? gain / CreditedPart : gain), _mostCredit);
        if (_credit > -_leastLoss)
        {
            _runs++;
            _times = _runs < RunsToForget ? _times : FewestTimes;
            return;
        }

        _aloneUntil = ended - Math.Min(_credit * FewestTimes, Math.Max(_credit * _times, -_longestAlone));
        _times = Math.Min(2 * _times, MostTimes);
        (_runs, _credit) = (0, 0);
    }
}
