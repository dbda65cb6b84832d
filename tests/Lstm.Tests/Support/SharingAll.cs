using System.Numerics;
using Lstm.Runtime;

namespace Lstm.Tests.Support;

/// <summary>
/// Teams that divide every job among all their workers: the networks of tests are mostly too small to be worth a second one.
/// </summary>
internal static class SharingAll
{
    public static WorkerTeam Team(int size) => new(size) { Sharing = Sharing.Always };

    public static Tape<T> SharesAll<T>(this Tape<T> tape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        tape.Pass.Team.Sharing = Sharing.Always;
        return tape;
    }

    public static Workspace<T> SharesAll<T>(this Workspace<T> workspace)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        workspace.Pass.Team.Sharing = Sharing.Always;
        return workspace;
    }

    public static NetworkStream<T> SharesAll<T>(this NetworkStream<T> stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        stream.Team.Sharing = Sharing.Always;
        return stream;
    }
}
