namespace Lstm.Keras.Files;

/// <summary>The types of values that datasets and attributes of Keras have.</summary>
internal enum HdfType
{
    /// <summary>None of the others, e.g. integers.</summary>
    Other,

    /// <summary>float16 of IEEE 754.</summary>
    Half,

    /// <summary>float32.</summary>
    Single,

    /// <summary>float64.</summary>
    Double,
}
