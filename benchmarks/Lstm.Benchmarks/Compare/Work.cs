namespace Lstm.Benchmarks.Compare;

/// <summary>What one row times.</summary>
internal abstract class Work : IDisposable
{
    /// <summary>Operations of one iteration.</summary>
    public abstract double Flops { get; }

    /// <summary>Threads it really uses.</summary>
    public abstract int Threads { get; }

    /// <summary>Bytes of weights that one iteration has to read, where that is its limit.</summary>
    public virtual long? WeightBytes => null;

    /// <summary>Compares one iteration's results with the oracle's.</summary>
    /// <exception cref="InvalidOperationException">They differ.</exception>
    public abstract void Check();

    public abstract void Run(int iterations);

    public abstract void Dispose();
}
