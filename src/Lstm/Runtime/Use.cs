using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Lstm.Runtime;

/// <summary>Who uses an object at the moment: one pass that changes it, or any number of passes that read it.</summary>
/// <remarks>
/// Taking it is one interlocked operation, nobody ever waits, and nothing is allocated. A view shares the use of the object whose memory it shows.
/// A pass that is refused has changed nothing; a call on the same thread that comes back through a callback is refused like another thread.
/// </remarks>
internal sealed class Use
{
    private const int Taken = -1;

    // The number of readers, or Taken.
    private int _count;

    /// <summary>Takes the object for one pass that changes it; false when anybody uses it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake() => Interlocked.CompareExchange(ref _count, Taken, 0) == 0;

    /// <summary>The same, and whether it was readers that kept the object from being taken: one look says both, since they may leave at any time.</summary>
    public bool TryTake(out bool isRead)
    {
        int found = Interlocked.CompareExchange(ref _count, Taken, 0);
        isRead = found > 0;
        return found == 0;
    }

    /// <summary>Counts one reader in; false while the object is taken.</summary>
    public bool TryRead()
    {
        for (int seen = Volatile.Read(ref _count); seen >= 0;)
        {
            int found = Interlocked.CompareExchange(ref _count, seen + 1, seen);
            if (found == seen)
            {
                return true;
            }

            seen = found;
        }

        return false;
    }

    /// <summary>Makes the pass that has taken the object one of its readers: what it has written may be read from here on, not changed.</summary>
    public void Share() => Volatile.Write(ref _count, 1);

    /// <summary>Ends a taking that was not shared.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release() => Volatile.Write(ref _count, 0);

    /// <summary>Counts one reader out.</summary>
    public void Leave() => Interlocked.Decrement(ref _count);

    /// <summary>Takes an object until the result is disposed of; does nothing for null.</summary>
    /// <param name="use">The object's use.</param>
    /// <param name="subject">What the object is, with its article, as in "The tape".</param>
    /// <param name="remedy">A sentence that says what to do instead.</param>
    /// <exception cref="InvalidOperationException">Somebody uses the object.</exception>
    public static Taking Take(Use? use, string subject, string remedy)
    {
        if (use is not null && !use.TryTake())
        {
            use.Refuse(subject, remedy);
        }

        return new Taking(use);
    }

    /// <summary>Reads an object until the result is disposed of; does nothing for null.</summary>
    /// <inheritdoc cref="Take"/>
    public static Reading Read(Use? use, string subject, string remedy)
    {
        if (use is not null && !use.TryRead())
        {
            use.Refuse(subject, remedy);
        }

        return new Reading(use);
    }

    /// <summary>Throws the exception of a refused use.</summary>
    [DoesNotReturn]
    public void Refuse(string subject, string remedy)
    {
        string state = Volatile.Read(ref _count) > 0 ? "is being read by a pass" : "is in use by another call";
        throw new InvalidOperationException($"{subject} {state}, on another thread or in a callback of this one. {remedy}");
    }

    /// <summary>An object that is taken.</summary>
    internal readonly struct Taking(Use? use) : IDisposable
    {
        /// <summary>Ends the taking, shared meanwhile or not.</summary>
        public void Dispose()
        {
            if (use is null)
            {
                return;
            }

            if (Volatile.Read(ref use._count) == Taken)
            {
                use.Release();
            }
            else
            {
                use.Leave();
            }
        }
    }

    /// <summary>An object that is read.</summary>
    internal readonly struct Reading(Use? use) : IDisposable
    {
        public void Dispose() => use?.Leave();
    }
}
