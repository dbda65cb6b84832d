namespace Lstm.Diagnostics;

/// <summary>The rounding of multiply-adds in a process. Processes with the same value compute the same bits.</summary>
public enum LstmArithmetic
{
    /// <summary>a·b + c is rounded once, by a fused multiply-add instruction.</summary>
    Fused,

    /// <summary>a·b is rounded first, then the sum.</summary>
    Separate,
}
