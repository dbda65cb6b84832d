namespace Lstm.Specs;

/// <summary>How the outputs of the two directions of a bidirectional LSTM layer are combined.</summary>
public enum LstmMerge
{
    /// <summary>Concatenated: 2H values, those of the forward direction first.</summary>
    Concatenate,

    /// <summary>The sum of the outputs, H values.</summary>
    Sum,

    /// <summary>The mean of the outputs, H values.</summary>
    Mean,

    /// <summary>The product of the outputs, value by value, H values.</summary>
    Product,
}
