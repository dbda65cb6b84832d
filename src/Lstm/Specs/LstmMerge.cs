namespace Lstm.Specs;

/// <summary>How the outputs of a bidirectional layer's directions become one.</summary>
public enum LstmMerge
{
    /// <summary>Side by side: forward's H values, then reverse's.</summary>
    Concatenate,

    /// <summary>Their sum, of H values.</summary>
    Sum,

    /// <summary>Their mean, of H values.</summary>
    Mean,

    /// <summary>Their product, element by element, of H values.</summary>
    Product,
}
