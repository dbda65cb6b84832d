using System.Numerics;

namespace Lstm.Keras.Files;

/// <summary>Values of a dataset.</summary>
internal sealed class HdfValues(HdfFile file, HdfNode node) : IWeightValues
{
    public T[] Read<T>(WeightTensor tensor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => file.Read<T>(node);
}
