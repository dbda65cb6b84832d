namespace Lstm;

/// <summary>Which way an LSTM layer reads its sequences.</summary>
public enum LstmDirection
{
    /// <summary>From the first step to the last.</summary>
    Forward,

    /// <summary>From each sequence's own last step to its first; the output stays in the order of the steps.</summary>
    Reverse,

    /// <summary>Both; <see cref="LstmSpec.Merge"/> says how their outputs become one.</summary>
    Bidirectional,
}
