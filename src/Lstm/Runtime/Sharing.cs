namespace Lstm.Runtime;

/// <summary>Which jobs a team divides.</summary>
internal enum Sharing
{
    /// <summary>Those that are worth it, among no more workers than there are processors, and not while the workers are kept from running.</summary>
    Measured,

    /// <summary>All that are worth it, whatever the processors do.</summary>
    Worthwhile,

    /// <summary>All that can be divided.</summary>
    Always,
}
