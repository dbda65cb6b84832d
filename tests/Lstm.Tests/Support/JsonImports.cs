using System.Numerics;
using System.Text.Json;
using Lstm.Formats;
using Lstm.Formats.Foreign.Json;

namespace Lstm.Tests.Support;

/// <summary>Models in JSON, read as the front door reads them.</summary>
internal static class JsonImports
{
    /// <summary>The folder of small models of each format, with what they compute.</summary>
    public static string Folder { get; } = Path.Combine(Shared.Fixtures, "json_models");

    public static ModelImport<T> Load<T>(string path, ImportOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => Load<T>(File.ReadAllBytes(path), options);

    public static ModelImport<T> Load<T>(byte[] utf8, ImportOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using JsonDocument document = JsonModels.Parse(new MemoryStream(utf8));
        NetworkDraft<T>? draft = JsonModels.Read<T>(document.RootElement, options ?? new(), out string format);
        return draft is null ? throw new InvalidDataException("The file is of no format.") : ModelImport.Complete(draft, format);
    }

    /// <summary>The output of a step after the other, session 0.</summary>
    public static T[] Steps<T>(Network<T> network, T[] input)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using NetworkStream<T> stream = network.OpenStream();
        int inputs = network.InputSize, outputs = network.OutputSize, steps = input.Length / inputs;
        T[] output = new T[steps * outputs];
        for (int step = 0; step < steps; step++)
        {
            stream.Step(input.AsSpan(step * inputs, inputs), output.AsSpan(step * outputs, outputs));
        }

        return output;
    }
}
