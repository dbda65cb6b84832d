using System.Runtime.CompilerServices;
using Lstm.Kernels;

namespace Lstm.Tests.Kernels;

public class WorkerTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Run_does_every_share_once(int size)
    {
        using WorkerTeam team = new(size);
        for (int run = 1; run <= 200; run++)
        {
            var job = new Recorder(size);
            team.Run(ref job);
            Assert.Equal(Enumerable.Repeat(1, size), job.Runs);
            Assert.Equal((long)run * (size - 1), team.RunsOfOthers);
            Assert.Equal(size, job.Threads.Distinct().Count());
            Assert.Equal(Thread.CurrentThread, job.Threads[0]);
        }
    }

    [Fact]
    public void Run_after_the_workers_have_parked_does_every_share()
    {
        using WorkerTeam team = new(3);
        for (int i = 0; i < 3; i++)
        {
            Thread.Sleep(30);
            var job = new Recorder(3);
            team.Run(ref job);
            Assert.Equal([1, 1, 1], job.Runs);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Run_of_a_failing_share_throws_its_exception_and_leaves_the_team_usable(int worker)
    {
        using WorkerTeam team = new(3);
        for (int i = 0; i < 3; i++)
        {
            var job = new Recorder(3) { Fails = worker };
            Assert.Equal($"share {worker}", Assert.Throws<InvalidOperationException>(() => team.Run(ref job)).Message);
            var next = new Recorder(3);
            team.Run(ref next);
            Assert.Equal([1, 1, 1], next.Runs);
        }
    }

    [Fact]
    public void Dispose_ends_the_threads_and_Run_then_throws()
    {
        WorkerTeam team = new(3);
        var job = new Recorder(3);
        team.Run(ref job);
        team.Dispose();
        team.Dispose();
        Assert.All(job.Threads[1..], thread => Assert.True(thread!.Join(TimeSpan.FromSeconds(20))));
        Assert.Throws<ObjectDisposedException>(() => team.Run(ref job));
        WorkerTeam alone = new(1);
        alone.Dispose();
        Assert.Throws<ObjectDisposedException>(() => alone.Run(ref job));
    }

    [Fact]
    public void Dispose_during_a_job_lets_it_end()
    {
        for (int round = 0; round < 300; round++)
        {
            WorkerTeam team = new(3);
            var job = new Recorder(3);
            team.Run(ref job);
            int runs = 0;
            bool started = false;
            Thread caller = new(() =>
            {
                try
                {
                    while (true)
                    {
                        var next = new Recorder(3);
                        team.Run(ref next);
                        Assert.Equal([1, 1, 1], next.Runs);
                        runs++;
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
            Assert.True(caller.Join(TimeSpan.FromSeconds(20)), "The job never ended.");
            Assert.All(job.Threads[1..], thread => Assert.True(thread!.Join(TimeSpan.FromSeconds(20))));
            Assert.Equal(2L * (runs + 1), team.RunsOfOthers);
        }
    }

    [Fact]
    public void Run_within_a_job_throws_and_leaves_the_team_usable()
    {
        using WorkerTeam team = new(2);
        var nested = new Nested(team);
        Assert.Throws<InvalidOperationException>(() => team.Run(ref nested));
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
    public void Constructor_of_no_worker_throws() => Assert.Throws<ArgumentOutOfRangeException>("size", () => new WorkerTeam(0));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Thread[] Forget()
    {
        WorkerTeam team = new(3);
        var job = new Recorder(3);
        team.Run(ref job);
        return [.. job.Threads[1..].Select(thread => thread!)];
    }

    private readonly struct Nested(WorkerTeam team) : IJob
    {
        public void Run(int worker, int workers)
        {
            if (worker == 0)
            {
                var job = new Recorder(workers);
                team.Run(ref job);
            }
        }
    }

    private struct Recorder(int size) : IJob
    {
        public readonly int[] Runs = new int[size];
        public readonly Thread?[] Threads = new Thread?[size];
        public int Fails = -1;

        public readonly void Run(int worker, int workers)
        {
            Assert.Equal(Runs.Length, workers);
            Interlocked.Increment(ref Runs[worker]);
            Threads[worker] = Thread.CurrentThread;
            if (worker == Fails)
            {
                throw new InvalidOperationException($"share {worker}");
            }
        }
    }
}
