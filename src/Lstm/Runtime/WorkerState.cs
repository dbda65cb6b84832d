using System.Diagnostics;
using System.Numerics;
using System.Runtime.ExceptionServices;

namespace Lstm.Runtime;

/// <summary>
/// The state shared by a team's caller and its threads: the current job, its shares that are still open, and the sleeping
/// threads.
/// </summary>
/// <remarks>
/// <para><b>Claims.</b> A bit of <see cref="_open"/> stands for an open share. A thread that clears the bit by an interlocked
/// operation, and sees that it was set, owns the share, and only then reads the job. At that moment the share is not done, so the
/// caller has not returned, and it cannot return before the share is counted into <see cref="_done"/>: a worker always reads the
/// job whose share it owns, however long ago it last looked. A worker that comes late finds no bit and touches nothing.</para>
/// <para><b>Order.</b> Interlocked operations are full fences on every processor. The caller writes the job before it sets
/// <see cref="_open"/> by one, and a claim is one, so the owner of a share sees its job. Results are written before the increment
/// of <see cref="_done"/>, and read after a volatile read of it.</para>
/// <para><b>Sleep.</b> A thread that goes to sleep announces it by an interlocked operation and then checks once more for what it
/// waits for; the thread that provides it does so by an interlocked operation and then checks for sleepers. So one of the two
/// sees the other. Both hold the lock, so a wake-up cannot fall between the last check and the sleep. No share depends on a
/// wake-up: the caller does the shares that nobody takes.</para>
/// </remarks>
internal sealed unsafe class WorkerState(int size)
{
    /// <summary>Shares that a job can have: the bits of <see cref="_open"/>.</summary>
    public const int MostShares = 64;

    // The time between two jobs of a pass, mostly. Longer, a thread would take its processor from others for nothing.
    private const int ThreadSpinMicroseconds = 30;

    // Shares take about equally long, so those of the others are nearly done. If not, the caller's sleep gives them its
    // processor.
    private const int CallerSpinMicroseconds = 100;

    // A team may be abandoned, or have no large jobs any more.
    private const int IdleMilliseconds = 2000;

    // Locks, taken only to sleep and to wake.
    private readonly object _work = new();
    private readonly object _finished = new();

    // Under the lock: which threads exist.
    private readonly bool[] _alive = new bool[size];
    private int _threads;

    // SAFETY: the job, as its caller has written it, is read under a claim only. WorkerTeam.RunShares keeps it in a frame that
    // does not end before AwaitOthers has seen all claimed shares done, and _entry is the Enter<TJob> of the job's own type.
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

    /// <summary>The number of shares that the threads have done.</summary>
    public long RunsOfOthers => Volatile.Read(ref _runsOfOthers);

    /// <summary>The number of threads.</summary>
    public int Threads => Volatile.Read(ref _threads);

    /// <summary>Starts threads until there are <paramref name="count"/>. They may end before a job comes.</summary>
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
    /// <param name="job">The job, at an address that stays valid until all shares are done.</param>
    /// <param name="entry">The method that does a share of the job.</param>
    /// <param name="shares">The number of shares, 2 … <see cref="MostShares"/>.</param>
    /// <param name="workers">The number of workers that they are meant for.</param>
    public void Open(void* job, delegate*<void*, WorkShare, void> entry, int shares, int workers)
    {
        Debug.Assert(job != null && entry != null, "There is no job.");
        Debug.Assert(shares is >= 2 and <= MostShares && workers >= 1, "The number of shares or workers is out of range.");
        Debug.Assert(Volatile.Read(ref _open) == 0, "Another job is under way.");
        _job = job;
        _entry = entry;
        (_shares, _stride, _done) = (shares, Math.Max(1, shares / workers), 0);
        Interlocked.Exchange(ref _open, (ulong.MaxValue >> (MostShares - shares)) & ~1UL);
    }

    /// <summary>Wakes up to <paramref name="count"/> sleeping threads.</summary>
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

    /// <summary>
    /// Claims an open share, if possible one from <paramref name="preferred"/> on; returns −1 when none is open.
    /// </summary>
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

    /// <summary>Closes all open shares, so that none of them is begun, and returns their number.</summary>
    public int Close() => BitOperations.PopCount(Interlocked.Exchange(ref _open, 0));

    /// <summary>Waits until the threads have done the shares that they own.</summary>
    /// <remarks>
    /// The method never returns earlier, since the threads work on the caller's memory: it postpones an interruption, and spins
    /// where there is no memory to sleep with.
    /// </remarks>
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

    /// <summary>Takes the exception of a share of the last job; null if none failed.</summary>
    public ExceptionDispatchInfo? TakeFailure()
    {
        ExceptionDispatchInfo? failure = _failure;
        _failure = null;
        return failure;
    }

    /// <summary>Ends the threads; requires that no job is under way.</summary>
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
        Debug.Assert(_job != null && _entry != null && share < _shares && worker < size, "The share is not of the current job.");
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
