using System.Numerics;
using System.Runtime.ExceptionServices;

namespace Lstm.Runtime;

/// <summary>What a team's caller and its threads share: the job under way, its shares that nobody has taken, and who sleeps.</summary>
/// <remarks>
/// <para><b>Claims.</b> A bit of <see cref="_open"/> stands for a share that nobody has taken. Who clears it by an interlocked operation, and
/// sees that it was set, does the share, and only then looks at the job. At the moment of the claim the share was not done, so the caller
/// had not returned, and cannot before the share is counted into <see cref="_done"/>: the job that a worker reads is the one whose share it
/// holds, however long ago it last looked. A worker that comes late finds no bit and touches nothing.</para>
/// <para><b>Order.</b> Interlocked operations are full fences on every processor. The caller writes the job before it sets <see cref="_open"/>
/// by one, and a claim is one, so who holds a share sees its job. Results are written before the increment of <see cref="_done"/>, and
/// read after a volatile read of it.</para>
/// <para><b>Sleep.</b> Who goes to sleep announces it by an interlocked operation and then looks once more for what it waits for; who brings
/// that does so by an interlocked operation and then looks for sleepers. So one of the two sees the other. Both hold the lock, so a wake-up
/// cannot fall between the last look and the sleep. No share depends on being woken for: the caller does what nobody takes.</para>
/// </remarks>
internal sealed unsafe class WorkerState(int size)
{
    /// <summary>Shares that a job can have: the bits of <see cref="_open"/>.</summary>
    public const int MostShares = 64;

    // The time between two jobs of a pass, mostly. Longer, a thread would take its processor from others for nothing.
    private const int ThreadSpinMicroseconds = 30;

    // Shares take about equally long, so what the others hold is nearly done. If it is not, the caller's sleep gives them its processor.
    private const int CallerSpinMicroseconds = 100;

    // A team may be forgotten, or not be asked for large jobs any more.
    private const int IdleMilliseconds = 2000;

    // Locks, which only sleepers and those who wake them take.
    private readonly object _work = new();
    private readonly object _finished = new();

    // Under the lock: which threads exist.
    private readonly bool[] _alive = new bool[size];
    private int _threads;

    // The job, as its caller has written it: read under a claim only.
    private void* _job;
    private delegate*<void*, WorkShare, void> _entry;
    private int _shares;

    // The distance of the workers' first choices; a hint, so it may be that of another job.
    private int _stride;

    private ulong _open;
    private int _done;
    private int _asleep;
    private int _callerSleeps;
    private volatile bool _ended;
    private volatile ExceptionDispatchInfo? _failure;
    private long _runsOfOthers;

    /// <summary>How many shares the threads have done.</summary>
    public long RunsOfOthers => Volatile.Read(ref _runsOfOthers);

    /// <summary>How many threads exist.</summary>
    public int Threads => Volatile.Read(ref _threads);

    /// <summary>Starts threads until there are so many. They may end before a job comes.</summary>
    public void StartThreads(int count)
    {
        for (int worker = 1; worker < size && Volatile.Read(ref _threads) < count; worker++)
        {
            lock (_work)
            {
                if (_alive[worker])
                {
                    continue;
                }

                _alive[worker] = true;
                _threads++;
            }

            Start(worker);
        }
    }

    /// <summary>Opens all shares but the first, which is the caller's.</summary>
    /// <param name="job">The job, at a place that stays until all shares are done.</param>
    /// <param name="entry">What does a share of it.</param>
    /// <param name="shares">The job's shares, 2 … <see cref="MostShares"/>.</param>
    /// <param name="workers">For how many workers they are.</param>
    public void Open(void* job, delegate*<void*, WorkShare, void> entry, int shares, int workers)
    {
        _job = job;
        _entry = entry;
        (_shares, _stride, _done) = (shares, Math.Max(1, shares / workers), 0);
        Interlocked.Exchange(ref _open, (ulong.MaxValue >> (MostShares - shares)) & ~1UL);
    }

    /// <summary>Wakes so many threads, if they sleep.</summary>
    public void Wake(int count)
    {
        if (Volatile.Read(ref _asleep) == 0)
        {
            return;
        }

        lock (_work)
        {
            for (; count > 0; count--)
            {
                Monitor.Pulse(_work);
            }
        }
    }

    /// <summary>Takes an open share, one from <paramref name="preferred"/> on if there is one; −1 when none is open.</summary>
    public int Claim(int preferred)
    {
        while (true)
        {
            ulong open = Volatile.Read(ref _open);
            if (open == 0)
            {
                return -1;
            }

            ulong later = open & (ulong.MaxValue << Math.Min(preferred, MostShares - 1));
            int share = BitOperations.TrailingZeroCount(later != 0 ? later : open);
            ulong bit = 1UL << share;
            if ((Interlocked.And(ref _open, ~bit) & bit) != 0)
            {
                return share;
            }
        }
    }

    /// <summary>Closes all open shares, so that nobody begins one of them; returns how many they were.</summary>
    public int Close() => BitOperations.PopCount(Interlocked.Exchange(ref _open, 0));

    /// <summary>Waits until the threads have done the shares that they hold.</summary>
    /// <remarks>Returns in no other way, since the threads work on the caller's memory: an interruption is put off, and where there is no memory to sleep with, it spins.</remarks>
    public void AwaitOthers(int shares)
    {
        BriefSpin spin = new(CallerSpinMicroseconds);
        bool interrupted = false;
        bool spins = true;
        while (Volatile.Read(ref _done) < shares)
        {
            if (spins)
            {
                spins = spin.Once();
                continue;
            }

            try
            {
                SleepUntilDone(shares);
            }
            catch (Exception e)
            {
                interrupted |= e is ThreadInterruptedException;
            }
        }

        if (interrupted)
        {
            Thread.CurrentThread.Interrupt();
        }
    }

    /// <summary>What a share of the last job failed with; null if none did.</summary>
    public ExceptionDispatchInfo? TakeFailure()
    {
        ExceptionDispatchInfo? failure = _failure;
        _failure = null;
        return failure;
    }

    /// <summary>Ends the threads; no job is under way.</summary>
    public void End()
    {
        _ended = true;
        lock (_work)
        {
            Monitor.PulseAll(_work);
        }
    }

    private void Start(int worker)
    {
        try
        {
            // Unsafe: the caller's execution context, with all its asynchronous locals, is not to live as long as the thread.
            new Thread(() => Work(worker)) { IsBackground = true, Name = $"Lstm worker {worker}" }.UnsafeStart();
        }
        catch
        {
            lock (_work)
            {
                _alive[worker] = false;
                _threads--;
            }

            throw;
        }
    }

    private void Work(int worker)
    {
        while (AwaitShares(worker))
        {
            int share;
            while ((share = Claim(worker * _stride)) >= 0)
            {
                RunShare(share, worker);
            }
        }
    }

    private void RunShare(int share, int worker)
    {
        try
        {
            _entry(_job, new WorkShare(share, _shares, worker));
        }
        catch (Exception e)
        {
            _failure = ExceptionDispatchInfo.Capture(e);
        }

        Interlocked.Increment(ref _runsOfOthers);
        Interlocked.Increment(ref _done);
        if (Volatile.Read(ref _callerSleeps) != 0)
        {
            lock (_finished)
            {
                Monitor.PulseAll(_finished);
            }
        }
    }

    // Until there is an open share; false when the thread is to end.
    private bool AwaitShares(int worker)
    {
        BriefSpin spin = new(ThreadSpinMicroseconds);
        do
        {
            if (Volatile.Read(ref _open) != 0)
            {
                return true;
            }
        }
        while (!_ended && spin.Once());

        lock (_work)
        {
            if (SleepUntilOpen())
            {
                return true;
            }

            // Under the lock, so the next caller either sees that this thread is gone, or had it woken for a share in time.
            _alive[worker] = false;
            _threads--;
            return false;
        }
    }

    // False when the team has ended, or has had no share for long.
    private bool SleepUntilOpen()
    {
        Interlocked.Increment(ref _asleep);
        long end = Environment.TickCount64 + IdleMilliseconds;
        long left = IdleMilliseconds;
        while (Volatile.Read(ref _open) == 0 && !_ended && left > 0)
        {
            Monitor.Wait(_work, (int)left);
            left = end - Environment.TickCount64;
        }

        Interlocked.Decrement(ref _asleep);
        return Volatile.Read(ref _open) != 0 && !_ended;
    }

    private void SleepUntilDone(int shares)
    {
        lock (_finished)
        {
            try
            {
                Interlocked.Exchange(ref _callerSleeps, 1);
                while (Volatile.Read(ref _done) < shares)
                {
                    Monitor.Wait(_finished);
                }
            }
            finally
            {
                Volatile.Write(ref _callerSleeps, 0);
            }
        }
    }
}
