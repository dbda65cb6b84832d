namespace Lstm;

/// <summary>The number of bias vectors of each direction of an LSTM layer.</summary>
public enum LstmBias
{
    /// <summary>No bias vector.</summary>
    None,

    /// <summary>One bias vector, <c>bias_ih</c>.</summary>
    One,

    /// <summary>
    /// Two bias vectors whose sum is used, <c>bias_ih</c> and <c>bias_hh</c>, as in PyTorch. Both get the same gradient, so plain
    /// gradient descent moves their sum twice as fast.
    /// </summary>
    Two,
}
