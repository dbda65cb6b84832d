namespace Lstm.Runtime;

/// <summary>Which jobs a team divides.</summary>
internal enum Sharing
{
    /// <summary>
    /// Jobs that are large enough, among at most one worker per processor, and not while other threads keep the workers from
    /// running.
    /// </summary>
    Measured,

    /// <summary>All jobs that are large enough, whatever the processors do.</summary>
    Worthwhile,

    /// <summary>All jobs that can be divided.</summary>
    Always,
}
