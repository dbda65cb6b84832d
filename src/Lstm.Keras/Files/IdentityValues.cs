using System.Numerics;

namespace Lstm.Keras.Files;

/// <summary>A square matrix of ones on the diagonal and zeros elsewhere, for values that only change their places.</summary>
internal sealed class IdentityValues : IWeightValues
{
    public T[] Read<T>(WeightTensor tensor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int size = tensor.Shape[0];
        T[] values = new T[checked(size * size)];
        for (int i = 0; i < size; i++)
        {
            values[(i * size) + i] = T.One;
        }

        return values;
    }
}
