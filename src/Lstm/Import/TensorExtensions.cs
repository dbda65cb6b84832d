using System.Numerics;
using Lstm.Parameters;

namespace Lstm.Formats;

/// <summary>Writes the parameters of networks for other programs.</summary>
public static class TensorExtensions
{
    /// <summary>
    /// Writes the parameters as a NumPy archive, under their names and in PyTorch's layout. <c>numpy.load</c> reads it, and
    /// <see cref="Network{T}.LoadStateDict(string, StateDictOptions?)"/>. The layers' options are not in it:
    /// <see cref="Network{T}.Save(string)"/> writes those too.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="network">The network.</param>
    /// <param name="path">The file; an existing one is replaced once the new one is on disk.</param>
    public static void SaveNpz<T>(this Network<T> network, string path)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => WriterOf(network).SaveNpz(path);

    /// <inheritdoc cref="SaveNpz{T}(Network{T}, string)"/>
    /// <param name="network">The network.</param>
    /// <param name="stream">Where to; stays open.</param>
    public static void SaveNpz<T>(this Network<T> network, Stream stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => WriterOf(network).SaveNpz(stream);

    private static TensorFileWriter WriterOf<T>(Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(network);
        TensorFileWriter writer = new();
        foreach (Parameter parameter in network.Parameters)
        {
            T[] values = new T[parameter.Count];
            network.ReadParameter(parameter.Name, values);
            writer.Add<T>(parameter.Name, [.. parameter.Shape], values);
        }

        return writer;
    }
}
