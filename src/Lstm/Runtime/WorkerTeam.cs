using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Lstm.Texts;

namespace Lstm.Runtime;

/// <summary>Workers that run one job at a time together; the caller is worker 0.</summary>
/// <remarks>
/// <para>A job is divided into shares. The caller does the first share and then every share that nobody has taken, so a worker
/// that does not run, because its processor is busy or it has to be woken first, delays only the share that it owns; after such a
/// delay the caller works alone for a while (<see cref="BackOff"/>). The caller runs small jobs alone.</para>
/// <para>Threads start with the first job that is large enough for them, spin briefly between jobs, then sleep, and end after a
/// time without jobs; the next large job restarts them. Apart from that, running a job allocates nothing: the job stays on the
/// caller's stack until all shares are done.</para>
/// <para>The threads refer only to the inner state, so a team that is not referenced any more is finalised and its threads end.
/// If another thread disposes of a team during a job, the job ends first.</para>
/// </remarks>
internal sealed unsafe class WorkerTeam : IDisposable
{
    // What _use is made of.
    private const int Running = 1;
    private const int Disposed = 2;

    // Made before the constructor can throw: the finaliser runs even then.
    private readonly WorkerState _state;
    private readonly int _most;
    private int _use;
    private BackOff _backOff = new(Stopwatch.Frequency);

    /// <summary>Initializes a team without threads.</summary>
    /// <param name="size">
    /// The number of workers, the caller included; at least 1. At most one worker per processor takes part in a job.
    /// </param>
    public WorkerTeam(int size)
    {
        _state = new WorkerState(Math.Max(1, size));
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        Size = size;
        _most = Math.Min(size, Environment.ProcessorCount);
        if (size == 1)
        {
            GC.SuppressFinalize(this);
        }
    }

    ~WorkerTeam() => Stop();

    /// <summary>The number of workers, the caller included.</summary>
    public int Size { get; }

    /// <summary>Which jobs are divided; tests change the default.</summary>
    internal Sharing Sharing { get; set; }

    /// <summary>The number of jobs that were divided.</summary>
    internal long SharedRuns { get; private set; }

    /// <summary>The number of shares that the other workers have done together.</summary>
    internal long RunsOfOthers => _state.RunsOfOthers;

    /// <summary>The number of threads.</summary>
    internal int Threads => _state.Threads;

    /// <summary>Runs a job on as many workers as its size justifies, and returns when it is done.</summary>
    /// <exception cref="ObjectDisposedException">The team has been disposed.</exception>
    /// <exception cref="InvalidOperationException">Another job is running: a team has one caller at a time.</exception>
    public void Run<TJob>(ref TJob job)
        where TJob : struct, IJob
    {
        int workers = Size == 1 ? 1 : WorkersFor(job.Work);
        int shares = workers == 1 ? 1 : Math.Min(job.SharesFor(workers), WorkerState.MostShares);
        if (shares > 1)
        {
            RunShares(ref job, shares, Math.Min(workers, shares));
            return;
        }

        ThrowIfDisposed(this);
        job.Run(WorkShare.Whole);
    }

    /// <exception cref="ObjectDisposedException">The team has been disposed; said of its <paramref name="owner"/>.</exception>
    public void ThrowIfDisposed(object owner)
    {
        if ((Volatile.Read(ref _use) & Disposed) != 0)
        {
            ThrowDisposed(owner);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        GC.SuppressFinalize(this);
    }

    [DoesNotReturn]
    private static void ThrowDisposed(object owner)
    {
        string name = TypeName.Of(owner);
        throw new ObjectDisposedException(
            name, $"This {name} has been disposed and cannot run any more; make another one, and dispose it after its last use.");
    }

    private int WorkersFor(long work)
    {
        if (Sharing == Sharing.Always)
        {
            return Size;
        }

        bool measures = Sharing == Sharing.Measured;
        int most = (int)Math.Min(measures ? _most : Size, work / JobWork.LeastPerWorker);
        return most <= 1 || (measures && _backOff.IsAlone(Stopwatch.GetTimestamp())) ? 1 : most;
    }

    private void RunShares<TJob>(ref TJob job, int shares, int workers)
        where TJob : struct, IJob
    {
        int use = Interlocked.CompareExchange(ref _use, Running, 0);
        if (use != 0)
        {
            if ((use & Disposed) != 0)
            {
                ThrowDisposed(this);
            }

            throw new InvalidOperationException("Another thread is using the same tape, workspace or stream.");
        }

        TJob local = job;
        ExceptionDispatchInfo? failure;
        try
        {
            _state.StartThreads(workers - 1);

            // SAFETY: the copy stays in this frame, where the collector finds the references in it and never moves it, until
            // every share that somebody holds is done: RunOpened returns only then.
            failure = RunOpened(_state, Unsafe.AsPointer(ref local), &Enter<TJob>, shares, workers);
        }
        finally
        {
            if (Interlocked.CompareExchange(ref _use, 0, Running) != Running)
            {
                _state.End();
            }

            GC.KeepAlive(this);
        }

        failure?.Throw();
    }

    // Returns the exception of a share that failed.
    private ExceptionDispatchInfo? RunOpened(
        WorkerState state, void* job, delegate*<void*, WorkShare, void> entry, int shares, int workers)
    {
        ExceptionDispatchInfo? failure = null;
        int own = 0;
        int dropped = 0;
        SharedRuns++;
        long begun = Stopwatch.GetTimestamp();
        state.Open(job, entry, shares, workers);
        try
        {
            state.Wake(workers - 1);
            for (int share = 0; share >= 0; share = state.Claim(share + 1))
            {
                own++;
                entry(job, new WorkShare(share, shares, 0));
            }
        }
        catch (Exception e)
        {
            failure = ExceptionDispatchInfo.Capture(e);
            dropped = state.Close() + (own == 0 ? 1 : 0);
        }

        long ran = Stopwatch.GetTimestamp();
        int others = shares - own - dropped;
        state.AwaitOthers(others);
        ExceptionDispatchInfo? theirs = state.TakeFailure();
        failure ??= theirs;
        if (failure is null)
        {
            _backOff.Add(begun, ran, Stopwatch.GetTimestamp(), own, others);
        }

        return failure;
    }

    private static void Enter<TJob>(void* job, WorkShare share)
        where TJob : struct, IJob
    {
        // SAFETY: RunShares opens the job with the Enter of its own type, so the pointer refers to a TJob.
        Debug.Assert(job != null, "There is no job.");

        // Each share runs on a copy: jobs narrow themselves to a share.
        TJob own = Unsafe.AsRef<TJob>(job);
        own.Run(share);
    }

    private void Stop()
    {
        // A job under way ends the threads itself: they have their shares to finish, and its caller waits for them.
        if (Interlocked.Or(ref _use, Disposed) == 0)
        {
            _state.End();
        }
    }
}
