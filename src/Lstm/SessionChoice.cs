namespace Lstm;

/// <summary>The sessions that a step of a stream runs.</summary>
internal sealed class SessionChoice(int available)
{
    private readonly int[] _chosen = new int[available];
    private readonly bool[] _stepped = new bool[available];

    /// <summary>Checks a choice and copies it.</summary>
    /// <param name="sessions">The caller's list, which another thread may change.</param>
    /// <returns>The list as it was when it was checked, valid until the next call.</returns>
    /// <exception cref="ArgumentException">A session does not exist, or is chosen twice.</exception>
    public ReadOnlySpan<int> Take(ReadOnlySpan<int> sessions)
    {
        int count = _chosen.Length;
        if (sessions.Length > count)
        {
            throw new ArgumentException(
                $"There are {sessions.Length} sessions to step; the stream has {count}.", nameof(sessions));
        }

        ReadOnlySpan<int> chosen = _chosen.AsSpan(0, sessions.Length);
        sessions.CopyTo(_chosen);
        string? problem = null;
        for (int i = 0; i < chosen.Length; i++)
        {
            int session = chosen[i];
            if ((uint)session >= (uint)count)
            {
                problem ??= $"Session {session} (index {i}) is unknown; the stream has {count} sessions, 0 … {count - 1}.";
            }
            else if (_stepped[session])
            {
                problem ??= $"Session {session} is given twice, again at index {i}; a step runs each session at most once.";
            }
            else
            {
                _stepped[session] = true;
            }
        }

        Array.Clear(_stepped);
        return problem is null ? chosen : throw new ArgumentException(problem, nameof(sessions));
    }
}
