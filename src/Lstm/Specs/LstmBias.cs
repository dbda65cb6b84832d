namespace Lstm;

/// <summary>How many bias vectors an LSTM layer has.</summary>
public enum LstmBias
{
    /// <summary>No bias.</summary>
    None,

    /// <summary>One: <c>bias_ih</c>.</summary>
    One,

    /// <summary>
    /// Two that are summed, <c>bias_ih</c> and <c>bias_hh</c>, as in PyTorch: both get the same gradient, so plain
    /// gradient descent moves their sum twice as fast.
    /// </summary>
    Two,
}
