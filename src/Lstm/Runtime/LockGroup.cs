namespace Lstm.Runtime;

/// <summary>Several locks that are held together.</summary>
/// <remarks>
/// Two groups may have some locks in common, in any order: whoever has to wait for a lock lets go of the others first, so that no
/// two threads wait for each other. Locks that the thread holds already are entered once more.
/// </remarks>
internal sealed class LockGroup(params Lock[] locks)
{
    /// <summary>Enters all locks, until the result is disposed of.</summary>
    public Scope Enter()
    {
        int waited = 0;
        while (true)
        {
            locks[waited].Enter();
            int refused = TryOthers(waited);
            if (refused < 0)
            {
                return new Scope(locks);
            }

            locks[waited].Exit();
            waited = refused;
        }
    }

    // The first lock that another thread holds, with none of the others entered; −1 once all are.
    private int TryOthers(int waited)
    {
        for (int i = 0; i < locks.Length; i++)
        {
            if (i == waited || locks[i].TryEnter())
            {
                continue;
            }

            for (int entered = 0; entered < i; entered++)
            {
                if (entered != waited)
                {
                    locks[entered].Exit();
                }
            }

            return i;
        }

        return -1;
    }

    /// <summary>Locks that are held.</summary>
    internal readonly ref struct Scope(Lock[] locks)
    {
        public void Dispose()
        {
            foreach (Lock entered in locks)
            {
                entered.Exit();
            }
        }
    }
}
