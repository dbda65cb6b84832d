namespace Lstm.Formats.Tensors;

/// <summary>The values that tensors of a PyTorch file are views of, as the pickle describes them.</summary>
/// <param name="Type">The type by its name in the safetensors format; U8 for an untyped storage.</param>
/// <param name="Key">The name of the storage in the file.</param>
/// <param name="First">Its first value: views of storages are in files of old versions.</param>
/// <param name="Count">The number of values.</param>
internal sealed record TorchStorage(string Type, string Key, long First, long Count);
