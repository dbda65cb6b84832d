namespace Lstm.Cells;

/// <summary>The four gates of an LSTM cell, in the order of the parameters' rows.</summary>
[Flags]
public enum LstmGates
{
    /// <summary>None of the gates.</summary>
    None = 0,

    /// <summary>The input gate i.</summary>
    Input = 1,

    /// <summary>The forget gate f.</summary>
    Forget = 2,

    /// <summary>The candidate g.</summary>
    Candidate = 4,

    /// <summary>The output gate o.</summary>
    Output = 8,

    /// <summary>All four gates.</summary>
    All = Input | Forget | Candidate | Output,
}
