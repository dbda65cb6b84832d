using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Lstm.Texts;

namespace Lstm.Kernels;

/// <summary>Work that a team divides among its workers.</summary>
internal interface IJob
{
    /// <summary>Does worker <paramref name="worker"/>'s share of <paramref name="workers"/>.</summary>
    void Run(int worker, int workers);
}

/// <summary>A fixed number of workers that run one job at a time; the caller is worker 0.</summary>
/// <remarks>
/// Starting a job allocates nothing: the job stays on the caller's stack until all workers are done. Idle workers spin
/// briefly, then park. The threads know only the inner state, so that a team nobody holds any more is finalised and
/// its threads end. Disposing of a team during a job, from another thread, lets the job end first.
/// </remarks>
internal sealed unsafe class WorkerTeam : IDisposable
{
    private const int SpinsBeforeParking = 200;

    // What State.Use is made of.
    private const int Running = 1;
    private const int Disposed = 2;

    // Made before the constructor can throw: the finaliser runs even then.
    private readonly State _state = new();

    /// <summary>Makes a team; its threads start now and wait.</summary>
    /// <param name="size">Workers, the caller included; at least 1.</param>
    public WorkerTeam(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        Size = size;
        if (size == 1)
        {
            GC.SuppressFinalize(this);
        }

        State state = _state;
        for (int worker = 1; worker < size; worker++)
        {
            int index = worker;

            // Unsafe: the caller's execution context, with all its asynchronous locals, is not to live as long as the thread.
            new Thread(() => Work(state, index, size)) { IsBackground = true, Name = $"Lstm worker {worker}" }.UnsafeStart();
        }
    }

    ~WorkerTeam() => Stop();

    /// <summary>Workers, the caller included.</summary>
    public int Size { get; }

    /// <summary>How many shares the other workers have done together, for tests that ask whether they worked.</summary>
    internal long RunsOfOthers => Volatile.Read(ref _state.Runs);

    /// <summary>Runs a job on all workers and returns when all are done.</summary>
    /// <exception cref="ObjectDisposedException">The team has been disposed.</exception>
    /// <exception cref="InvalidOperationException">Another job is running: a team has one caller at a time.</exception>
    public void Run<TJob>(ref TJob job)
        where TJob : struct, IJob
    {
        State state = _state;
        if (Size == 1)
        {
            ThrowIfDisposed(this);
            job.Run(0, 1);
            return;
        }

        int use = Interlocked.CompareExchange(ref state.Use, Running, 0);
        if (use != 0)
        {
            if ((use & Disposed) != 0)
            {
                ThrowDisposed(this);
            }

            throw new InvalidOperationException("Another thread is using the same tape, workspace or stream.");
        }

        // SAFETY: the copy stays in this frame, where the collector finds the references in it and never moves it, until
        // every worker has counted itself out below.
        TJob local = job;
        state.Job = Unsafe.AsPointer(ref local);
        state.Entry = &Enter<TJob>;
        Volatile.Write(ref state.Pending, Size - 1);
        Interlocked.Increment(ref state.Generation);
        if (Volatile.Read(ref state.Parked) > 0)
        {
            lock (state)
            {
                Monitor.PulseAll(state);
            }
        }

        ExceptionDispatchInfo? failure = null;
        try
        {
            local.Run(0, Size);
        }
        catch (Exception e)
        {
            failure = ExceptionDispatchInfo.Capture(e);
        }

        SpinWait spin = default;
        while (Volatile.Read(ref state.Pending) > 0)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }

        failure ??= state.Failure;
        state.Failure = null;
        if (Interlocked.CompareExchange(ref state.Use, 0, Running) != Running)
        {
            End(state);
        }

        GC.KeepAlive(this);
        failure?.Throw();
    }

    /// <exception cref="ObjectDisposedException">The team has been disposed; said of its <paramref name="owner"/>.</exception>
    public void ThrowIfDisposed(object owner)
    {
        if ((Volatile.Read(ref _state.Use) & Disposed) != 0)
        {
            ThrowDisposed(owner);
        }
    }

    [DoesNotReturn]
    private static void ThrowDisposed(object owner)
    {
        string name = TypeName.Of(owner);
        throw new ObjectDisposedException(name, $"This {name} has been disposed and cannot run any more; make another one, and dispose it after its last use.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        GC.SuppressFinalize(this);
    }

    private static void Enter<TJob>(void* job, int worker, int workers)
        where TJob : struct, IJob
    {
        // Each worker runs a copy: jobs narrow themselves to a share.
        TJob own = Unsafe.AsRef<TJob>(job);
        own.Run(worker, workers);
    }

    private static void Work(State state, int worker, int workers)
    {
        int seen = 0;
        while (true)
        {
            for (int spins = 0; Volatile.Read(ref state.Generation) == seen; spins++)
            {
                if (spins < SpinsBeforeParking)
                {
                    Thread.SpinWait(20);
                    continue;
                }

                lock (state)
                {
                    Interlocked.Increment(ref state.Parked);
                    while (Volatile.Read(ref state.Generation) == seen)
                    {
                        Monitor.Wait(state);
                    }

                    Interlocked.Decrement(ref state.Parked);
                }
            }

            seen = Volatile.Read(ref state.Generation);
            if (state.Ended)
            {
                return;
            }

            try
            {
                state.Entry(state.Job, worker, workers);
            }
            catch (Exception e)
            {
                state.Failure = ExceptionDispatchInfo.Capture(e);
            }

            Interlocked.Increment(ref state.Runs);
            Interlocked.Decrement(ref state.Pending);
        }
    }

    private void Stop()
    {
        // A job under way ends the threads itself: they have their shares to finish, and its caller waits for them.
        if (Interlocked.Or(ref _state.Use, Disposed) == 0)
        {
            End(_state);
        }
    }

    private static void End(State state)
    {
        state.Ended = true;
        Interlocked.Increment(ref state.Generation);
        lock (state)
        {
            Monitor.PulseAll(state);
        }
    }

    private sealed class State
    {
        public void* Job;
        public delegate*<void*, int, int, void> Entry;
        public volatile bool Ended;
        public volatile ExceptionDispatchInfo? Failure;
        public int Use;
        public int Generation;
        public int Pending;
        public int Parked;
        public long Runs;
    }
}
