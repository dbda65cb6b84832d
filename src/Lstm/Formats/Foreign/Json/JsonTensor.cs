namespace Lstm.Formats.Foreign.Json;

/// <summary>A tensor of a JSON file, or a part of one: numbers in nested arrays of equal lengths.</summary>
/// <param name="Name">Its name in the report.</param>
/// <param name="Path">Its JSON path, for messages.</param>
/// <param name="Shape">The lengths of the arrays, from the outermost to the innermost.</param>
/// <param name="Values">The numbers, row by row.</param>
internal sealed record JsonTensor<T>(string Name, string Path, int[] Shape, T[] Values)
{
    /// <summary>The path and the shape, as messages name it.</summary>
    public override string ToString() => $"{Path} is {JsonPath.Shape(Shape)}";
}
