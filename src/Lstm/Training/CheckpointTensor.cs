using System.Numerics;
using Lstm.Formats;

namespace Lstm.Training;

/// <summary>One tensor of a checkpoint: what it is called, where it comes from, and where it goes.</summary>
internal abstract record CheckpointTensor(string Name, IReadOnlyList<int> Shape)
{
    /// <summary>Adds it to a file.</summary>
    public abstract void Add(SafetensorsWriter writer);

    /// <summary>Reads it, and returns what puts it into its place.</summary>
    /// <exception cref="InvalidDataException">The file has no such tensor, or one of another shape or type, or values that cannot be.</exception>
    public abstract Action Read(SafetensorsReader file);
}

/// <inheritdoc/>
/// <param name="Name">What it is called in the file.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Get">Copies the values out.</param>
/// <param name="Set">Copies them in.</param>
/// <param name="IsValid">Says whether a value can be; null for any.</param>
internal sealed record CheckpointTensor<TValue>(
    string Name, IReadOnlyList<int> Shape, Func<TValue[]> Get, Action<TValue[]> Set, Predicate<TValue>? IsValid = null)
    : CheckpointTensor(Name, Shape)
    where TValue : unmanaged, INumberBase<TValue>
{
    public override void Add(SafetensorsWriter writer) => writer.Add<TValue>(Name, Shape, () => Get());

    public override Action Read(SafetensorsReader file)
    {
        string type = SafetensorsTensor.TypeOf<TValue>();
        SafetensorsTensor tensor = file.Find(Name)
            ?? throw new InvalidDataException($"The checkpoint has no tensor '{Name}'; this training has one, {type} [{string.Join(", ", Shape)}].");
        if (tensor.Type != type || !tensor.Shape.SequenceEqual(Shape.Select(size => (long)size)))
        {
            throw new InvalidDataException($"The checkpoint has a tensor {tensor}; in this training it is {type} [{string.Join(", ", Shape)}].");
        }

        TValue[] values = new TValue[tensor.Count];
        file.Read<TValue>(tensor, values);
        return IsValid is null || Array.TrueForAll(values, IsValid)
            ? () => Set(values)
            : throw new InvalidDataException($"The checkpoint's tensor {tensor} holds a value that is out of range.");
    }
}
