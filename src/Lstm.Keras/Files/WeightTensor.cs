using System.Numerics;

namespace Lstm.Keras.Files;

/// <summary>A tensor of a layer, in the order in which Keras lists the layer's weights.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Type">What its values are in the file.</param>
/// <param name="Source">Reads the values.</param>
internal sealed record WeightTensor(string Name, int[] Shape, HdfType Type, IWeightValues Source)
{
    /// <summary>The values, row by row.</summary>
    public T[] Read<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Source.Read<T>(this);

    public override string ToString() => $"'{Shorten.Text(Name)}' {Shorten.Shape(Shape)}";
}
