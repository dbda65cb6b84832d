using System.Diagnostics;

namespace Lstm.Benchmarks.Stress;

/// <summary>Threads that pick actions at random until the time is over.</summary>
internal static class StressRun
{
    private const int ThreadCount = 6;

    /// <summary>How long a thread stays with an action: 2 ms.</summary>
    private static readonly long Turn = Stopwatch.Frequency / 500;

    public static StressReport Run(TimeSpan time, int seed)
    {
        using Shared shared = new(seed);
        StressAction[] actions =
        [
            .. PassActions.All, .. StreamActions.All, .. BatchActions.All, .. TrainingActions.All, .. CallbackActions.All,
            .. FileActions.All,
        ];
        StressReport total = new();
        long end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        Thread[] threads = [.. Enumerable.Range(0, ThreadCount).Select(index => new Thread(() =>
        {
            using StressThread thread = new(shared, index, seed);
            StressReport report = new();
            for (long now = Stopwatch.GetTimestamp(); now < end;)
            {
                // Short actions again and again, so that they meet those of other threads as often as long ones do.
                StressAction action = actions[thread.Random.Next(actions.Length)];
                long turn = now + Turn;
                do
                {
                    Do(action, thread, report);
                    now = Stopwatch.GetTimestamp();
                }
                while (now < Math.Min(turn, end));
            }

            lock (total)
            {
                total.Add(report);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return total;
    }

    internal static void Do(StressAction action, StressThread thread, StressReport report)
    {
        report.Operations++;
        long[] counts = report.Count(action.Name);
        try
        {
            if (action.Run(thread))
            {
                report.Right++;
                counts[0]++;
            }
            else
            {
                report.Uncompared++;
                counts[2]++;
            }
        }
        catch (Exception e) when (IsPromised(action.Promise, e))
        {
            report.Refused++;
            counts[1]++;
        }
        catch (Exception e)
        {
            report.FailureCount++;
            report.Wrong += e is WrongResultException ? 1 : 0;
            report.Failures.TryAdd($"{action.Name}, {e.GetType().Name}", e is WrongResultException ? e.Message : e.ToString());
        }
    }

    // An ObjectDisposedException is an InvalidOperationException.
    private static bool IsPromised(Promise promise, Exception e) => promise switch
    {
        Promise.SucceedsOrIsRefused => e is InvalidOperationException,
        Promise.Survives => e is InvalidOperationException or ArgumentException,
        Promise.ReadsOrIsRefused => e is InvalidDataException,
        _ => false,
    };
}
