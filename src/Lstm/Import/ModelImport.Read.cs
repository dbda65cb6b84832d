using System.Numerics;
using Lstm.Parameters;
using Lstm.Simd;

namespace Lstm.Formats;

/// <summary>Reads models of other programs.</summary>
public static class ModelImport
{
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
        Network<T> network = new(draft.InputSize, [.. draft.Specs], SimdDispatch.Best);
        report = report with { Ignored = [.. report.Ignored, .. network.OptionsWithoutEffect] };
        foreach (Parameter parameter in network.Parameters)
        {
            network.WriteParameter(parameter.Name, draft.ValuesOf(parameter));
        }

        foreach ((string key, string value) in draft.Metadata)
        {
            network.Metadata[key] = value;
        }

        return new ModelImport<T>(network, report);
    }
}
