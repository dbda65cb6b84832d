namespace Lstm;

/// <summary>The direction in which an LSTM layer reads sequences.</summary>
public enum LstmDirection
{
    /// <summary>From the first step of each sequence to its last.</summary>
    Forward,

    /// <summary>From the last step of each sequence to its first. The output rows stay in the order of the steps.</summary>
    Reverse,

    /// <summary>Both directions. <see cref="LstmSpec.Merge"/> selects how the two outputs are combined.</summary>
    Bidirectional,
}
