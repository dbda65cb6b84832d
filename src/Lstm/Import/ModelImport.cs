using System.Numerics;

namespace Lstm.Formats;

/// <summary>A network that was read from a file of another program, and what was done.</summary>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public class ModelImport<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Makes an import, for readers of formats that the library does not know.</summary>
    /// <param name="network">The network, with all parameters written.</param>
    /// <param name="report">What was done.</param>
    public ModelImport(Network<T> network, ImportReport report)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(report);
        Network = network;
        Report = report;
    }

    /// <summary>
    /// The network. What else the file has, such as a sample rate, is in its <see cref="Network{T}.Metadata"/>.
    /// </summary>
    public Network<T> Network { get; }

    /// <summary>What was done with each tensor and layer of the file.</summary>
    public ImportReport Report { get; }

    /// <summary>The report, then the network's layers.</summary>
    public override string ToString() => $"{Report}{Network}";
}
