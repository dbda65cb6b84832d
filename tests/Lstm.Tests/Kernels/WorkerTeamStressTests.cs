using Lstm.Runtime;
using Lstm.Tests.Support;

namespace Lstm.Tests.Kernels;

/// <summary>
/// Many short jobs whose shares are held up at random, on memory that is gone when the job is: a worker that came late would be
/// seen.
/// </summary>
public unsafe class WorkerTeamStressTests
{
    private const int Places = 64;

    [Theory]
    [InlineData(2, 20_000)]
    [InlineData(3, 20_000)]
    [InlineData(8, 10_000)]
    public void Run_of_many_short_jobs_does_every_share_once_and_nothing_afterwards(int size, int jobs)
    {
        using WorkerTeam team = SharingAll.Team(size);
        Many(team, jobs, size);
        Assert.NotEqual(0, team.RunsOfOthers);
    }

    [Fact]
    public void Run_of_many_teams_at_once_does_every_share_once()
    {
        Exception? failure = null;
        Thread[] callers = [.. Enumerable.Range(0, 4).Select(i => new Thread(() =>
        {
            try
            {
                for (int round = 0; round < 20; round++)
                {
                    using WorkerTeam team = SharingAll.Team(2 + (i % 3));
                    Many(team, 200, (100 * i) + round);
                }
            }
            catch (Exception e)
            {
                failure = e;
            }
        }))];
        Array.ForEach(callers, thread => thread.Start());
        Array.ForEach(callers, thread => thread.Join());
        Assert.Null(failure);
    }

    [Fact]
    public void Dispose_at_any_moment_of_a_job_lets_it_end()
    {
        Random random = new(1);
        for (int round = 0; round < 400; round++)
        {
            WorkerTeam team = SharingAll.Team(4);
            int delay = random.Next(3000);
            Thread other = new(() =>
            {
                Thread.SpinWait(delay);
                team.Dispose();
            });
            other.Start();
            Assert.Throws<ObjectDisposedException>(() => Many(team, int.MaxValue, round));
            other.Join();
            Assert.True(SpinWait.SpinUntil(() => team.Threads == 0, TimeSpan.FromSeconds(30)), "A thread was left behind.");
        }
    }

    // The memory is new for each job and spoiled after it.
    private static void Many(WorkerTeam team, int jobs, int seed)
    {
        Random random = new(seed);
        for (int i = 0; i < jobs; i++)
        {
            One(team, 2 + random.Next(Places - 1), (uint)random.Next(), random.Next(20) == 0);
        }
    }

    private static void One(WorkerTeam team, int shares, uint seed, bool fails)
    {
        int* counts = stackalloc int[Places];
        int* busy = stackalloc int[Places];
        new Span<int>(counts, Places).Clear();
        new Span<int>(busy, Places).Clear();
        Job job = new() { Shares = shares, Counts = counts, Busy = busy, Seed = seed, Fails = fails };
        try
        {
            team.Run(ref job);
            Assert.False(fails);
        }
        catch (ArithmeticException)
        {
            Assert.True(fails);
        }

        for (int share = 0; share < Places; share++)
        {
            Assert.True(
                counts[share] == (share < shares ? 1 : 0)
                || (fails && counts[share] == 0), $"share {share} of {shares} was done {counts[share]} times");
            Assert.Equal(0, busy[share]);
        }

        new Span<int>(counts, Places).Fill(-1);
        new Span<int>(busy, Places).Fill(-1);
    }

    private struct Job : IJob
    {
        public int Shares;
        public int* Counts;

        /// <summary>By worker: whether it is in a share.</summary>
        public int* Busy;
        public uint Seed;
        public bool Fails;

        public readonly long Work => 0;

        public readonly int SharesFor(int workers) => Shares;

        public readonly void Run(WorkShare share)
        {
            Assert.Equal(0, Interlocked.Exchange(ref Busy[share.Worker], 1));
            Delay(Seed + ((uint)share.Index * 2654435761u));
            Assert.Equal(1, Interlocked.Increment(ref Counts[share.Index]));
            Assert.Equal(Shares, share.Count);
            Assert.Equal(1, Interlocked.Exchange(ref Busy[share.Worker], 0));
            if (Fails && share.Index == Seed % Shares)
            {
                throw new ArithmeticException();
            }
        }

        private static void Delay(uint random)
        {
            switch (random >> 23 & 255)
            {
                case < 16:
                    Thread.SpinWait((int)(random & 255));
                    break;
                case < 20:
                    Thread.Yield();
                    break;
                case 20 when (random & 15) == 0:
                    Thread.Sleep(1);
                    break;
            }
        }
    }
}
