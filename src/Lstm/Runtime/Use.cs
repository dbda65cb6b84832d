using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Lstm.Runtime;

/// <summary>The current use of an object: by one pass that changes it, or by any number of passes that read it.</summary>
/// <remarks>
/// Taking an object is one interlocked operation; it never waits and allocates nothing. A view shares the use of the object whose
/// memory it shows. A pass that is refused has changed nothing; a call from a callback on the same thread is refused like a call
/// on another thread.
/// </remarks>
internal sealed class Use
{
    private const int Taken = -1;

    // The number of readers, or Taken.
    private int _count;

    /// <summary>Takes the object for one pass that changes it; returns false if the object is in use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake() => Interlocked.CompareExchange(ref _count, Taken, 0) == 0;

    /// <summary>
    /// Takes the object for one pass that changes it; if it fails, <paramref name="isRead"/> says whether the object is being
    /// read. Both come from one look, since readers may leave at any time.
    /// </summary>
    public bool TryTake(out bool isRead)
    {
        int found = Interlocked.CompareExchange(ref _count, Taken, 0);
        isRead = found > 0;
        return found == 0;
    }

    /// <summary>Adds a reader; returns false while the object is taken.</summary>
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

    /// <summary>
    /// Makes the pass that has taken the object one of its readers: from here on the object may be read, but not changed.
    /// </summary>
    public void Share() => Volatile.Write(ref _count, 1);

    /// <summary>Releases an object that was taken and not shared.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release() => Volatile.Write(ref _count, 0);

    /// <summary>Removes a reader.</summary>
    public void Leave() => Interlocked.Decrement(ref _count);

    /// <summary>Takes an object until the result is disposed of; does nothing for null.</summary>
    /// <param name="use">The object's use.</param>
    /// <param name="subject">The object's name in messages, with its article, as in "The tape".</param>
    /// <param name="remedy">A sentence of advice.</param>
    /// <exception cref="InvalidOperationException">The object is in use.</exception>
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
        /// <summary>Releases the object, whether it was shared meanwhile or not.</summary>
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
