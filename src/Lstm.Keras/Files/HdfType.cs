namespace Lstm.Keras.Files;

/// <summary>What the values of a dataset are, as far as Keras's weights need it.</summary>
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
