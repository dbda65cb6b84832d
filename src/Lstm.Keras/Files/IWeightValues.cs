using System.Numerics;

namespace Lstm.Keras.Files;

/// <summary>Where the values of tensors are read from.</summary>
internal interface IWeightValues
{
    /// <exception cref="InvalidDataException">The values cannot be read.</exception>
    T[] Read<T>(WeightTensor tensor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}
