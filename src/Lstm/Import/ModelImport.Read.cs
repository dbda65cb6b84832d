using System.Numerics;
using Lstm.Formats.Safetensors;

namespace Lstm.Formats;

/// <summary>Reads models of other programs.</summary>
public static class ModelImport
{
    /// <summary>
    /// Reads a model of another program. The format is recognised by the first bytes: safetensors and PyTorch's <c>.pt</c> and
    /// <c>.pth</c> with a state_dict, NumPy's <c>.npz</c>, JSON of the formats that the documentation lists, and models of this
    /// library.
    /// </summary>
    /// <remarks>
    /// A state_dict has names and shapes only. The layers are inferred from them where there is one way alone; else
    /// <see cref="ImportOptions.Parts"/> and <see cref="ImportOptions.Layers"/> say more. What a file does not say, such as
    /// activations between modules, is in <see cref="ImportReport.Left"/>.
    /// </remarks>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="options">How it is read; null for the defaults.</param>
    /// <exception cref="InvalidDataException">
    /// The file is broken or refused, is read by another package (the message names it and its call), or has modules or tensors
    /// that do not fit: the message lists all of them with both shapes.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// <see cref="ImportOptions.Parts"/> or <see cref="ImportOptions.Layers"/> is given for a model of this library.
    /// </exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither float nor double.</exception>
    public static ModelImport<T> Load<T>(string path, ImportOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ForeignModel.ThrowIfFolder(path);
        using FileStream stream = File.OpenRead(path);
        return Load<T>(stream, options);
    }

    /// <inheritdoc cref="Load{T}(string, ImportOptions?)"/>
    /// <param name="stream">
    /// The file, from the stream's position to its end. The stream stays open; one that cannot seek is read into memory.
    /// </param>
    /// <param name="options">How it is read; null for the defaults.</param>
    public static ModelImport<T> Load<T>(Stream stream, ImportOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(stream);
        options ??= new();
        stream = stream.CanSeek ? stream : SafetensorsReader.InMemory(stream);
        FileStart start = FileStart.Of(stream);
        if (start.IsSafetensors && new SafetensorsReader(stream) is var file && ModelFile.IsOurs(file))
        {
            if (options.Parts.Count > 0 || options.Layers.Count > 0)
            {
                throw new ArgumentException(
                    "The file is a model of this library, which says its layers and is read whole: leave ImportOptions.Parts " +
                    "and Layers empty. LoadStateDict reads its tensors into another network.", nameof(options));
            }

            return OfOurs(Network.FromModel<T>(file, new LoadOptions { AllowPrecisionChange = options.AllowPrecisionChange }));
        }

        stream.Position = start.Position;
        return Complete(ForeignModel.Read<T>(stream, start, options, out string format), format);
    }

    /// <summary>Makes the network of a draft, for readers of formats that the library does not know.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="draft">The draft, with values for all parameters.</param>
    /// <param name="format">The format of the file, as the report names it.</param>
    /// <exception cref="InvalidDataException">
    /// Tensors were missing, superfluous or of a wrong shape: the message lists all of them with both shapes.
    /// </exception>
    public static ModelImport<T> Complete<T>(NetworkDraft<T> draft, string format)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(format);
        ImportReport report = draft.Complete(format);
        Network<T> network = Network.FromDraft(draft);
        report = report with { Ignored = [.. report.Ignored, .. network.OptionsWithoutEffect] };
        return new ModelImport<T>(network, report);
    }

    private static ModelImport<T> OfOurs<T>(Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => new(network, new ImportReport
        {
            Format = "Lstm model (safetensors)",
            Layers = [.. network.Specs.Select(spec => spec.ToString())],
            Mappings =
            [
                .. network.Parameters.Select(
                    parameter => new ImportMapping(parameter.Name, parameter.Shape, parameter.Name, "as stored")),
            ],
        });
}
