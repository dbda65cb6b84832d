namespace Lstm.Runtime;

/// <summary>
/// Decides when a team's caller works alone: while other threads keep its workers from running, they cost more than they gain.
/// </summary>
/// <remarks>
/// A worker whose processor does something else may hold a share for a whole time slice, milliseconds, while its caller waits.
/// That cannot be predicted, so gains and losses are measured: by how much a job was faster or slower than its caller alone would
/// have been. A part of the recent gains pays for losses. After the rest of a loss the caller works alone for
/// <see cref="FewestTimes"/> times its duration, so losses take at most an eighth of the time; each further loss within
/// <see cref="RunsToForget"/> jobs doubles that. Times decide who computes, never the result.
/// </remarks>
internal struct BackOff(long ticksPerSecond)
{
    private const int FewestTimes = 8;
    private const int MostTimes = 64;
    private const int RunsToForget = 64;

    // Only a part of a gain counts: a gain is an estimate, and too high when the caller itself did not run.
    private const int CreditedPart = 4;

    // Shorter losses are the rounding of shares.
    private readonly long _leastLoss = ticksPerSecond / 100_000;
    private readonly long _mostCredit = ticksPerSecond / 1000;
    private readonly long _longestAlone = ticksPerSecond / 5;

    private long _aloneUntil = long.MinValue;
    private long _credit;
    private int _times = FewestTimes;
    private int _runs;

    /// <summary>Whether the caller works alone at the time <paramref name="now"/>.</summary>
    public readonly bool IsAlone(long now) => now < _aloneUntil;

    /// <summary>Counts a job whose shares take about equally long.</summary>
    /// <param name="begun">The time at which the job began.</param>
    /// <param name="ran">The time at which the caller had done its last share.</param>
    /// <param name="ended">The time at which all shares were done.</param>
    /// <param name="own">The number of shares that the caller did, at least 1.</param>
    /// <param name="others">The number of shares that the other workers did.</param>
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
