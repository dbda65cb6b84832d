namespace Lstm.Keras.Models;

/// <summary>An output of a layer.</summary>
/// <param name="Layer">The layer's name.</param>
/// <param name="Index">Which of its outputs.</param>
internal readonly record struct KerasTensor(string Layer, int Index);
