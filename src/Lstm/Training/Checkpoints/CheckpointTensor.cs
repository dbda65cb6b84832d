using System.Numerics;
using Lstm.Formats.Safetensors;

namespace Lstm.Training.Checkpoints;

/// <summary>One tensor of a checkpoint: what it is called, where it comes from, and where it goes.</summary>
internal abstract record CheckpointTensor(string Name, IReadOnlyList<int> Shape)
{
    /// <summary>Adds it to a file.</summary>
    public abstract void Add(SafetensorsWriter writer);

    /// <summary>Finds it in a file; nothing is read yet.</summary>
    /// <exception cref="InvalidDataException">The file has no such tensor, or one of another shape or type.</exception>
    public abstract SafetensorsTensor Find(SafetensorsReader file);

    /// <summary>Reads it, and returns what puts it into its place.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="Find"/>, or it has values that cannot be.</exception>
    public abstract Action Read(SafetensorsReader file);

    /// <summary>The tensor of a name, type and shape.</summary>
    /// <exception cref="InvalidDataException">The file has none, or one of another shape or type.</exception>
    public static SafetensorsTensor Require(SafetensorsReader file, string name, string type, IReadOnlyList<int> shape)
    {
        SafetensorsTensor tensor = file.Find(name)
            ?? throw new InvalidDataException(
            $"The checkpoint has no tensor '{name}'; this training run needs {type} [{string.Join(", ", shape)}].");
        return tensor.Type == type && tensor.Shape.SequenceEqual(shape.Select(size => (long)size))
            ? tensor
            : throw new InvalidDataException(
                $"The checkpoint has a tensor {tensor}; this training run needs {type} [{string.Join(", ", shape)}].");
    }
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

    public override SafetensorsTensor Find(SafetensorsReader file)
        => Require(file, Name, SafetensorsTensor.TypeOf<TValue>(), Shape);

    public override Action Read(SafetensorsReader file)
    {
        SafetensorsTensor tensor = Find(file);
        TValue[] values = new TValue[tensor.Count];
        file.Read<TValue>(tensor, values);
        return IsValid is null || Array.TrueForAll(values, IsValid)
            ? () => Set(values)
            : throw new InvalidDataException($"The checkpoint's tensor {tensor} holds a value that is out of range.");
    }
}
