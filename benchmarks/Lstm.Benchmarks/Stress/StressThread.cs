namespace Lstm.Benchmarks.Stress;

/// <summary>What one thread has to itself, and what it shares.</summary>
internal sealed class StressThread : IDisposable
{
    public StressThread(Shared shared, int index, int seed)
    {
        (Shared, Index, Random) = (shared, index, new Random(HashCode.Combine(seed, index)));
        Workspace = Known.Network.CreateWorkspace();
        Tape = Known.Network.CreateTape();
        Gradient = Known.Network.CreateGradient();
        Stream = Known.Network.OpenStream();
    }

    public Shared Shared { get; }

    public Known Known => Shared.Known;

    /// <summary>0, 1, … among the threads; also its session in the shared stream.</summary>
    public int Index { get; }

    public Random Random { get; }

    public Workspace<float> Workspace { get; }

    public Tape<float> Tape { get; }

    public Gradient<float> Gradient { get; }

    public NetworkStream<float> Stream { get; }

    /// <summary>The next step of this thread's session in the shared stream.</summary>
    public int SharedStep { get; set; }

    /// <summary>The next step of its own stream.</summary>
    public int OwnStep { get; set; }

    public void Dispose()
    {
        Workspace.Dispose();
        Tape.Dispose();
        Stream.Dispose();
    }
}
