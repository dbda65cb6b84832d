namespace Lstm.Benchmarks.Compare;

/// <summary>Something that can be run so many times and says how long that took.</summary>
internal interface ITimed
{
    /// <summary>
    /// Seconds of <paramref name="iterations"/>; a few untimed ones before them bring the data back into the caches.
    /// </summary>
    double Seconds(int iterations);
}
