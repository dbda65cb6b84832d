namespace Lstm.Benchmarks.Stress;

/// <summary>What is promised of an action that other threads disturb.</summary>
internal enum Promise
{
    /// <summary>It uses only objects of its own, and what may be shared: it succeeds with the right bits.</summary>
    Succeeds,

    /// <summary>It uses objects that others use: it succeeds with the right bits, or is refused and changes nothing.</summary>
    SucceedsOrIsRefused,

    /// <summary>It changes values under a running pass, so that no bits are right: it succeeds or is refused.</summary>
    Survives,

    /// <summary>It reads a file that is damaged: it says so, or what it reads is what was written.</summary>
    ReadsOrIsRefused,
}

/// <summary>One kind of thing that a thread does over and over again.</summary>
/// <param name="Name">Its name in the report.</param>
/// <param name="Promise">What may come of it.</param>
/// <param name="Run">
/// Does it once; throws <see cref="WrongResultException"/> when the result is wrong. False when no result could be compared.
/// </param>
internal sealed record StressAction(string Name, Promise Promise, Func<StressThread, bool> Run);

/// <summary>A call succeeded with other bits than the right ones.</summary>
internal sealed class WrongResultException(string message) : Exception(message);
