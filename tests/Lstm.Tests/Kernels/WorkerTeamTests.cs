using System.Runtime.CompilerServices;
using Lstm.Runtime;
using Lstm.Tests.Support;

namespace Lstm.Tests.Kernels;

public class WorkerTeamTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(2, 7)]
    [InlineData(5, 5)]
    [InlineData(5, 3)]
    [InlineData(3, 64)]
    public void Run_does_every_share_once(int size, int shares)
    {
        using WorkerTeam team = SharingAll.Team(size);
        for (int run = 1; run <= 200; run++)
        {
            var job = new Recorder(shares);
            team.Run(ref job);
            Assert.Equal(Enumerable.Repeat(1, shares), job.Runs);
            Assert.Equal(Thread.CurrentThread, job.Threads[0]);
            Assert.All(job.Workers, worker => Assert.InRange(worker, 0, size - 1));
            Assert.All(
                Enumerable.Range(0, shares), i => Assert.Equal(job.Workers[i] == 0, job.Threads[i] == Thread.CurrentThread));
            Assert.Equal(size == 1 ? 0 : run, team.SharedRuns);
        }
    }

    [Fact]
    public void Run_has_no_more_shares_than_can_be_claimed()
    {
        using WorkerTeam team = SharingAll.Team(100);
        var job = new Recorder(WorkerState.MostShares) { Asks = 100 };
        team.Run(ref job);
        Assert.Equal(Enumerable.Repeat(1, WorkerState.MostShares), job.Runs);
    }

    [Fact]
    public void Run_does_the_shares_of_a_worker_that_is_held_up()
    {
        using WorkerTeam team = SharingAll.Team(2);
        for (int run = 0; run < 20; run++)
        {
            var job = new HeldUp(shares: 6);
            team.Run(ref job);
            Assert.Equal(6, job.Done[0]);
        }
    }

    [Fact]
    public void Run_wakes_workers_that_sleep()
    {
        using WorkerTeam team = SharingAll.Team(3);
        for (int i = 0; i < 5; i++)
        {
            var job = new Meeting(3);
            team.Run(ref job);
            Assert.Equal(3, job.Arrived[0]);
            Thread.Sleep(20);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Run_of_a_failing_share_throws_its_exception_and_leaves_the_team_usable(int share)
    {
        using WorkerTeam team = SharingAll.Team(3);
        for (int i = 0; i < 30; i++)
        {
            var job = new Recorder(3) { Fails = share };
            Assert.Equal($"share {share}", Assert.Throws<InvalidOperationException>(() => team.Run(ref job)).Message);
            Assert.All(job.Runs, runs => Assert.InRange(runs, 0, 1));
            var next = new Recorder(3);
            team.Run(ref next);
            Assert.Equal([1, 1, 1], next.Runs);
        }
    }

    [Fact]
    public void Run_whose_own_share_fails_begins_no_other_one_afterwards()
    {
        using WorkerTeam team = SharingAll.Team(2);
        for (int i = 0; i < 30; i++)
        {
            var job = new Recorder(64) { Fails = 0 };
            Assert.Throws<InvalidOperationException>(() => team.Run(ref job));
            int[] runs = [.. job.Runs];
            Thread.Sleep(1);
            Assert.Equal(runs, job.Runs);
        }
    }

    [Fact]
    public void Run_of_an_interrupted_caller_waits_all_the_same_and_leaves_the_interruption_pending()
    {
        using WorkerTeam team = SharingAll.Team(2);
        using ManualResetEventSlim begun = new(), goOn = new();
        bool returned = false, interrupted = false;
        Thread caller = new(() =>
        {
            var job = new Gate(begun, goOn);
            team.Run(ref job);
            Volatile.Write(ref returned, true);
            try
            {
                Thread.Sleep(Patience);
            }
            catch (ThreadInterruptedException)
            {
                Volatile.Write(ref interrupted, true);
            }
        })
        { IsBackground = true };
        caller.Start();
        Assert.True(begun.Wait(Patience));
        SpinWait.SpinUntil(() => (caller.ThreadState & ThreadState.WaitSleepJoin) != 0, Patience);
        caller.Interrupt();
        Thread.Sleep(20);
        Assert.False(Volatile.Read(ref returned), "The caller left while another worker held a share.");
        goOn.Set();
        Assert.True(caller.Join(Patience));
        Assert.True(interrupted);
    }

    [Fact]
    public void Dispose_ends_the_threads_and_Run_then_throws()
    {
        WorkerTeam team = SharingAll.Team(3);
        var job = new Meeting(3);
        team.Run(ref job);
        team.Dispose();
        team.Dispose();
        Assert.All(job.Threads[1..], thread => Assert.True(thread!.Join(Patience)));
        Assert.Throws<ObjectDisposedException>(() => team.Run(ref job));
        Recorder small = new(1);
        Assert.Throws<ObjectDisposedException>(() => team.Run(ref small));
        WorkerTeam alone = new(1);
        alone.Dispose();
        Assert.Throws<ObjectDisposedException>(() => alone.Run(ref small));
    }

    [Fact]
    public void Dispose_during_a_job_lets_it_end()
    {
        for (int round = 0; round < 300; round++)
        {
            WorkerTeam team = SharingAll.Team(3);
            var job = new Meeting(3);
            team.Run(ref job);
            bool started = false;
            bool whole = true;
            Thread caller = new(() =>
            {
                try
                {
                    while (true)
                    {
                        var next = new Recorder(3);
                        team.Run(ref next);
                        whole &= next.Runs is [1, 1, 1];
                        Volatile.Write(ref started, true);
                    }
                }
                catch (ObjectDisposedException)
                {
                }
            })
            { IsBackground = true };
            caller.Start();
            SpinWait.SpinUntil(() => Volatile.Read(ref started));
            Thread.SpinWait(round * 7);
            team.Dispose();
            Assert.True(caller.Join(Patience), "The job never ended.");
            Assert.True(whole, "A share was left out or done twice.");
            Assert.All(job.Threads[1..], thread => Assert.True(thread!.Join(Patience)));
        }
    }

    [Fact]
    public void Run_within_a_job_throws_or_runs_alone_and_leaves_the_team_usable()
    {
        using WorkerTeam team = SharingAll.Team(2);
        var nested = new Nested(team, 2);
        Assert.Throws<InvalidOperationException>(() => team.Run(ref nested));
        nested = new Nested(team, 1);
        team.Run(ref nested);
        var next = new Recorder(2);
        team.Run(ref next);
        Assert.Equal([1, 1], next.Runs);
    }

    [Fact]
    public void A_forgotten_team_is_finalised_and_its_threads_end()
    {
        Thread[] threads = Forget();
        for (int i = 0; i < 100 && !threads.All(thread => thread.Join(20)); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.All(threads, thread => Assert.False(thread.IsAlive));
    }

    [Fact]
    public void Threads_start_with_the_first_job_that_is_worth_them_end_when_idle_and_start_again()
    {
        using WorkerTeam team = new(3) { Sharing = Sharing.Worthwhile };
        var small = new Recorder(1) { Asks = 3 };
        team.Run(ref small);
        Assert.Equal(0, team.Threads);
        for (int i = 0; i < 2; i++)
        {
            var large = new Meeting(3);
            team.Run(ref large);
            Assert.Equal(2, team.Threads);
            Assert.All(large.Threads[1..], thread => Assert.True(thread!.Join(Patience), "An idle thread never ended."));
            Assert.Equal(0, team.Threads);
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData((2 * JobWork.LeastPerWorker) - 1, 1)]
    [InlineData(2 * JobWork.LeastPerWorker, 2)]
    [InlineData(3 * JobWork.LeastPerWorker, 3)]
    [InlineData(long.MaxValue, 5)]
    public void Run_has_as_many_workers_as_the_work_is_worth(long work, int workers)
    {
        using WorkerTeam team = new(5) { Sharing = Sharing.Worthwhile };
        var job = new Recorder(workers) { Asks = workers, Work = work };
        team.Run(ref job);
        Assert.Equal(Enumerable.Repeat(1, workers), job.Runs);
        using WorkerTeam measured = new(64);
        var other = new AskedFor(work);
        measured.Run(ref other);
        Assert.InRange(other.Workers[0], 0, Environment.ProcessorCount);
    }

    [Fact]
    public void Constructor_of_no_worker_throws() => Assert.Throws<ArgumentOutOfRangeException>("size", () => new WorkerTeam(0));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Thread[] Forget()
    {
        WorkerTeam team = SharingAll.Team(3);
        var job = new Meeting(3);
        team.Run(ref job);
        return [.. job.Threads[1..].Select(thread => thread!)];
    }

    /// <summary>A job that runs another one on the same team.</summary>
    private readonly struct Nested(WorkerTeam team, int shares) : IJob
    {
        public long Work => 0;

        public int SharesFor(int workers) => workers;

        public void Run(WorkShare share)
        {
            if (share.Index == 0)
            {
                var job = new Recorder(shares);
                team.Run(ref job);
            }
        }
    }

    /// <summary>Writes down for how many workers it was asked to be cut, and is not.</summary>
    private readonly struct AskedFor(long work) : IJob
    {
        public readonly int[] Workers = new int[1];

        public long Work => work;

        public int SharesFor(int workers)
        {
            Workers[0] = workers;
            return 1;
        }

        public void Run(WorkShare share) => Assert.Equal(WorkShare.Whole, share);
    }

    /// <summary>One share that another worker has taken ends only when all others are done.</summary>
    private readonly struct HeldUp(int shares) : IJob
    {
        public readonly int[] Done = new int[1];

        public long Work => 0;

        public int SharesFor(int workers) => shares;

        public void Run(WorkShare share)
        {
            int[] done = Done;
            int all = shares;
            if (share.Worker != 0)
            {
                Assert.True(
                    SpinWait.SpinUntil(() => Volatile.Read(ref done[0]) == all - 1, Patience),
                    "The caller did not take what was left.");
            }

            Interlocked.Increment(ref done[0]);
        }
    }

    /// <summary>Each share ends only when all have begun, so each needs a worker of its own.</summary>
    private readonly struct Meeting(int shares) : IJob
    {
        public readonly int[] Arrived = new int[1];
        public readonly Thread?[] Threads = new Thread?[shares];

        public long Work => long.MaxValue;

        public int SharesFor(int workers) => workers;

        public void Run(WorkShare share)
        {
            int[] arrived = Arrived;
            int all = Threads.Length;
            Assert.Equal(all, share.Count);
            Threads[share.Worker] = Thread.CurrentThread;
            Interlocked.Increment(ref arrived[0]);
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref arrived[0]) == all, Patience), "A worker did not come.");
        }
    }

    /// <summary>Two shares: the other worker's says that it has begun, and ends when it may.</summary>
    private readonly struct Gate(ManualResetEventSlim begun, ManualResetEventSlim goOn) : IJob
    {
        public long Work => 0;

        public int SharesFor(int workers) => 2;

        public void Run(WorkShare share)
        {
            if (share.Worker == 0)
            {
                Assert.True(begun.Wait(Patience));
                return;
            }

            begun.Set();
            Assert.True(goOn.Wait(Patience));
        }
    }

    private struct Recorder(int shares) : IJob
    {
        public readonly int[] Runs = new int[shares];
        public readonly int[] Workers = new int[shares];
        public readonly Thread?[] Threads = new Thread?[shares];
        public int Fails = -1;

        /// <summary>The shares that it wants.</summary>
        public int Asks = shares;

        public long Work { get; set; }

        public readonly int SharesFor(int workers) => Asks;

        public readonly void Run(WorkShare share)
        {
            Assert.Equal(Runs.Length, share.Count);
            Interlocked.Increment(ref Runs[share.Index]);
            (Workers[share.Index], Threads[share.Index]) = (share.Worker, Thread.CurrentThread);
            if (share.Index == Fails)
            {
                throw new InvalidOperationException($"share {share.Index}");
            }
        }
    }
}
