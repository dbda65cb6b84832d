namespace Lstm.Diagnostics;

/// <summary>How multiply-adds round: the two classes of processes, each of which gives equal bits within itself.</summary>
public enum LstmArithmetic
{
    /// <summary>a·b + c is rounded once, by fused multiply-add instructions.</summary>
    Fused,

    /// <summary>a·b is rounded, and then the sum.</summary>
    Separate,
}
