using System.Numerics;
using Lstm.Formats.Safetensors;

namespace Lstm.Formats;

/// <summary>
/// A model file whose description has been read and fits its tensors: <see cref="ModelFile.Copy"/> reads the rest.
/// </summary>
/// <param name="File">The file.</param>
/// <param name="InputSize">The network's input size.</param>
/// <param name="Specs">The network's layers.</param>
internal sealed record OpenModel<T>(SafetensorsReader File, int InputSize, LayerSpec[] Specs)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;
