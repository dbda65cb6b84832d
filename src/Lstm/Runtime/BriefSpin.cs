using System.Diagnostics;

namespace Lstm.Runtime;

/// <summary>A short wait that keeps the processor, but lets others have it who ask: one of them may be what is waited for.</summary>
internal struct BriefSpin(int microseconds)
{
    // A turn is some 0.15 µs, a yield that finds nobody some 0.5 µs.
    private const int PausesPerTurn = 4;
    private const int TurnsPerYield = 8;

    private readonly long _end = Stopwatch.GetTimestamp() + (microseconds * Stopwatch.Frequency / 1_000_000);
    private int _turns;

    /// <summary>Waits for a moment; false when the time is over.</summary>
    public bool Once()
    {
        Thread.SpinWait(PausesPerTurn);
        if (++_turns % TurnsPerYield != 0)
        {
            return true;
        }

        Thread.Yield();
        return Stopwatch.GetTimestamp() < _end;
    }
}
